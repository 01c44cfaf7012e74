// What the commands that map files have in common: the engine from the maps at hand, and the files.
#pragma once

#include "bhi/commands.h"
#include "flow/map_report.h"

#include <memory>
#include <vector>

namespace bhi::tools {

struct MapInputs {
  std::shared_ptr<const flow::Engine> engine;
  std::vector<flow::InputText> texts;
  Instant now{};
};

// Errors: what cannot be read, a map that is wrong, --now that is no time.
Result<MapInputs> read_inputs(const MapOptions& options);

}  // namespace bhi::tools
