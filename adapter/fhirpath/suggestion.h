// "did you mean `authored`?": the nearest of the known names to a misspelt one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bhi::fhirpath {

// " (did you mean `x`?)", or empty when nothing is near.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace bhi::fhirpath
