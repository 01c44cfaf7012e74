// Inbox to care model: one thread looks which lanes have something pending, some threads work on them.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/delays.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

class LaneWork {
 public:
  struct Wakes {
    std::function<void()> deliveries;                                            // an intent may have been queued
    std::function<void(std::string_view source, const std::string& form)> want;  // a form that somebody waits for
    std::function<void(std::string_view source, const flow::Missing& missing)> fill_in = {};
  };
  LaneWork(const Common& common, Wakes wakes) : common_(common), wakes_(std::move(wakes)) {}

  void wake() { bell_.ring(); }
  void dispatch(std::stop_token stop);  // body of one thread
  void work(std::stop_token stop);      // body of each worker
  // How long ago the dispatcher last looked: tells the watchdog that the store still answers.
  std::chrono::milliseconds silent_for() const;

 private:
  struct Nothing {};
  void work_on(const std::string& lane);

  const Common& common_;
  Wakes wakes_;
  Board<Nothing> board_;
  Bell bell_;
  Delays delays_{std::chrono::seconds(1), std::chrono::seconds(60)};
  std::atomic<std::chrono::steady_clock::time_point> looked_{std::chrono::steady_clock::now()};
};

}  // namespace bhi::service
