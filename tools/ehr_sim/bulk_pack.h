// gzip of a whole text, for files of an export.
#pragma once

#include <string>
#include <string_view>

namespace bhi::sim {

std::string packed(std::string_view text);

}  // namespace bhi::sim
