#include "service/on_call_work.h"

#include "base/failpoint.h"
#include "care/safety.h"
#include "flow/binding.h"
#include "flow/ladder.h"
#include "service/log.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::string_view kOnCall = "on-call";
constexpr std::size_t kPage = 500;
constexpr std::size_t kMostItems = 20'000;
constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::seconds kLookForWays{10};
constexpr std::chrono::seconds kRest{30};  // of a contact that failed, while other events wait for it

// The items of a patient, newest first, far enough back to hold one of the event.
Result<std::vector<flow::OutboxItem>> items_of(flow::Store& store, const std::string& patient, std::string_view event) {
  for (std::size_t limit = 200;; limit *= 10) {
    BHI_TRY(auto items, store.outbox(patient, limit));
    const bool there = std::ranges::any_of(items, [event](const auto& one) { return one.care_id == event; });
    if (there || items.size() < limit || limit > kMostItems) return items;
  }
}

}  // namespace

void OnCallWork::wake(std::string_view event) {
  if (!event.empty()) {
    const std::lock_guard lock(mutex_);
    rung_.emplace(event);
  }
  bell_.ring();
}

void OnCallWork::run(std::stop_token stop) {
  StateLine line;
  while (!stop.stop_requested()) {
    Error problem;
    try {
      const auto done = round_if_ours(stop);
      if (done.ok()) {
        line.worked("-", "on call", "");
        bell_.wait(stop, kTick);
        continue;
      }
      problem = done.error();
    } catch (const std::exception&) {  // what it says could hold patient data
      problem = {Kind::Fault, "an exception in the watch over safety events"};
    }
    line.failed("-", "on call", "", problem);
    bell_.wait(stop, kTick);
  }
}

// Another replica that had the watch may have told somebody: all is read anew.
Result<void> OnCallWork::round_if_ours(std::stop_token stop) {
  const flow::Underway ours(parts_.common.leases, kOnCallJob);
  if (!ours) {
    begun_ = false;
    watched_.clear();
    return {};
  }
  BHI_TRY([[maybe_unused]] const auto next, round(stop));
  return {};
}

Result<Instant> OnCallWork::round(std::stop_token stop) {
  if (!begun_) BHI_CHECK(begin());
  BHI_CHECK(follow());
  std::set<std::string> rung;
  {
    const std::lock_guard lock(mutex_);
    rung.swap(rung_);
  }
  auto now = parts_.common.now();
  look_for_ways(now);
  auto next = now + std::chrono::hours(1);
  for (auto& [id, watched] : watched_) {
    if (stop.stop_requested() || !flow::holds(parts_.common.leases, kOnCallJob)) break;
    now = parts_.common.now();  // telling takes its time
    // A clock that was set back: what lies too far ahead is looked at now.
    const bool due = watched.next <= now || watched.next > now + std::chrono::hours(24 * 8) || rung.contains(id);
    if (due || watched.unsaved) BHI_CHECK(look_at(id, watched, now));
    next = std::min(next, watched.next);
  }
  publish();
  return next;
}

// The events of the store are followed from here on; what is open already is found by a look at everything.
Result<void> OnCallWork::begin() {
  auto& store = parts_.common.store;
  BHI_TRY(const auto span, store.event_span());
  after_ = span.last;
  std::string from;
  do {
    BHI_TRY(const auto page, store.list("SafetyEvent", from, kPage));
    for (const auto& stored : page.entities) BHI_CHECK(take(stored.id, &stored));
    from = page.next;
  } while (!from.empty());
  BHI_TRY(const auto told, store.cursors(kOnCall, ""));
  flow::Accepted ended;
  for (const auto& cursor : told) {
    if (!watched_.contains(cursor.name)) ended.more_cursors.push_back({std::string(kOnCall), cursor.name, ""});
  }
  if (!ended.more_cursors.empty()) {
    BHI_TRY([[maybe_unused]] const auto kept, store.accept(ended));
  }
  begun_ = true;
  return {};
}

