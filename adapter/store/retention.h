// What need not be kept for ever: settled rows of inbox and outbox, the oldest first. What nobody has settled yet
// stays, however old: pending, waiting, quarantined, open, parked, dead. The copies of resources, the care model, the
// ledger and the audit trail stay too.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <cstdint>

namespace bhi::store {

// At most `limit` of each table. Who calls it holds a transaction open.
Result<flow::Forgotten> forget_settled_before(Connection& connection, Instant before, std::size_t limit);

// Bytes of the database that are in use: without pages that have become free, without the log.
Result<std::uint64_t> bytes_in_use(Connection& connection);

}  // namespace bhi::store
