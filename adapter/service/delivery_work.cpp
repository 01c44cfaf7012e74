#include "service/delivery_work.h"

#include "flow/deliver.h"
#include "service/log.h"

#include <algorithm>
#include <exception>

namespace bhi::service {

namespace {

constexpr std::size_t kLooked = 1000;
constexpr std::size_t kAhead = 16;  // handed out before they are sent; few, so that an urgent one is soon in front
constexpr std::chrono::seconds kTick{1};

std::string key_of(const flow::OutboxItem& item) {
  return item.urgent ? "urgent|" + std::to_string(item.seq) : "lane|" + item.patient;
}

}  // namespace

void DeliveryWork::dispatch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    look();
    bell_.wait(stop, kTick);
  }
}

void DeliveryWork::look() {
  const auto busy = board_.busy();  // before the question, see board.h
  const auto now = Delays::Clock::now();
  auto items = common_.store.due(common_.now(), kLooked);
  if (!items.ok()) {
    log_event(LogLevel::Warn, "due deliveries not read", JsonObject().text("reason", items.error().message));
    return;
  }
  std::ranges::stable_sort(*items, [](const auto& a, const auto& b) { return a.urgent && !b.urgent; });
  const bool paused = paused_now();
  for (auto& item : *items) {
    if (paused && !item.urgent) continue;
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
  auto& ehr = item.urgent ? link_.ehr().urgent() : link_.ehr();
  try {
    const auto settled = flow::deliver(*common_.engine.get(), common_.store, ehr, *capabilities, item, now);
    if (settled.ok()) {
      delays_.worked(key);
      common_.metrics.count(Metric::Deliveries, 1, {destination, std::string(flow::name(settled->state))});
      const bool wrong = settled->state == flow::OutboxState::Dead || settled->state == flow::OutboxState::Parked;
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
