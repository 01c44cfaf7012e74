// Table inbox: what came in and what became of it.
// Functions on a connection; who calls them holds a transaction open when they write.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

// What becomes of a received resource:
//   same content as the copy at hand   counted; a newer version of the same content still renews the copy
//   older than the copy at hand        queued, the copy stays
//   replay                             always queued; it is no news from the EHR, so a copy at hand stays
//   anything else                      queued, becomes the copy
Result<flow::AcceptOutcome> take_in(Connection& connection, const std::vector<flow::InboxItem>& items);

// Quarantined at once, as what came and is no resource; what is kept already (by source, type, id and hash) is not kept
// twice.
Result<void> put_aside(Connection& connection, const std::vector<flow::PutAside>& aside);

// Lanes with pending items, the one with the oldest first.
Result<std::vector<std::string>> lanes_with_work(Connection& connection, std::size_t limit);
Result<std::vector<flow::InboxItem>> pending_of(Connection& connection, std::string_view lane, std::size_t limit);
// Newest first.
Result<std::vector<flow::Store::InboxRow>> inbox_in(Connection& connection, flow::InboxState state, std::size_t limit,
                                                    std::int64_t before = 0);

// Conflict when an item is not pending (any more).
Result<void> note_outcomes(Connection& connection, const std::vector<flow::InboxOutcome>& outcomes);

// Back to pending; the former reason and issues go. Number of items.
Result<std::size_t> requeue_one(Connection& connection, std::int64_t seq);
Result<std::size_t> requeue_waiting_for(Connection& connection, std::string_view reason);

// Only as it stands at its source: an older version that was put aside counts no more.
Result<std::optional<flow::InboxState>> find_unread_consent(Connection& connection, std::string_view lane);

}  // namespace bhi::store
