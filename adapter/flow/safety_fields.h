// What of a CarePlan speaks of a safety plan or of self-harm. What the EHR's people changed there is never merged with
// changes of ours by rule alone: somebody looks at both.
#pragma once

#include "fhir/node.h"

#include <string>
#include <vector>

namespace bhi::flow {

// Paths of such elements that differ between two states of the plan: added, removed or changed ("CarePlan.activity[2]",
// by place in `now`, of removed ones by place in `then`). When the plan as a whole is one (its title, category or
// description says so), every element of it counts. Told by words ("safety plan", "suicide", "self-harm"), in any
// display, text or code: EHRs have no common code for it.
std::vector<std::string> safety_edits(const fhir::Node& then, const fhir::Node& now);

}  // namespace bhi::flow
