#include "service/lane_work.h"

#include "flow/leases.h"
#include "flow/work.h"
#include "service/log.h"

#include <exception>

namespace bhi::service {

namespace {

constexpr std::size_t kWindow = 1000;  // lanes looked at in one go
constexpr std::size_t kLow = 100;      // fewer are waiting: look again
constexpr std::size_t kItemsAtOnce = 200;
constexpr std::chrono::seconds kTick{1};  // how late we notice work that nobody rang for

}  // namespace

void LaneWork::dispatch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto now = Delays::Clock::now();
    looked_ = now;
    const auto busy = board_.busy();  // before the question, see board.h
    const auto lanes = common_.store.pending_lanes(kWindow + busy.size() + delays_.size());
    if (lanes.ok()) {
      for (const auto& lane : *lanes) {
        if (!busy.contains(lane) && !delays_.resting(lane, now)) board_.offer(lane, {});
      }
    } else {
      log_event(LogLevel::Warn, "pending lanes not read", JsonObject().text("reason", lanes.error().message));
    }
    bell_.wait(stop, kTick);
  }
}

void LaneWork::work(std::stop_token stop) {
  while (const auto job = board_.take(stop)) {
    work_on(job->first);
    board_.done(job->first);
    // The lane may have more than one round of work, and when few lanes wait it is time for the next ones.
    if (board_.waiting() < kLow) bell_.ring();
  }
}

void LaneWork::work_on(const std::string& lane) {
  const flow::Underway ours(common_.leases, flow::lease_of_partition(flow::partition_of(lane)));
  if (!ours) return;  // another replica has it now
  const auto source = std::string_view(lane).substr(0, lane.find('|'));
  Error problem;
  try {
    const auto summary =
        flow::work_lane(*common_.engine.get(), common_.store, common_.destinations, lane, kItemsAtOnce, common_.now());
    if (summary.ok()) {
      delays_.worked(lane);
      common_.metrics.count(Metric::DoneItems, summary->done);
      common_.metrics.count(Metric::LeftItems, summary->left);
      common_.metrics.count(Metric::QuarantinedItems, summary->quarantined);
      for (const auto& form : summary->wanted) wakes_.want(source, form);
      if (wakes_.fill_in) {
        for (const auto& missing : summary->missing) wakes_.fill_in(source, missing);
      }
      wakes_.deliveries();
      return;
    }
    problem = summary.error();
  } catch (const std::exception&) {  // what it says could hold patient data
    problem = {Kind::Fault, "an exception in a map or rule"};
  }
  if (common_.leases != nullptr &&
      problem.kind == Kind::Conflict) {  // nothing was kept; who has the lane reads it anew
    log_event(LogLevel::Info, "lane left to be read again",
              JsonObject().text("source", source).text("reason", problem.message));
    return;
  }
  if (problem.kind == Kind::Unavailable) {
    delays_.busy(lane, Delays::Clock::now());
  } else {
    delays_.failed(lane, Delays::Clock::now());
  }
  // The lane names a patient, so the line does not name the lane.
  log_event(LogLevel::Error, "lane failed; it is tried again later",
            JsonObject().text("source", source).text("kind", name(problem.kind)).text("reason", problem.message));
}

std::chrono::milliseconds LaneWork::silent_for() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - looked_.load());
}

}  // namespace bhi::service
