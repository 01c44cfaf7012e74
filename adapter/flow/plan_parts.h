// The parts of a care plan as resources of their own at an EHR: which part is which over time. Parts have no ids, so
// each gets one when it is first to be written; a roster keeps them, as a row of the ledger under (artifact, plan), and
// each resource has a row of its own under (artifact, "<plan id>.<part id>"). Pure.
//
// Only what is ours is told: a part that refers to what the EHR holds stands there already, and so does what the EHR's
// own plan says. The safety plan, notes and texts of a plan are no parts.
#pragma once

#include "base/result.h"
#include "care/model.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// One part: the plan with this part alone, its id "<plan id>.<part id>". What the maps of parts are given.
using LonePart = care::CarePlan;

struct PlanPart {
  LonePart said;         // in its last words
  bool removed = false;  // no longer in the plan
};

// By artifact: care-plan-activity, care-plan-goal, care-plan-problem. In the order of the plan; without ids.
std::vector<LonePart> parts_of(const care::CarePlan& plan, std::string_view artifact);

// Asks for nothing any more: what is so when it would be written first is not written.
bool is_over(const LonePart& part);

// The parts as they are now: those of the roster in their new words or removed, then new ones with new ids, unless
// these are over. A part is the same one with its words unchanged wherever it stands, else the only one that is alike:
// of the same kind or measure, with a code in common, or half of the words.
//   theirs: what the EHR's own plan says, not ours to tell
std::vector<PlanPart> follow(const std::vector<PlanPart>& roster, const care::CarePlan& plan,
                             const std::vector<LonePart>& theirs, std::string_view artifact);

std::string roster_text(const std::vector<PlanPart>& roster);
// Empty text: an empty roster. Errors: Incorrect.
Result<std::vector<PlanPart>> roster_from(std::string_view text);

}  // namespace bhi::flow