Result<void> OnCallWork::follow() {
  while (true) {
    BHI_TRY(const auto events, parts_.common.store.events(after_, kPage));
    for (const auto& event : events) {
      if (event.kind == "SafetyEvent") {
        BHI_TRY(const auto stored, parts_.common.store.entity(event.kind, event.id));
        BHI_CHECK(take(event.id, stored ? &*stored : nullptr));
      }
      after_ = event.seq;
    }
    if (events.size() < kPage) return {};
  }
}

Result<void> OnCallWork::take(const std::string& id, const flow::StoredEntity* stored) {
  std::optional<care::SafetyEvent> event;
  if (stored != nullptr) {
    auto entity = flow::entity_from_json(stored->body);
    if (!entity.ok()) {  // it must not hold up the others
      log_event(LogLevel::Error, "on call: a safety event cannot be read",
                JsonObject().text("safety_event", id).text("reason", entity.error().message));
      return {};
    }
    if (auto* safety = std::get_if<care::SafetyEvent>(&*entity)) event = std::move(*safety);
  }
  if (!event || !care::pages(*event)) return forget(id, event ? std::string_view(event->state) : "gone");
  const auto now = parts_.common.now();
  const auto raised = instant_from(event->raised).value_or(now);
  if (const auto found = watched_.find(id); found != watched_.end()) {
    found->second.patient = event->patient;
    found->second.raised = raised;
    found->second.next = now;
    return {};
  }
  Watched watched{event->patient, raised, std::nullopt, now, false};
  BHI_TRY(const auto told, parts_.common.store.cursor(kOnCall, id));
  if (told) watched.told = Told::read(*told);
  watched_.emplace(id, std::move(watched));
  return {};
}

Result<void> OnCallWork::forget(const std::string& id, std::string_view state) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return {};
  if (found->second.told) {
    flow::Accepted ended;
    ended.more_cursors.push_back({std::string(kOnCall), id, ""});
    ended.audit.push_back({std::string(kOnCall), std::string(kOnCall), "SafetyEvent/" + id,
                           "ended: " + std::string(state), parts_.common.now()});
    BHI_TRY([[maybe_unused]] const auto kept, parts_.common.store.accept(ended));
    log_event(LogLevel::Info, "on call: ended", JsonObject().text("safety_event", id).text("state", state));
  }
  watched_.erase(found);
  return {};
}

Result<void> OnCallWork::look_at(const std::string& id, Watched& watched, Instant now) {
  if (watched.unsaved) BHI_CHECK(save(id, watched, "", now));
  Delivery delivery;
  if (!watched.patient.empty()) {
    BHI_TRY(const auto items, items_of(parts_.common.store, watched.patient, id));
    delivery = delivery_of(items, id);
  }
  const auto judged = judge(delivery, watched.raised, watched.told, parts_.settings, now);
  watched.next = judged.next;
  if (!judged.due) return {};
  call(id, watched, *judged.due, delivery, now);
  return {};
}

void OnCallWork::call(const std::string& id, Watched& watched, const DueNotice& due, const Delivery& delivery,
                      Instant now) {
  const auto& settings = parts_.settings;
  const auto text = notice(parts_.instance, id, due, delivery, watched.raised, settings.link_base);
  std::string story = std::string(name(due.reason)) + ", attempt " + std::to_string(due.attempt) + ":";
  bool somebody = reached(settings.first, "first", first_rests_, text, now, story);
  const bool backup = (due.backup || !somebody) && settings.backup.configured();
  if (backup && reached(settings.backup, "backup", backup_rests_, text, now, story)) somebody = true;
  const auto tried = parts_.common.now();
  const auto first = watched.told ? watched.told->first : now;
  watched.told = Told{due.attempt, first, tried, !somebody && settings.first.configured()};
  watched.next = judge(delivery, watched.raised, watched.told, settings, tried).next;
  watched.unsaved = true;
  log_event(
      somebody ? LogLevel::Warn : LogLevel::Error,
      somebody ? "on call: somebody was told of a safety event" : "on call: NOBODY could be told of a safety event",
      JsonObject()
          .text("safety_event", id)
          .text("reason", name(due.reason))
          .text("destination", delivery.destination)
          .number("attempt", due.attempt)
          .text("outcome", story));
  if (const auto saved = save(id, watched, story, tried); !saved.ok()) {
    log_event(LogLevel::Warn, "on call: not noted yet", JsonObject().text("reason", saved.error().message));
  }
}

