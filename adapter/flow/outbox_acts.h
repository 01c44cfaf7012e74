// What a person may do with an item of the outbox that does not go on by itself. Each act is audited under their name.
//
// Errors: NotFound (no such item), Conflict (it is not in a state for this act; the message says which it is in), those
// of the store and, of resolve_conflict, of the EHR.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/engine.h"
#include "flow/ports.h"

#include <cstdint>
#include <string_view>

namespace bhi::flow {

// Parked or dead: back to planned. What is not known of an earlier try stays unknown, and is looked up first.
Result<OutboxItem> release(Store& store, std::int64_t seq, std::string_view by, Instant now);

// Parked, planned or waiting for its next try: dead. `reason` is kept with the item: no patient data in it.
Result<OutboxItem> discard(Store& store, std::int64_t seq, std::string_view by, std::string_view reason, Instant now);

// One that is tried again and again while others pass (lane_health.h): parked, so that those behind it get their turn.
Result<OutboxItem> set_aside(Store& store, OutboxItem item, Instant now);

enum class Keep : std::uint8_t { Ours, Theirs };

// Of a parked item whose resource was edited at the EHR too. Everything that only one side changed is kept either way;
// what both changed becomes:
//   Ours    our value: the base of the merge moves to what the EHR holds at this moment, and ours goes on top of that,
//           still only if nobody changes it meanwhile
//   Theirs  the EHR's: our plan takes it over. Of another resource than a plan the EHR's copy is left as it is; our
//           record is not changed by an edited copy.
// The item is planned again, or superseded when nothing is left to write.
Result<OutboxItem> resolve_conflict(const Engine& engine, Store& store, Ehr& ehr, std::int64_t seq, Keep keep,
                                    std::string_view by, Instant now);

}  // namespace bhi::flow
