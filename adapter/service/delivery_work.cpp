#include "service/delivery_work.h"

#include "flow/deliver.h"
#include "flow/fate.h"
#include "flow/held_back.h"
#include "service/log.h"
#include "service/outbox_folder.h"

#include <algorithm>
#include <exception>

namespace bhi::service {

namespace {

constexpr std::size_t kLooked = 1000;
constexpr std::size_t kAhead = 16;  // handed out before they are sent; few, so that an urgent one is soon in front
constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::hours kRecheck{1};

std::string key_of(const flow::OutboxItem& item) {
  return item.urgent ? "urgent|" + std::to_string(item.seq) : "lane|" + item.patient;
}

}  // namespace

flow::Terms terms_of(const SourceSettings& source) {
  flow::Terms terms;
  terms.writing = wishes_of(source.writing);
  terms.privacy = source.privacy;
  if (!source.writing.outbox_folder.empty()) {
    terms.file = [writing = source.writing](const flow::OutboxFile& file) { return write_outbox_file(writing, file); };
  }
  return terms;
}

void DeliveryWork::dispatch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    recheck();
    look();
    bell_.wait(stop, kTick);
  }
}

// What waits for a consent is judged anew at start and every hour: the configuration has changed, or a consent has
// begun.
void DeliveryWork::recheck() {
  const auto now = Delays::Clock::now();
  if (now < next_recheck_) return;
  next_recheck_ = now + kRecheck;
  const auto& destination = link_.settings();
  const auto released =
      flow::recheck_held(*common_.engine.get(), common_.store, destination.name, destination.privacy, common_.now());
  if (!released.ok()) {
    log_event(LogLevel::Warn, "items held back by consent not looked at",
              JsonObject().text("destination", destination.name).text("reason", released.error().message));
  } else if (*released > 0) {
    log_event(LogLevel::Info, "items held back by consent may go",
              JsonObject().text("destination", destination.name).number("items", static_cast<std::int64_t>(*released)));
  }
}

void DeliveryWork::look() {
  const bool paused = paused_now();
  // Not for each item that is on its way: an EHR changes what it can do a few times a year.
  if (!paused && Delays::Clock::now() >= next_plan_) {
    const auto planned = plans_.look();
    if (planned.ok()) next_plan_ = Delays::Clock::now() + kTick;
    if (!planned.ok()) {
      log_event(LogLevel::Warn, "write plan not kept", JsonObject().text("reason", planned.error().message));
      return;
    }
  }
  const auto busy = board_.busy();  // before the question, see board.h
  const auto now = Delays::Clock::now();
  auto items = common_.store.due(common_.now(), kLooked);
  if (!items.ok()) {
    log_event(LogLevel::Warn, "due deliveries not read", JsonObject().text("reason", items.error().message));
    return;
  }
  std::ranges::stable_sort(*items, [](const auto& a, const auto& b) { return a.urgent && !b.urgent; });
  const bool stopped = watch_.stopped();
  for (auto& item : *items) {
    if ((paused || stopped) && !item.urgent) continue;
    if (board_.waiting() >= kAhead && !item.urgent) break;
    if (item.destination != link_.settings().name) continue;
    const auto key = key_of(item);
    if (!busy.contains(key) && !delays_.resting(key, now)) board_.offer(key, std::move(item));
  }
}

// Quiet hours, a pause the EHR asked for, an open circuit: what is not urgent stays where it is, without an attempt.
bool DeliveryWork::paused_now() const {
  if (link_.traffic() == nullptr) return false;
  const auto now = common_.now();
  const auto until = link_.traffic()->state(now).until;
  return until && *until - now > std::chrono::minutes(1);
}

void DeliveryWork::work(std::stop_token stop) {
  while (auto job = board_.take(stop)) {
    send(job->first, job->second);
    board_.done(job->first);
    bell_.ring();
  }
}

