// Names, texts and parameters as FML writes them.
#pragma once

#include "mapping/structure_map.h"

#include <string>
#include <string_view>

namespace bhi::mapping {

// 'text' or "text", with quotes, backslashes, line ends and other control characters escaped.
std::string quoted(std::string_view text, char quote);

// A name plain, or in backticks when it is a word of the language or no plain identifier.
std::string name_text(std::string_view name);

// "a.b", each part as a name.
std::string path_text(const std::vector<std::string>& path);

// 'text', 5, @2026-01-01, variable, a + b. Reading it gives the same parameter.
std::string parameter_text(const Parameter& parameter);

}  // namespace bhi::mapping
