// What the team enters about a patient (care/model_work.h), one act for every kind: post it, correct it; take a consent
// back. Each is one transaction with whatever the rules derive from it.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "care/model_practice.h"
#include "fhir/node.h"
#include "flow/bhi_side.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/work.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace bhi::flow {

struct EntryPlace {
  std::string_view patient;
  std::string_view kind;                // "Contact"
  std::string_view id{};                // of a correction: the entry that the address names
  std::optional<std::int64_t> version;  // of a correction: that of If-Match; empty: a post
};

// The body is the logical model without `kind`, `patient` and `recorded`, which we set. Its `id` is the sender's: the
// same entry again changes nothing, another one under the same id is refused. An EpisodeAct is never corrected, it is
// undone by another. Errors: NotFound (patient, entry), Incorrect (shape of the body), Conflict (stale version);
// what the rules have against it is in Written::refused. `practice`: members and partners named must be of it.
Result<Written> write_entry(const Engine& engine, Store& store, const Destinations& destinations,
                            const EntryPlace& place, const fhir::Node& body, const care::PracticeRecord& practice,
                            const Actor& actor, Instant now);

// Body: {reason}. The consent stays, with who took it back and when.
Result<Written> revoke_consent(const Engine& engine, Store& store, const Destinations& destinations,
                               std::string_view patient, std::string_view consent, const fhir::Node& body,
                               const Actor& actor, Instant now);

}  // namespace bhi::flow
