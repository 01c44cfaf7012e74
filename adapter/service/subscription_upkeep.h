// The Subscription at the EHR from our side: is it there, is it what we asked for, does it work, how long still?
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "flow/subscription.h"
#include "service/common.h"
#include "service/ehr_link.h"
#include "service/subscription_book.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

namespace bhi::service {

class SubscriptionUpkeep {
 public:
  SubscriptionUpkeep(const Common& common, const SourceSettings& source, Subscribed& book, std::string instance_id);

  // What is due now: at most a few requests. `settled`: nothing that notifications told is still to be recovered.
  void look_after(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now, bool settled);
  // True once after each time that it began to work: what changed before is to be asked for.
  bool take_started();
  bool is_quiet() const;  // nothing is due soon
  bool is_active() const;
  bool is_broken() const { return phase_ == Phase::Broken; }
  void look_soon();  // something is odd with it

  struct Shown {
    std::string state;  // working, waiting, error, off, not-offered, failing, of-others
    std::string reason;
    std::optional<Instant> end;
  };
  Shown shown() const;

 private:
  enum class Phase { Unknown, Absent, Waiting, Active, Broken, Rejected };

  Result<flow::SubscriptionWish> wish() const;
  Result<void> act(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now, bool settled);
  Result<void> find(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now);
  Result<void> make(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now);
  Result<void> put(flow::Ehr& ehr, const flow::SubscriptionWish& wish, std::string_view status, Instant now);
  Result<void> check(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now);
  Result<void> learn(const fhir::Node& resource, const flow::SubscriptionWish& wish, Instant now);
  Result<void> remember(const std::string& id, const std::string& mark);
  void enter(Phase phase, Instant now);
  std::optional<Instant> wanted_end(Instant now) const;

  const Common& common_;
  const SourceSettings& source_;
  Subscribed& book_;
  const std::string instance_id_;
  StateLine line_;
  std::atomic<Phase> phase_{Phase::Unknown};  // changed by the one thread, looked at by those who report
  Instant since_{};                           // of the phase
  Instant next_{};                            // look again
  int failures_ = 0;
  bool started_ = false;
  bool asked_to_start_ = false;  // PUT active: for servers that wait for that
  std::string version_, mark_;
  mutable std::mutex mutex_;  // guards what is shown
  Shown shown_{"unknown", "", {}};
};

}  // namespace bhi::service
