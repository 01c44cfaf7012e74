// Every few hours all patients are looked at, one page after the other: time alone asks for something (flow/tick.h).
#pragma once

#include "service/board.h"
#include "service/common.h"

#include <chrono>
#include <functional>
#include <stop_token>

namespace bhi::service {

class TickWork {
 public:
  // `wake_deliveries`: an intent may have been queued.
  TickWork(const Common& common, std::chrono::hours interval, std::function<void()> wake_deliveries)
      : common_(common), interval_(interval), wake_deliveries_(std::move(wake_deliveries)) {}

  void run(std::stop_token stop);    // body of one thread: a round soon after the start, then one per interval
  void round(std::stop_token stop);  // all patients once

 private:
  const Common& common_;
  std::chrono::hours interval_;
  std::function<void()> wake_deliveries_;
  Bell bell_;
};

}  // namespace bhi::service
