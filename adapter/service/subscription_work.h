// Sees to the subscriptions of one source, one thread for all of them: that each is there and works
// (subscription_upkeep), and that nothing it should have told is missing (subscription_recovery).
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/ehr_link.h"
#include "service/poll_hurry.h"
#include "service/subscription_recovery.h"
#include "service/subscription_upkeep.h"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

class SubscriptionWork {
 public:
  struct Parts {
    const Common& common;
    EhrLink& link;
    PollHurry& hurry;
    std::function<void()> wake_poller;
    std::function<void()> wake_lanes;
    std::string instance_id;
  };
  SubscriptionWork(const Parts& parts, const std::vector<Subscribed*>& subscriptions);

  void run(std::stop_token stop);  // body of its thread
  void wake() { bell_.ring(); }
  const std::string& source() const { return link_.settings().name; }
  void report(Metrics& metrics) const;
  // JSON, a list: {name, kind, state, reason, ends, heard, newest_event, missing_events, records_to_fetch, recovering}.
  std::string status() const;

 private:
  struct One {
    Subscribed& book;
    SubscriptionUpkeep upkeep;
    SubscriptionRecovery recovery;
  };
  void look_around(bool ours);
  bool see_to(One& one, flow::Ehr& ehr, const flow::Capabilities& capabilities);

  const Common& common_;
  EhrLink& link_;
  std::vector<std::unique_ptr<One>> all_;
  Bell bell_;
  std::chrono::steady_clock::time_point looked_{};  // at what other replicas were told
  bool was_ours_ = false;
};

}  // namespace bhi::service
