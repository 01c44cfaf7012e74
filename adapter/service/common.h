// What every worker of the daemon is lent. All of it outlives the workers.
#pragma once

#include "base/instant.h"
#include "flow/leases.h"
#include "flow/ports.h"
#include "flow/work.h"
#include "service/live_engine.h"
#include "service/metrics.h"

#include <functional>
#include <string>

namespace bhi::service {

struct Common {
  flow::Store& store;
  Metrics& metrics;
  LiveEngine& engine;
  flow::Destinations destinations;
  std::function<Instant()> now;
  flow::Leases* leases = nullptr;  // of the replicas that share the store; null: we are alone
};

// The jobs of which one replica does each (flow/leases.h). Polls, bulk loads and subscriptions of a source are one job:
// a poll may begin when the first load is done, and what a subscription missed is polled.
inline std::string source_job(const std::string& source) { return "source/" + source; }
inline std::string plan_job(const std::string& destination) { return "plan/" + destination; }
inline std::string provenance_job(const std::string& source) { return "provenance/" + source; }
inline constexpr const char* kOnCallJob = "on-call";
inline constexpr const char* kRetentionJob = "retention";
inline constexpr const char* kTickJob = "tick";

}  // namespace bhi::service
