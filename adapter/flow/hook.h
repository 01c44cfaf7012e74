// What becomes of a notification: the records in it that may be believed go into the inbox, the others are noted as to
// be fetched. Nothing is asked of the EHR before that is durable.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"
#include "flow/notification.h"
#include "flow/ports.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct HookSettings {
  std::string source;
  std::string subscription;        // our name of it
  std::vector<std::string> types;  // records of other types are none of our business
  bool believed = false;           // its sender is proven: a record in it is taken as it is
};

// A record that was named and is still to be fetched. Kept as a cursor of the source.
struct ToFetch {
  RecordName record;
  Instant told{};        // when we heard of it
  bool gone = false;     // it was told that it is deleted
  int tried = 0;         // how often it was not found
  std::string cursor{};  // its name in the store: one for each time that it was named
};

std::string fetch_prefix(std::string_view subscription);  // names of these cursors begin so
Cursor cursor_of(const HookSettings& settings, const ToFetch& record);
std::optional<ToFetch> to_fetch_from(const Cursor& cursor, std::string_view subscription);

struct Hooked {
  Accepted batch;               // items and audit; cursors are added by the caller, who knows what is noted already
  std::vector<ToFetch> fetch;   // named, but not in it, or not to be believed
  std::size_t other_types = 0;  // records left out
};

// `body` may be null: the notification had none. `serial` makes names of cursors differ.
Result<Hooked> hooked(const fhir::Node* body, const Notification& notification, const HookSettings& settings,
                      Instant now, std::uint64_t serial);

// What the EHR says of a record when it is asked: the record for the inbox; 410 as a deletion; 404 as nothing, to be
// asked three times in all; 403 as none of our business. `again`: the cursor's new value, empty when this is done with.
struct Fetched {
  Accepted batch;  // with the cursor, moved or forgotten
  std::optional<ToFetch> again;
  bool deleted = false;
};
// Errors: those of the EHR that tell nothing of the record (to be asked again), and of the store.
Result<Fetched> fetch(Store& store, Ehr& ehr, const HookSettings& settings, const ToFetch& record, Instant now);

}  // namespace bhi::flow
