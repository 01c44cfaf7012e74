// Table outbox: what is to be written to an EHR, in lanes.
//
// The lane of an item is (destination, patient). An urgent item has a lane of its own, shared only with earlier
// versions of the same entity: (destination, patient, artifact, care id), so that nothing else holds it up and yet its
// versions arrive in order. The first open item of a lane holds up the others; Verified, Superseded, Dead and Parked
// let them pass.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bhi::store {

Result<void> add_intents(Connection& connection, const std::vector<flow::OutboxItem>& items);
// Urgent ones first, then the order of their making.
Result<std::vector<flow::OutboxItem>> due_items(Connection& connection, Instant now, std::size_t limit);
Result<std::vector<flow::OutboxItem>> outbox_of(Connection& connection, std::string_view patient, std::size_t limit);

Result<std::optional<flow::OutboxItem>> outbox_at(Connection& connection, std::int64_t seq);
Result<std::vector<flow::OutboxItem>> outbox_in(Connection& connection, const std::vector<flow::OutboxState>& states,
                                                std::int64_t before, std::size_t limit);

// Conflict when it is not the item's turn (see due_items; a RetryAt may go early), or somebody else has marked it since
// `item` was read: the row has more attempts, or is Sent with the same attempts and request hash. A second request of
// one delivery differs in either.
Result<void> note_sent(Connection& connection, const flow::OutboxItem& item);
// Conflict when the item is already Verified or Superseded. A Parked or Dead one may be set free again.
Result<void> note_settled(Connection& connection, const flow::OutboxItem& item);
Result<std::size_t> sent_to_unknown(Connection& connection);

}  // namespace bhi::store
