// Rules as FML text: each on a line when it fits, else its targets below each other; arrows of neighbours aligned.
#pragma once

#include "mapping/structure_map.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

inline constexpr std::size_t kRuleWidth = 110;  // a rule that is longer is broken

std::string rule_lines(const std::vector<Rule>& rules, const std::string& indent);

// "// text" for each line of the text; nothing for an empty one.
std::string comment_lines(std::string_view text, const std::string& indent);
// "/* text */", on as many lines as the text has.
std::string inline_comment(std::string_view text);

}  // namespace bhi::mapping
