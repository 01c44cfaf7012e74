// Table event: what became of the entities of the care model, change by change.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bhi::store {

// One event for each entity just put. Belongs into their transaction.
Result<void> add_events(Connection& connection, const flow::Worked& worked);
Result<std::vector<flow::Event>> events_after(Connection& connection, std::int64_t after, std::size_t limit);
Result<flow::EventSpan> span_of_events(Connection& connection);
Result<std::size_t> forget_events_before(Connection& connection, Instant before);

}  // namespace bhi::store