bool OnCallWork::reached(const OnCallContact& contact, const char* who, Instant& rests_until, const std::string& text,
                         Instant now, std::string& story) {
  const auto say = [&](const std::string& what) {
    story += (story.ends_with(':') ? " " : "; ") + (who + (" " + what));
  };
  if (!contact.configured()) {
    parts_.common.metrics.count(Metric::OnCallNotices, 1, {who, "nobody"});
    say("is nobody");
    return false;
  }
  if (now < rests_until && rests_until - now <= kRest) {
    say("failed just now, tried again soon");
    return false;
  }
  failpoint("on-call.before");
  const auto telling = parts_.tell(contact, text);
  failpoint("on-call.told");
  parts_.common.metrics.count(Metric::OnCallNotices, 1, {who, telling.told ? "told" : "failed"});
  rests_until = telling.told ? Instant{} : parts_.common.now() + kRest;
  if (!telling.problems.empty()) {
    log_event(LogLevel::Error, "on call: a notice did not get through",
              JsonObject().text("contact", who).flag("told_otherwise", telling.told).text("reason", telling.problems));
  }
  say(telling.told ? "told" : "failed");
  return telling.told;
}

Result<void> OnCallWork::save(const std::string& id, Watched& watched, const std::string& story, Instant now) {
  flow::Accepted batch;
  batch.cursor = flow::Cursor{std::string(kOnCall), id, watched.told->text()};
  if (!story.empty())
    batch.audit.push_back({std::string(kOnCall), std::string(kOnCall), "SafetyEvent/" + id, story, now});
  BHI_TRY([[maybe_unused]] const auto kept, parts_.common.store.accept(batch));
  watched.unsaved = false;
  return {};
}

// Only what is known of an EHR already: this thread waits for nobody but those it tells.
void OnCallWork::look_for_ways(Instant now) {
  if (now >= ways_looked_ && now < ways_looked_ + kLookForWays) return;
  ways_looked_ = now;
  const bool somebody = parts_.settings.first.configured();
  for (auto& way : ways_) {
    const auto capabilities = way.link->known_capabilities();
    if (!capabilities) continue;
    const auto plan = flow::plan_write("safety", {}, *capabilities, wishes_of(way.link->settings().writing));
    auto missing = plan.chosen ? std::string() : plan.why_not();
    if (way.missing == missing) continue;
    const bool news = !missing.empty() || way.missing;
    way.missing = std::move(missing);
    if (!news) continue;
    const bool open = way.missing->empty();
    log_event(
        open || somebody ? LogLevel::Info : LogLevel::Warn,
        open ? "safety events have a way into the EHR again"
        : somebody
            ? "safety events have no way into the EHR: the person on call is told of each"
            : "safety events have no way into the EHR, and NOBODY is on call: give on_call.webhook_url or command",
        JsonObject().text("destination", way.link->settings().name).text_if("reason", *way.missing));
  }
}

void OnCallWork::publish() {
  std::vector<std::string> remarks;
  const bool somebody = parts_.settings.first.configured();
  for (const auto& way : ways_) {
    if (!way.missing || way.missing->empty()) continue;
    remarks.push_back("safety events have no way into " + way.link->settings().name +
                      (somebody ? "; the person on call is told of each" : ", and nobody is on call"));
  }
  if (!somebody) remarks.push_back("nobody is on call (on_call.webhook_url, on_call.command)");
  const auto called = std::ranges::count_if(watched_, [](const auto& one) { return one.second.told.has_value(); });
  const auto unheard =
      std::ranges::count_if(watched_, [](const auto& one) { return one.second.told && one.second.told->failed; });
  if (unheard > 0) remarks.push_back(std::to_string(unheard) + " safety events of which nobody could be told");
  parts_.common.metrics.set(Metric::OnCallEvents, static_cast<double>(called));
  const std::lock_guard lock(mutex_);
  remarks_ = std::move(remarks);
}

std::vector<std::string> OnCallWork::remarks() const {
  const std::lock_guard lock(mutex_);
  return remarks_;
}

}  // namespace bhi::service
