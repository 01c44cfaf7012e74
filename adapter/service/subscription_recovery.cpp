#include "service/subscription_recovery.h"

#include "flow/hook.h"
#include "service/log.h"

#include <algorithm>
#include <utility>

namespace bhi::service {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLookedATurn = 200;
constexpr int kFetchedATurn = 20;
constexpr std::size_t kFewRecords = 20;  // more than these are found sooner by one poll of their type
constexpr auto kHurriedAgain = 5s;       // until a poll is complete
constexpr auto kHintsApart = 1s;
constexpr auto kAskedAgain = 30s;  // a record that was not found, an EHR that does not answer

bool has_operation(const flow::Capabilities& capabilities, std::string_view name) {
  const auto* type = capabilities.of("Subscription");
  return type != nullptr && std::ranges::find(type->operations, name) != type->operations.end();
}

}  // namespace

bool CallBudget::take(Instant now) {
  if (last_ && now > *last_)
    left_ = std::min(most(), left_ + a_minute_ * static_cast<double>((now - *last_).count()) / 60'000);
  if (!last_ || now > *last_) last_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

SubscriptionRecovery::SubscriptionRecovery(RecoveryParts parts, Subscribed& book)
    : parts_(std::move(parts)), book_(book), budget_(book.settings().calls_per_minute) {}

void SubscriptionRecovery::renumber(const std::function<flow::NumberState(flow::NumberState)>& change) {
  if (const auto kept = book_.renumber(parts_.common.store, change); !kept.ok()) {
    line_.failed(parts_.source.name, "subscription", book_.settings().name, kept.error());
  }
}

void SubscriptionRecovery::counted(const char* by) {
  parts_.common.metrics.count(Metric::SubscriptionRecoveries, 1, {book_.settings().name, by});
}

void SubscriptionRecovery::want(flow::Recovery recovery, Instant now) {
  renumber([=](const flow::NumberState& state) { return flow::want(state, recovery, now); });
  hurried_ = Instant{};
}

bool SubscriptionRecovery::is_settled() const {
  const auto look = book_.look(0);
  return look.numbers.gaps.empty() && look.numbers.wanted == flow::Recovery::None;
}

void SubscriptionRecovery::hurry(bool whole, Instant now) {
  if (now - hurried_ < kHurriedAgain) return;
  hurried_ = now;
  for (const auto& type : book_.types()) parts_.hurry.want(type, whole);
  parts_.wake_poller();
}

void SubscriptionRecovery::look_after(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now) {
  const auto look = book_.look(kLookedATurn);
  if (look.trouble) doubt_ = true;
  listen(ehr, capabilities, look, now);
  close_gaps(ehr, capabilities, book_.look(0), now);
  poll_for(book_.look(0), now);
  follow_hint(now);
  fetch_named(ehr, look, now);
}

// Is the EHR still there, and has its count begun anew?
void SubscriptionRecovery::listen(flow::Ehr& ehr, const flow::Capabilities& capabilities, const Subscribed::Look& look,
                                  Instant now) {
  const auto& settings = book_.settings();
  if (look.numbers.suspect && now >= not_before_ && budget_.take(now)) {
    if (!ask_status(ehr, capabilities, now)) {
      log_event(LogLevel::Warn, "events of a subscription are counted anew; everything is asked for",
                JsonObject().text("source", parts_.source.name).text("subscription", settings.name));
      renumber([now](const flow::NumberState& state) { return state.suspect ? flow::began_anew(state, now) : state; });
      counted("reset");
      hurried_ = Instant{};
    }
    not_before_ = now + kAskedAgain;
  }
  if (settings.heartbeat_secs == 0) return;
  if (!look.heard) book_.hear(now);  // counted from the start of the daemon
  const auto allowed = std::chrono::seconds(settings.heartbeat_secs + settings.grace_secs);
  if (!look.heard || now - *look.heard < allowed) return;
  log_event(LogLevel::Warn, "subscription is silent",
            JsonObject().text("source", parts_.source.name).text("subscription", settings.name));
  book_.hear(now);
  doubt_ = true;
  counted("silence");
  if (!ask_status(ehr, capabilities, now)) want(flow::Recovery::Poll, now);
}

// True: the EHR told its count, and what follows from it is noted.
bool SubscriptionRecovery::ask_status(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now) {
  const auto id = book_.id();
  if (id.empty() || !has_operation(capabilities, "status")) return false;
  const auto page = ehr.next("Subscription/" + id + "/$status");
  if (!page.ok()) {
    line_.failed(parts_.source.name, "$status", book_.settings().name, page.error());
    return false;
  }
  const auto status = flow::read_status(page->bundle->root(), book_.bases());
  if (!status.ok()) {
    line_.failed(parts_.source.name, "$status", book_.settings().name, status.error());
    return false;
  }
  line_.worked(parts_.source.name, "$status", book_.settings().name);
  if (status->status == "error" || status->status == "off") doubt_ = true;
  if (!status->numbers.count) return false;
  const auto before = book_.look(0).numbers;
  const auto count = *status->numbers.count;
  if (before.begun && count < before.newest) {
    counted("reset");
    hurried_ = Instant{};
    log_event(LogLevel::Warn, "events of a subscription are counted anew; everything is asked for",
              JsonObject().text("source", parts_.source.name).text("subscription", book_.settings().name));
  }
  if (book_.settings().numbering == NumberingWish::Monotonic) {
    renumber([=](const flow::NumberState& state) { return flow::counted(state, count, now); });
  }
  return true;
}

void SubscriptionRecovery::close_gaps(flow::Ehr& ehr, const flow::Capabilities& capabilities,
                                      const Subscribed::Look& look, Instant now) {
  const auto gap = flow::overdue(look.numbers, std::chrono::seconds(book_.settings().grace_secs), now);
  if (!gap || look.numbers.wanted != flow::Recovery::None || now < not_before_) return;
  const auto id = book_.id();
  if (!id.empty() && has_operation(capabilities, "events")) {
    if (!budget_.take(now)) return;
    counted("events");
    const auto page = ehr.next("Subscription/" + id + "/$events?eventsSinceNumber=" + std::to_string(gap->first) +
                               "&eventsUntilNumber=" + std::to_string(gap->last) + "&content=id-only");
    if (page.ok()) {
      auto events = flow::read_status(page->bundle->root(), book_.bases());
      if (events.ok()) {
        events->key.clear();
        events->numbers.count.reset();
        const auto taken = book_.take(parts_.common.store, nullptr, *events, false, now);
        if (taken.ok() && !flow::overdue(book_.look(0).numbers, {}, gap->since)) return;
      }
    }
    line_.failed(
        parts_.source.name, "$events", book_.settings().name,
        page.ok() ? Error{Kind::Incorrect, "the events asked for are not all in it; polled instead"} : page.error());
  }
  counted("poll");
  want(flow::Recovery::Poll, now);
}

// Polls that were asked after something was missed have found it.
void SubscriptionRecovery::poll_for(const Subscribed::Look& look, Instant now) {
  if (look.numbers.wanted == flow::Recovery::None) return;
  const bool whole = look.numbers.wanted == flow::Recovery::Everything;
  std::optional<Instant> until;
  for (const auto& type : book_.types()) {
    const auto known = parts_.hurry.known(type);
    const auto asked = whole ? known.whole : known.until;
    if (!asked) {
      until = Instant{};
      break;
    }
    until = until ? std::min(*until, *asked) : *asked;
  }
  if (until && *until >= look.numbers.wanted_since) {
    renumber([=](const flow::NumberState& state) { return flow::recovered(state, *until, whole); });
    return;
  }
  hurry(whole, now);
}

// "Something changed": one poll however often it is said.
void SubscriptionRecovery::follow_hint(Instant now) {
  if (!book_.look(0).hint || now - hurried_ < kHintsApart || !budget_.take(now)) return;
  book_.take_hint();
  ask_for({book_.types().begin(), book_.types().end()}, now);
}

void SubscriptionRecovery::ask_for(const std::set<std::string>& types, Instant now) {
  hurried_ = now;
  for (const auto& type : types) parts_.hurry.want(type, false);
  parts_.wake_poller();
}

// A window that was asked after we were told holds the record, unless it is gone.
bool SubscriptionRecovery::is_covered_by_polls(const flow::ToFetch& one) const {
  const auto known = parts_.hurry.known(one.record.type);
  return !one.gone && known.by_window && known.until && *known.until > one.told;
}

void SubscriptionRecovery::fetch_named(flow::Ehr& ehr, const Subscribed::Look& look, Instant now) {
  std::erase_if(resting_, [now](const auto& one) { return one.second <= now; });
  const bool many = look.fetch_total > kFewRecords;
  std::size_t stored = 0;
  int fetches = 0;
  std::set<std::string> by_poll;
  flow::Accepted forgotten;
  std::vector<flow::ToFetch> done;
  for (const auto& one : look.fetch) {
    if (resting_.contains(one.cursor)) continue;
    if ((many || failed_.contains(one.cursor)) && is_covered_by_polls(one)) {
      failed_.erase(one.cursor);
      forgotten.more_cursors.push_back({parts_.source.name, one.cursor, ""});
      done.push_back(one);
      continue;
    }
    if (many && !one.gone && parts_.hurry.known(one.record.type).by_window) {
      by_poll.insert(one.record.type);
      continue;
    }
    if (++fetches > kFetchedATurn || !budget_.take(now)) break;
    book_.fetching(one);
    auto fetched = flow::fetch(parts_.common.store, ehr, book_.hook(true), one, now);
    if (!fetched.ok()) {
      line_.failed(parts_.source.name, "fetch", book_.settings().name, fetched.error());
      book_.fetched(one, one);
      resting_[one.cursor] = now + kAskedAgain;
      failed_.insert(one.cursor);
      if (fetched.error().kind != Kind::Incorrect) break;
      continue;
    }
    const auto kept = parts_.common.store.accept(fetched->batch);
    if (!kept.ok()) {
      book_.fetched(one, one);
      break;
    }
    line_.worked(parts_.source.name, "fetch", book_.settings().name);
    stored += kept->stored;
    if (fetched->again) resting_[one.cursor] = now + kAskedAgain;
    book_.fetched(one, fetched->again);
  }
  if (!by_poll.empty() && now - hurried_ >= kHintsApart && budget_.take(now)) ask_for(by_poll, now);
  if (!done.empty() && parts_.common.store.accept(forgotten).ok()) {
    for (const auto& one : done) book_.fetched(one, {});
  }
  if (stored > 0) parts_.wake_lanes();
}

}  // namespace bhi::service
