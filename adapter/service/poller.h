// Asks one EHR for news, type by type, and for the forms that responses wait for. One thread per source.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/ehr_link.h"

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

class Poller {
 public:
  // `wake_lanes`: something new was stored.
  Poller(const Common& common, EhrLink& link, std::function<void()> wake_lanes);

  void run(std::stop_token stop);  // body of its thread
  void want(const std::string& form);
  // Sets the lag of every type.
  void report(Metrics& metrics) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Turn {
    std::string type;
    Clock::time_point next;
    Clock::time_point complete;  // end of the last complete poll, or the start of the daemon
    int failures = 0;
    StateLine line;
  };

  void poll(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities);
  void remember_waiting();
  void fetch_forms(flow::Ehr& ehr, const std::stop_token& stop);
  Clock::time_point next_turn() const;

  const Common& common_;
  EhrLink& link_;
  std::function<void()> wake_lanes_;
  Bell bell_;
  StateLine line_;
  std::vector<std::unique_ptr<Turn>> turns_;
  mutable std::mutex mutex_;  // guards `complete` of the turns, wanted_ and tried_
  std::set<std::string> wanted_;
  std::map<std::string, Clock::time_point> tried_;  // forms the EHR did not have, and when it was asked
};

}  // namespace bhi::service
