#include "service/lane_watch.h"

#include "flow/deliver.h"
#include "flow/outbox_acts.h"
#include "service/log.h"

namespace bhi::service {

bool LaneWatch::stopped() const {
  const std::lock_guard lock(mutex_);
  return health_.stopped(common_.now()).has_value();
}

void LaneWatch::heard(const flow::OutboxItem& settled) {
  const auto now = common_.now();
  if (const auto paths = flow::paths_not_kept(settled); paths > 0) {
    common_.metrics.count(Metric::NotKept, paths, {destination_});
  }
  bool alone = false;
  {
    const std::lock_guard lock(mutex_);
    const auto stop = health_.heard(settled, now);
    alone = health_.is_lone_failure(settled);
    const bool over = settled.state == flow::OutboxState::Verified && told_;
    if (over) log_event(LogLevel::Info, "deliveries go on", JsonObject().text("destination", destination_));
    if (stop || over) common_.metrics.set(Metric::DeliveryStopped, over ? 0 : 1, {destination_});
    if (over) told_ = false;
    if (stop && stop->fresh) {
      told_ = true;
      log_event(LogLevel::Error, "deliveries stopped: everything is refused",
                JsonObject()
                    .text("destination", destination_)
                    .text("trouble", stop->trouble)
                    .text("until", to_text(stop->until))
                    .text("reason", stop->reason));
    }
  }
  if (!alone) return;
  const auto aside = flow::set_aside(common_.store, settled, now);
  log_event(LogLevel::Warn, aside.ok() ? "delivery set aside" : "delivery not set aside",
            JsonObject()
                .text("destination", destination_)
                .number("seq", settled.seq)
                .text("reason", aside.ok() ? aside->reason : aside.error().message));
}

}  // namespace bhi::service
