// From the configuration to an engine: reads the maps' files and compiles them.
#pragma once

#include "base/result.h"
#include "flow/engine.h"
#include "service/settings.h"

#include <memory>
#include <string>
#include <vector>

namespace bhi::service {

// Errors: Incorrect (maps, forms: one line per mistake), Unavailable (files).
Result<std::shared_ptr<const flow::Engine>> load_engine(const Settings& settings);

// Warnings of all libraries of maps, one a line each, every one once.
std::vector<std::string> warnings_of(const flow::Engine& engine);

}  // namespace bhi::service
