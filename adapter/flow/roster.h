// A CareTeam of an EHR states all of its members at once: who is no longer in it has left the team.
#pragma once

#include "care/apply.h"

#include <span>
#include <vector>

namespace bhi::flow {

// Adds to `changes` the end of each assignment that `before` holds of the same CareTeam and this version of it does not
// name. Takes out those of a version that is older than what is held. `emptied`: versions of teams in which nobody is
// left whose role we know; what they end is recorded at `now` where they do not say when they were stated.
void end_missing(const care::Record& before, std::span<const care::Source> emptied, Instant now,
                 std::vector<care::Change>& changes);

}  // namespace bhi::flow
