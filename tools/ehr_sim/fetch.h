// One document from another server on this machine, for key sets.
#pragma once

#include <optional>
#include <string>

namespace bhi::sim {

// Plain http only; empty when anything goes wrong.
std::optional<std::string> fetch(const std::string& url);

}  // namespace bhi::sim
