// Runs a program of the operator's choice: no shell, nothing of our environment but PATH, none of our files.
#pragma once

#include "base/result.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

// `argv`: an absolute path, then arguments. `input` (at most 4096 bytes) is its standard input; what it writes is
// dropped. After `most` it and what it started are killed. Errors (Unavailable): cannot be started, exit code, signal,
// time.
Result<void> run_command(const std::vector<std::string>& argv, std::string_view input, std::chrono::milliseconds most);

}  // namespace bhi::service
