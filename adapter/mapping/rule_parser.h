// The rules of a group: sources -> targets then dependents "name";
#pragma once

#include "mapping/cursor.h"
#include "mapping/diagnostic.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

// Reads "{ rule; rule; }". A rule that cannot be read is reported and passed over, so that one run names them all; the
// error returned is the one after which nothing more can be made of the text. A comment behind the "{" is added to
// `documentation`.
Result<void> parse_rules(Cursor& cursor, Reporter& reporter, std::vector<Rule>& rules, std::string& documentation);

// A parameter that stands alone: 'text', 5, @2026-01-01, variable, or any expression.
Result<Parameter> parse_parameter(std::string_view text);

}  // namespace bhi::mapping
