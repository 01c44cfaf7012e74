// Outbox items that the consent guard holds back: looked at again when a consent changes, or let pass by a person in an
// emergency.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/privacy.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

bool is_held_by_consent(const OutboxItem& item);

// A consent of the patient has come or changed: what was held back is judged anew. Number of items.
Result<std::size_t> release_held(Store& store, std::string_view patient, Instant now);

// Everybody's for one destination: at start (the configuration may have changed) and from time to time (a consent may
// have begun). Those that would be held back again stay as they are.
Result<std::size_t> recheck_held(const Engine& engine, Store& store, std::string_view destination,
                                 const Privacy& privacy, Instant now);

// Consents among what was committed: for their patients what was held back is released, and plans that went without
// some of their parts are queued again.
Result<std::size_t> release_for(const Engine& engine, Store& store, const std::vector<StoredEntity>& committed,
                                Instant now);

// The item was just held back: is that still right? A consent committed in between has found nothing to release.
Result<OutboxItem> look_again(const Engine& engine, Store& store, OutboxItem held, const Privacy& privacy, Instant now);

// An emergency disclosure (42 CFR 2.51): who gets it, what the emergency is, who decides.
struct EmergencyRecord {
  std::string recipient;  // name of the medical personnel and their affiliation
  std::string nature;
  std::string by;  // team member
};

// The item goes although no consent covers it. Kept with it, and in the audit trail the SHA-256 of that record, so that
// a later change of it shows. Errors: NotFound (no such item), Incorrect (something is missing), Conflict (not held
// back by consent).
Result<OutboxItem> disclose_in_emergency(Store& store, std::int64_t seq, const EmergencyRecord& record, Instant now);

// Does it say all that an emergency disclosure must say?
bool is_emergency(const std::string& text);

}  // namespace bhi::flow
