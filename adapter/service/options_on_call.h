// The rows of the table of options that are about the person on call (options.h).
#pragma once

#include "service/options.h"

#include <string>
#include <vector>

namespace bhi::service {

std::vector<Option> on_call_options();

// Options of one contact that do not fit together. Each: "on_call.webhook_token_file: ...".
std::vector<std::string> check_on_call(const Settings& settings);

}  // namespace bhi::service
