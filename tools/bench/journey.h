// What the benches of a journey start from: one large Synthea bundle and the engine with our core maps.
#pragma once

#include "base/instant.h"
#include "flow/engine.h"

#include <string>

namespace bhi::bench {

inline constexpr Instant kNow{std::chrono::milliseconds(1'795'000'000'000)};

// The largest Synthea bundle below 8 MiB in $BHI_FIXTURES; throws when there is none.
const std::string& bundle();

const flow::Engine& engine();

}  // namespace bhi::bench
