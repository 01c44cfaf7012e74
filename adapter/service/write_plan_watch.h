// The write plan of one destination, made anew whenever something it depends on has changed: what the EHR declares,
// what we were granted, what the site wishes. The plan is kept, so that a change while we were down is noticed too.
// A changed way is the operator's business: a line in the log, an audit record, a figure, and a line in /admin/plans;
// and what was parked because there was no way is taken up again when now there is one.
#pragma once

#include "flow/ladder_text.h"
#include "service/common.h"
#include "service/ehr_link.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace bhi::service {

// A way that is another one than before.
struct PlanChange {
  Instant at{};
  std::string artifact;
  std::string occasion;
  std::string before;  // "CarePlan", "none"
  std::string after;
  std::string why;  // of what was taken before and is not any more; empty when it only lost to a better one
};

// Ways by "artifact occasion".
using Ways = std::map<std::string, std::string, std::less<>>;

struct KeptPlan {
  Instant since{};  // of the last change, or of the first plan
  Ways ways;
  std::vector<PlanChange> changes;  // newest first, the last few
};

// As it is kept in the store, and back. Error Incorrect: it is not ours.
std::string to_json(const KeptPlan& plan);
Result<KeptPlan> kept_plan_from(std::string_view json);

Ways ways_of(std::span<const flow::PlannedCase> cases);
// What differs, with reasons from the new plan. What has no case any more counts as `none`, likewise before.
std::vector<PlanChange> changes_between(const Ways& before, std::span<const flow::PlannedCase> after, Instant now);

class WritePlanWatch {
 public:
  // Both outlive the watch.
  WritePlanWatch(const Common& common, EhrLink& link) : common_(common), link_(link) {}

  // Makes the plan anew if something changed; cheap otherwise. Called before anything is sent. Errors: of the store.
  // Learn::No: another replica keeps the plan and takes parked items up again; it is only looked at.
  enum class Learn { No, Yes };
  Result<void> look(Learn learn_it = Learn::Yes);

  // {"destination", "mode", "planned", "since", "plans", "changes", "problem"} for /admin/plans.
  std::string status() const;

 private:
  Result<void> learn(const std::vector<flow::PlannedCase>& cases, Instant now);
  Result<std::size_t> release(const std::string& artifact, const std::string& rung, Instant now);
  void report(const std::vector<flow::PlannedCase>& cases);

  const Common& common_;
  EhrLink& link_;
  mutable std::mutex mutex_;  // guards all that follows
  std::string known_;         // the plan as JSON, as it was when last looked at
  std::optional<KeptPlan> kept_;
  bool learned_ = false;  // what is known was compared with what the store keeps
  std::optional<Instant> looked_;
  std::string problem_;
};

}  // namespace bhi::service
