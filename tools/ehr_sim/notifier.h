// Notifications on their way: a plain HTTP client for endpoints on this machine, and the thread that sends.
#pragma once

#include "ehr_sim/subscriptions.h"

#include <functional>
#include <thread>

namespace bhi::sim {

// Status of the answer; 0 when there was none. http only, to loopback only: an invented EHR calls nobody else.
int send_over_loopback(const Outgoing& what);

class Notifier {
 public:
  // Both are lent.
  Notifier(Subscriptions& subscriptions, std::function<Instant()> now);
  ~Notifier() = default;  // stops and joins

 private:
  std::jthread thread_;
};

}  // namespace bhi::sim
