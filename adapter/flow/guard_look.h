// What the guard must know of an item, out of the store: the security labels of what it was made from, the patient's
// consents as they stand now, what the EHR holds of it.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/json.h"
#include "flow/engine.h"
#include "flow/guard.h"
#include "flow/ports.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct GuardLook {
  std::vector<Ancestor> ancestors;
  std::vector<Ancestor> parts;
  std::vector<KnownConsent> consents;
  fhir::DocumentPtr written;  // null: none
  fhir::DocumentPtr held;
  std::vector<std::string> elsewhere{};  // of a plan: texts in its documents and parts at the EHR
  // Of one more consent of a patient who has some: received, and not (yet) in the care model.
  std::optional<InboxState> unread_consent{};
};

// Which resources those are: what it was made from, what the parts of a plan refer to.
struct GuardSources {
  std::vector<care::Source> ancestors;
  std::vector<care::Source> parts;
};
GuardSources sources_for_guard(const care::Entity& entity, std::string_view destination);

// `consents`: of the patient, as stored. `ledger`: what the EHR holds of the entity; null: nothing.
Result<GuardLook> look_for_guard(const Engine& engine, Store& store, const care::Entity& entity,
                                 std::span<const StoredEntity> consents, std::string_view destination,
                                 const Ledger* ledger, Instant now);

GuardQuestion question_of(const care::Entity& entity, const GuardLook& look, std::string_view destination,
                          const Privacy& privacy, bool emergency, Instant now);

// A copy as the guard sees it.
Ancestor ancestor_of(const fhir::Node& resource, const care::Source& source);

// What stands against believing a consent of an EHR: the newest copy from there says something else than the care
// model holds, or something that cannot be read (the same words in another version are the same consent).
KnownConsent known_consent(const Engine& engine, care::Consent consent, const std::optional<ResourceCopy>& copy,
                           Instant now);

}  // namespace bhi::flow
