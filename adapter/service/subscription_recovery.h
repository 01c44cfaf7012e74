// What notifications named or should have told and did not: fetched record by record, asked of $events, or left to the
// polls. However many notifications come, the EHR gets no more requests than the subscription's budget.
#pragma once

#include "base/instant.h"
#include "flow/ports.h"
#include "service/common.h"
#include "service/ehr_link.h"
#include "service/poll_hurry.h"
#include "service/subscription_book.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bhi::service {

// So many requests a minute, at most a quarter of them at once.
class CallBudget {
 public:
  explicit CallBudget(int calls_per_minute) : a_minute_(calls_per_minute), left_(most()) {}
  bool take(Instant now);

 private:
  double most() const { return a_minute_ < 4 ? 1.0 : a_minute_ / 4.0; }
  double a_minute_;
  double left_;
  std::optional<Instant> last_{};
};

struct RecoveryParts {
  const Common& common;
  const SourceSettings& source;
  PollHurry& hurry;
  std::function<void()> wake_poller;
  std::function<void()> wake_lanes;
};

class SubscriptionRecovery {
 public:
  SubscriptionRecovery(RecoveryParts parts, Subscribed& book);

  // What is due now. `quiet_since` is judged only where the EHR was asked to say that it lives.
  void look_after(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now);
  // Everything that changed until now is to be asked for.
  void want(flow::Recovery recovery, Instant now);
  bool is_settled() const;  // nothing is missing whose name we do not know
  // True once after each time that the EHR was silent for too long or answered oddly: look at the Subscription.
  bool take_doubt() { return std::exchange(doubt_, false); }

 private:
  void listen(flow::Ehr& ehr, const flow::Capabilities& capabilities, const Subscribed::Look& look, Instant now);
  void close_gaps(flow::Ehr& ehr, const flow::Capabilities& capabilities, const Subscribed::Look& look, Instant now);
  void poll_for(const Subscribed::Look& look, Instant now);
  void fetch_named(flow::Ehr& ehr, const Subscribed::Look& look, Instant now);
  void follow_hint(Instant now);
  void ask_for(const std::set<std::string>& types, Instant now);
  bool ask_status(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now);
  void renumber(const std::function<flow::NumberState(flow::NumberState)>& change);
  void hurry(bool whole, Instant now);
  void counted(const char* by);
  bool is_covered_by_polls(const flow::ToFetch& one) const;

  RecoveryParts parts_;
  Subscribed& book_;
  CallBudget budget_;
  StateLine line_;
  bool doubt_ = false;
  Instant hurried_{}, not_before_{};
  std::map<std::string, Instant> resting_;  // records that are asked for again later
  std::set<std::string> failed_;            // those that could not be fetched: a poll may have found them
};

}  // namespace bhi::service
