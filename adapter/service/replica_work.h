// Our place among the replicas that share the store: renews what we hold, takes what is ours to take, gives up what
// another should have. Where the store has one user there is nothing to do.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace bhi::service {

class ReplicaWork {
 public:
  struct Wakes {
    std::function<void()> taken;    // partitions or jobs are ours now
    std::function<void()> changed;  // another replica changed the care model
  };
  ReplicaWork(const Common& common, Wakes wakes) : common_(common), wakes_(std::move(wakes)) {}

  // Before run(): what must be done once among all replicas.
  void offer(const Settings& settings);

  // Body of one thread. After the stop it goes on renewing until nobody works under a lease any more, and releases
  // them.
  void run(std::stop_token stop);

  // JSON: {me, lease_ms, partitions, replicas: [{name, me, seen_ms, partitions, jobs: []}]}; of a store with one user
  // {}.
  std::string status() const;
  void report(Metrics& metrics) const;

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds round();
  void tell(const flow::RenewalNews& news);
  void look_for_changes();
  void leave();

  const Common& common_;
  Wakes wakes_;
  Bell bell_;
  std::string trouble_;  // told already
  std::int64_t seen_event_ = 0;
};

}  // namespace bhi::service
