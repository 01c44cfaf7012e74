// What differs between two JSON values, by path: the order of members does not matter, the digits of numbers do.
#pragma once

#include "fhir/node.h"

#include <string>
#include <vector>

namespace bhi::tools {

// "item[2].score: expected 2, found 3"; at most `most` lines, then "... and 4 more". Empty: they are the same.
std::vector<std::string> differences(const fhir::Node& expected, const fhir::Node& found, std::size_t most = 40);

}  // namespace bhi::tools