void DeliveryWork::send(const std::string& key, const flow::OutboxItem& item) {
  const auto& destination = link_.settings().name;
  const auto now = common_.now();
  const auto capabilities = link_.capabilities(now);
  if (!capabilities.ok()) {
    line_.failed(destination, "delivery", "", capabilities.error());
    delays_.failed(key, Delays::Clock::now());
    return;
  }
  line_.worked(destination, "delivery", "");
  Error problem;
  // What is urgent waits for no note; without one it is told of all the same, unless we are killed in between.
  if (provenance_ != nullptr) {
    const auto noted = provenance_->expect(item.seq);
    if (!noted.ok()) line_.failed(destination, "provenance", "", noted.error());
  }
  auto& ehr = item.urgent ? link_.ehr().urgent() : link_.ehr();
  try {
    const auto settled = deliver(ehr, *capabilities, item, now);
    if (settled.ok()) {
      delays_.worked(key);
      watch_.heard(*settled);
      common_.metrics.count(Metric::Deliveries, 1, {destination, std::string(flow::name(settled->state))});
      if (provenance_ != nullptr && settled->state == flow::OutboxState::Verified) provenance_->wake();
      const bool wrong = settled->state == flow::OutboxState::Dead || settled->state == flow::OutboxState::Parked;
      if (wrong && item.urgent && stuck_) stuck_(item.care_id);
      log_event(wrong ? LogLevel::Warn : LogLevel::Info, "delivery",
                JsonObject()
                    .text("destination", destination)
                    .number("seq", item.seq)
                    .text("artifact", item.artifact)
                    .text("state", flow::name(settled->state))
                    .number("attempts", settled->attempts)
                    .text_if("reason", settled->reason));
      return;
    }
    problem = settled.error();
  } catch (const std::exception&) {
    problem = {Kind::Fault, "an exception in a delivery"};
  }
  delays_.failed(key, Delays::Clock::now());
  common_.metrics.count(Metric::Deliveries, 1, {destination, "error"});
  log_event(LogLevel::Error, "delivery failed; it is tried again later",
            JsonObject().text("destination", destination).number("seq", item.seq).text("reason", problem.message));
}

Result<flow::OutboxItem> DeliveryWork::deliver(flow::Ehr& ehr, const flow::Capabilities& capabilities,
                                               const flow::OutboxItem& item, Instant now) {
  const auto engine = common_.engine.get();
  if (link_.settings().dry_run) {
    return flow::rehearse(*engine, common_.store, ehr, capabilities, item, now, terms_);
  }
  auto settled = flow::deliver(*engine, common_.store, ehr, capabilities, item, now, terms_);
  // A refusal by policy may mean that it can do less than it said; a plan that changes takes the item up again.
  if (settled.ok() && settled->state == flow::OutboxState::Parked && settled->trouble == flow::kPolicy) {
    link_.doubt_capabilities(now);
  }
  return settled;
}

void DeliveryWork::plan_anew() {
  link_.ask_again();
  wake();
}

Result<flow::Preview> DeliveryWork::preview(const flow::OutboxItem& item) {
  const auto now = common_.now();
  if (paused_now() && !item.urgent) {
    return Error{Kind::Busy, "the EHR is left alone at the moment (quiet hours, or it asked for a pause)"};
  }
  BHI_TRY(const auto capabilities, link_.capabilities(now));
  auto& ehr = item.urgent ? link_.ehr().urgent() : link_.ehr();
  const auto engine = common_.engine.get();
  return flow::preview(*engine, common_.store, ehr, capabilities, item, now, terms_);
}

Result<flow::OutboxItem> DeliveryWork::resolve(const flow::OutboxItem& item, flow::Keep keep, std::string_view by) {
  const auto engine = common_.engine.get();
  auto& ehr = item.urgent ? link_.ehr().urgent() : link_.ehr();
  return flow::resolve_conflict(*engine, common_.store, ehr, item.seq, keep, by, common_.now());
}

Result<std::size_t> tell_of_rehearsed(const Common& common, const Settings& settings) {
  std::size_t waiting = 0;
  std::int64_t before = 0;
  for (bool more = true; more;) {
    BHI_TRY(const auto items, common.store.outbox_in({flow::OutboxState::Parked}, before, kLooked));
    for (const auto& item : items) {
      before = item.seq;
      const auto* source = find_source(settings, item.destination);
      if (item.trouble == flow::kDryRun && source != nullptr && source->write_back && !source->dry_run) ++waiting;
    }
    more = items.size() == kLooked;
  }
  if (waiting > 0) {
    log_event(LogLevel::Warn, "items of a dry run are parked: bhi queue release --all --trouble dry-run sends them",
              JsonObject().number("items", static_cast<std::int64_t>(waiting)));
  }
  return waiting;
}

Result<std::size_t> park_strays(const Common& common) {
  std::size_t parked = 0;
  const auto now = common.now();
  const auto far = now + std::chrono::hours(24 * 365 * 100);  // those that wait for a later try too
  for (bool more = true; more;) {
    more = false;
    BHI_TRY(auto items, common.store.due(far, kLooked));
    for (auto& item : items) {
      if (common.destinations.allows(item.destination)) continue;
      flow::Settled settled;
      settled.audit.push_back({"park", item.destination, item.artifact + "/" + item.care_id, "not a destination", now});
      settled.item = std::move(item);
      settled.item.state = flow::OutboxState::Parked;
      settled.item.reason = "the configuration does not allow writing to this destination";
      BHI_CHECK(common.store.settle(settled));
      ++parked;
      more = true;
    }
  }
  return parked;
}

}  // namespace bhi::service
