// Watches what becomes of the deliveries to one destination (flow/lane_health.h): sets aside the item that fails alone,
// says when everything is refused, counts what an EHR did not keep. Safe from any thread.
#pragma once

#include "flow/lane_health.h"
#include "service/common.h"

#include <mutex>
#include <string>

namespace bhi::service {

class LaneWatch {
 public:
  LaneWatch(const Common& common, std::string destination) : common_(common), destination_(std::move(destination)) {}

  void heard(const flow::OutboxItem& settled);
  // Nothing but what is urgent is to be sent now.
  bool stopped() const;

 private:
  const Common& common_;
  const std::string destination_;
  mutable std::mutex mutex_;
  flow::LaneHealth health_;
  bool told_ = false;  // that the lane is stopped
};

}  // namespace bhi::service
