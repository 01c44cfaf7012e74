// The write plan of one EHR for people and programs: for each artifact, on each occasion, which rung is taken and why
// not the others. One place for the command line, the API and the tests.
//
//   care-plan         new
//     ->  DocumentReference     DocumentReference create
//     no  CarePlan              CarePlan create is not declared by the EHR
//     or  Communication         Communication create
//
// ->: taken; +: written as well; or: offered, but not the first; no: not possible.
#pragma once

#include "flow/ladder.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

enum class Occasion : std::uint8_t {
  New,      // nothing of it is at the EHR
  Changed,  // it is there as we wrote it, and has changed
  Theirs,   // it came from this EHR: of a plan a change, of a screening our score
};
std::string_view name(Occasion occasion);  // new, changed, theirs

struct PlannedCase {
  std::string artifact;
  Occasion occasion = Occasion::New;
  WritePlan plan;
};

// The artifacts in the order care-plan, screening-result, safety. What cannot be written at all has no case `Changed`.
std::vector<PlannedCase> planned_cases(const Capabilities& capabilities, const WritingWishes& wishes);

// "CarePlan"; "Observation and DocumentReference" when written twice; "none".
std::string rungs_taken(const WritePlan& plan);

std::string plans_text(std::span<const PlannedCase> cases);

// A JSON array of {"artifact", "occasion", "taken", "interactions", "ladder": [{"rung", "fits", "taken",
// "interactions", "why"}], "why_none"}; `why_none` only when no rung is taken.
std::string plans_json(std::span<const PlannedCase> cases);

}  // namespace bhi::flow
