// Which parts of a care plan may leave. Inside of `flow` only; the decision is judge().
#pragma once

#include "flow/guard.h"

#include <string>
#include <vector>

namespace bhi::flow {

struct PlanRules {
  bool careful = false;  // a programme's: substance use needs consent, and is found by words too
  bool substance_use_may = false;
  bool restricted_may = false;
  std::string why_not_substance_use{};
  std::string why_not_restricted{};
};

struct GuardedPlan {
  care::CarePlan plan;
  std::vector<Redaction> redactions;
  std::string for_a_person;                     // what would be taken out of what the EHR holds; empty: nothing
  bool substance_use = false;                   // what is left speaks of it, and not only in the EHR's own words
  bool part2 = false;                           // some of it is labelled so, or is a programme's
  bool empty = false;                           // nothing is left to be said
  std::vector<std::vector<care::Code>> labels;  // of what the parts that are left refer to
};

GuardedPlan guard_plan(const care::CarePlan& plan, const GuardQuestion& question, const PlanRules& rules);

}  // namespace bhi::flow
