// Regular expressions of matches() and replaceMatches(). The one door to RE2: linear time whatever the pattern.
#pragma once

#include "base/result.h"
#include "fhirpath/ast.h"

#include <string>
#include <string_view>

namespace bhi::fhirpath {

// Single-line mode: `.` matches a line end, too. Error: Incorrect, or Unsupported for back-references and look-around.
Result<PatternPtr> compile_pattern(const Expr& where, std::string_view pattern, bool whole);

bool pattern_fits(const re2::RE2& pattern, std::string_view text);
// Every match replaced; $1, $name in `by` stand for groups.
// How long the result will be at most; looks at the text only when a coarse estimate is large.
std::size_t replaced_size(const re2::RE2& pattern, std::string_view text, std::string_view by);
std::string replace_matches(const re2::RE2& pattern, std::string_view text, std::string_view by);

}  // namespace bhi::fhirpath
