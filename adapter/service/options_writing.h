// The rows of the table of options that are about writing back (options.h).
#pragma once

#include "service/options.h"

#include <optional>
#include <string>
#include <vector>

namespace bhi::service {

std::vector<Option> writing_options();

// What fits together in no single option: "writing.twice: ...", in the order of the options. Empty: all is well.
std::vector<std::string> check_writing(const SourceSettings& source);

}  // namespace bhi::service
