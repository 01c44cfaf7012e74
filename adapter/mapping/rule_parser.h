// The rules of a group: sources -> targets then dependents "name";
#pragma once

#include "mapping/cursor.h"
#include "mapping/diagnostic.h"

#include <vector>

namespace bhi::mapping {

// Reads "{ rule; rule; }". A rule that cannot be read is reported and passed over, so that one run names them all; the
// error returned is the one after which nothing more can be made of the text.
Result<void> parse_rules(Cursor& cursor, Reporter& reporter, std::vector<Rule>& rules);

}  // namespace bhi::mapping
