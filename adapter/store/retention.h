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
#include <vector>

namespace bhi::store {

// Found by a connection that only reads: where little is old enough, all that is younger is walked, and nobody shall
// wait for that. At most `limit` of each table.
struct SettledRows {
  std::vector<std::int64_t> inbox, outbox;  // seqs
};
Result<SettledRows> find_settled_before(Connection& connection, Instant before, std::size_t limit);

// Those of them that are still settled. Who calls it holds a transaction open.
Result<flow::Forgotten> forget_rows(Connection& connection, const SettledRows& rows);

// Bytes of the database that are in use: without pages that have become free, without the log.
Result<std::uint64_t> bytes_in_use(Connection& connection);

}  // namespace bhi::store
