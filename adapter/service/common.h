// What every worker of the daemon is lent. All of it outlives the workers.
#pragma once

#include "base/instant.h"
#include "flow/ports.h"
#include "flow/work.h"
#include "service/live_engine.h"
#include "service/metrics.h"

#include <functional>

namespace bhi::service {

struct Common {
  flow::Store& store;
  Metrics& metrics;
  LiveEngine& engine;
  flow::Destinations destinations;
  std::function<Instant()> now;
};

}  // namespace bhi::service
