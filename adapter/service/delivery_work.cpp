#include "service/delivery_work.h"

#include "base/fibers.h"
#include "flow/deliver.h"
#include "flow/fate.h"
#include "flow/held_back.h"
#include "flow/leases.h"
#include "service/log.h"
#include "service/outbox_folder.h"

#include <algorithm>
#include <exception>
#include <optional>

namespace bhi::service {

namespace {

constexpr std::size_t kLooked = 1000;
constexpr std::chrono::milliseconds kGlance{10};  // at the board, while answers are waited for
constexpr std::size_t kUrgentBeside = 16;
constexpr std::size_t kAhead = 16;  // handed out before they are sent; few, so that an urgent one is soon in front
constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::hours kRecheck{1};

std::string key_of(const flow::OutboxItem& item) {
  return item.urgent ? "urgent|" + std::to_string(item.seq) : "lane|" + item.patient;
}

std::string lease_of(const flow::OutboxItem& item) {
  return flow::lease_of_partition(flow::partition_of(flow::outbox_key(item.destination, item.patient)));
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
  const flow::Underway ours(common_.leases, plan_job(link_.settings().name));
  if (!ours) return;
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

// The store failed (a full disk) while an item was on its way: it stands as sent, and nobody would touch it until the
// next start.
void DeliveryWork::take_up_stranded() {
  std::set<std::int64_t> stranded;
  {
    const std::lock_guard lock(mutex_);
    stranded = stranded_;
  }
  for (const auto seq : stranded) {
    auto item = common_.store.outbox_item(seq);
    if (!item.ok()) return;
    if (*item && (*item)->state == flow::OutboxState::Sent) {
      if (board_.busy().contains(key_of(**item))) continue;  // on its way again
      const flow::Underway ours(common_.leases, lease_of(**item));
      if (!ours) continue;  // whoever takes the partition over looks it up
      flow::Settled settled;
      settled.item = *std::move(*item);
      settled.item.state = flow::OutboxState::Unknown;
      settled.item.reason = "its answer could not be recorded";
      settled.item.not_before = common_.now();
      settled.audit.push_back({"settle", settled.item.destination, "outbox/" + std::to_string(seq),
                               "unknown: " + settled.item.reason, common_.now()});
      if (!common_.store.settle(settled).ok()) return;
    }
    const std::lock_guard lock(mutex_);
    stranded_.erase(seq);
  }
}

void DeliveryWork::look() {
  take_up_stranded();
  const bool paused = paused_now();
  // Not for each item that is on its way: an EHR changes what it can do a few times a year.
  if (!paused && Delays::Clock::now() >= next_plan_) {
    const flow::Underway ours(common_.leases, plan_job(link_.settings().name));
    const auto planned = plans_.look(ours ? WritePlanWatch::Learn::Yes : WritePlanWatch::Learn::No);
    if (planned.ok()) next_plan_ = Delays::Clock::now() + kTick;
    if (!planned.ok()) {
      log_event(LogLevel::Warn, "write plan not kept", JsonObject().text("reason", planned.error().message));
      return;
    }
  }
  const auto busy = board_.busy();  // before the question, see board.h
  const auto now = Delays::Clock::now();
  const auto clock = common_.now();
  // Urgent ones come first in the answer; while there is enough on the board nobody else is asked for.
  const std::size_t wanted = board_.waiting() >= kAhead / 2 ? kAhead : kLooked;
  auto items = common_.store.due(clock + step_.ahead(clock, now), wanted);
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

// Several at once on one thread: most of a delivery is waiting for the EHR and for the disk. What is urgent goes beside
// those that are on their way.
void DeliveryWork::work(std::stop_token stop, std::size_t at_once) {
  Fibers fibers;
  const auto fits = [&](const flow::OutboxItem& item) {
    return fibers.open() < at_once || (item.urgent && fibers.open() < at_once + kUrgentBeside);
  };
  while (!stop.stop_requested()) {
    for (;;) {
      auto job = fibers.open() == 0 ? board_.take(stop) : board_.take_if(fits);
      if (!job) break;
      fibers.start([this, job = *std::move(job)] {
        send(job.first, job.second);
        board_.done(job.first);
        bell_.ring();
      });
    }
    fibers.turn(kGlance);
  }
  while (fibers.open() > 0) fibers.turn(kGlance);
}

void DeliveryWork::send(const std::string& key, const flow::OutboxItem& item) {
  const auto& destination = link_.settings().name;
  const auto now = common_.now();
  const flow::Underway ours(common_.leases, lease_of(item));
  if (!ours) return;  // another replica has it now
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
  auto& way = item.urgent ? link_.ehr().urgent() : link_.ehr();
  // Nothing leaves that another replica may be sending already, however long we slept since the item was marked.
  const auto permitted = common_.leases == nullptr ? nullptr : way.permitted([&ours] { return ours.may_send(); });
  auto& ehr = permitted ? *permitted : way;
  try {
    std::optional<flow::Terms> fenced;
    if (terms_.file && common_.leases != nullptr) {
      fenced = terms_;
      fenced->file = [&](const flow::OutboxFile& file) {
        return ours.may_send() ? terms_.file(file) : Error{Kind::Busy, "another replica may have taken this over"};
      };
    }
    const auto settled = deliver(ehr, **capabilities, item, now, fenced ? *fenced : terms_);
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
  if (common_.leases != nullptr && problem.kind == Kind::Conflict) {  // it is as its present holder has it
    common_.metrics.count(Metric::Deliveries, 1, {destination, "left"});
    log_event(LogLevel::Info, "delivery left to be looked at again",
              JsonObject().text("destination", destination).number("seq", item.seq).text("reason", problem.message));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    stranded_.insert(item.seq);
  }
  if (problem.kind == Kind::Unavailable) {
    delays_.busy(key, Delays::Clock::now());
  } else {
    delays_.failed(key, Delays::Clock::now());
  }
  common_.metrics.count(Metric::Deliveries, 1, {destination, "error"});
  log_event(LogLevel::Error, "delivery failed; it is tried again later",
            JsonObject().text("destination", destination).number("seq", item.seq).text("reason", problem.message));
}

Result<flow::OutboxItem> DeliveryWork::deliver(flow::Ehr& ehr, const flow::Capabilities& capabilities,
                                               const flow::OutboxItem& item, Instant now, const flow::Terms& terms) {
  const auto engine = common_.engine.get();
  if (link_.settings().dry_run) {
    return flow::rehearse(*engine, common_.store, ehr, capabilities, item, now, terms);
  }
  auto settled = flow::deliver(*engine, common_.store, ehr, capabilities, item, now, terms);
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
  return flow::preview(*engine, common_.store, ehr, *capabilities, item, now, terms_);
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
