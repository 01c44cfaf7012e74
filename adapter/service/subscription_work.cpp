#include "service/subscription_work.h"

#include "service/json_text.h"

#include <algorithm>

namespace bhi::service {

namespace {

using namespace std::chrono_literals;

constexpr auto kBusyPause = 250ms;  // something is to be recovered, made or fetched
constexpr auto kIdlePause = 5s;     // silence is noticed as late as this
constexpr auto kNoCapabilities = 5s;

std::int64_t missing(const flow::NumberState& numbers) {
  constexpr std::int64_t kMany = 1'000'000'000;  // more than this is a mistake of somebody's, not a loss
  std::int64_t count = 0;
  for (const auto& gap : numbers.gaps) count = std::min(kMany, count + std::min(kMany, gap.last - gap.first + 1));
  return count;
}

}  // namespace

SubscriptionWork::SubscriptionWork(const Parts& parts, const std::vector<Subscribed*>& subscriptions)
    : common_(parts.common), link_(parts.link) {
  const auto& source = parts.link.settings();
  for (auto* book : subscriptions) {
    const RecoveryParts recovery{parts.common, source, parts.hurry, parts.wake_poller, parts.wake_lanes};
    all_.push_back(
        std::unique_ptr<One>(new One{*book, SubscriptionUpkeep(parts.common, source, *book, parts.instance_id),
                                     SubscriptionRecovery(recovery, *book)}));
  }
}

void SubscriptionWork::run(std::stop_token stop) {
  const auto ehr = stoppable(
      link_.ehr(), [&] { return stop.stop_requested() || !flow::holds(common_.leases, source_job(source())); });
  while (!stop.stop_requested()) {
    const auto capabilities = link_.capabilities(common_.now());
    if (!capabilities.ok()) {  // the poller says so in the log
      bell_.wait(stop, kNoCapabilities);
      continue;
    }
    bool busy = false;
    {
      const flow::Underway ours(common_.leases, source_job(source()));
      look_around(static_cast<bool>(ours));
      for (auto& one : all_) {
        if (ours && !stop.stop_requested()) busy = see_to(*one, *ehr, **capabilities) || busy;
      }
    }
    bell_.wait(stop, busy ? std::chrono::milliseconds(kBusyPause) : std::chrono::milliseconds(kIdlePause));
  }
}

// What the other replicas were told.
void SubscriptionWork::look_around(bool ours) {
  if (common_.leases == nullptr) return;
  const auto now = std::chrono::steady_clock::now();
  if (ours == was_ours_ && now < looked_ + kIdlePause) return;
  looked_ = now;
  for (auto& one : all_) {
    auto done = ours && was_ours_ ? Result<void>() : one->book.watch(common_.store);
    if (done.ok() && ours) done = one->book.attend(common_.store);
    if (!done.ok()) looked_ = {};  // again, soon
  }
  was_ours_ = ours;
}

// True: there is something to be done soon.
bool SubscriptionWork::see_to(One& one, flow::Ehr& ehr, const flow::Capabilities& capabilities) {
  const auto now = common_.now();
  one.recovery.look_after(ehr, capabilities, now);
  if (one.recovery.take_doubt()) one.upkeep.look_soon();
  const bool was_broken = one.upkeep.is_broken();
  one.upkeep.look_after(ehr, capabilities, now, one.recovery.is_settled());
  if (!was_broken && one.upkeep.is_broken()) one.recovery.want(flow::Recovery::Poll, now);
  // What changed before it worked nobody told.
  if (one.upkeep.take_started()) one.recovery.want(flow::Recovery::Poll, now);
  const auto look = one.book.look(0);
  return !one.upkeep.is_quiet() || !one.recovery.is_settled() || look.hint || look.fetch_total > 0;
}

void SubscriptionWork::report(Metrics& metrics) const {
  for (const auto& one : all_) {
    const auto look = one->book.look(0);
    const auto& name = one->book.settings().name;
    metrics.set(Metric::SubscriptionActive, one->upkeep.is_active() ? 1 : 0, {name});
    metrics.set(Metric::SubscriptionMissing, static_cast<double>(missing(look.numbers)), {name});
    metrics.set(Metric::SubscriptionToFetch, static_cast<double>(look.fetch_total), {name});
  }
}

std::string SubscriptionWork::status() const {
  std::vector<std::string> rows;
  for (const auto& one : all_) {
    const auto look = one->book.look(0);
    const auto shown = one->upkeep.shown();
    const auto& settings = one->book.settings();
    JsonObject row;
    row.text("name", settings.name)
        .text("kind", settings.kind == SubscriptionKind::R4 ? "r4" : "backport")
        .text("state", shown.state)
        .text_if("reason", shown.reason);
    if (shown.end) row.text("ends", to_text(*shown.end));
    if (look.heard) row.text("heard", to_text(*look.heard));
    if (look.numbers.begun) row.number("newest_event", look.numbers.newest);
    row.number("missing_events", missing(look.numbers))
        .number("records_to_fetch", static_cast<std::int64_t>(look.fetch_total))
        .flag("recovering", look.numbers.wanted != flow::Recovery::None || !look.numbers.gaps.empty());
    rows.push_back(row.str());
  }
  return json_array(rows);
}

}  // namespace bhi::service
