// What the BHI side may ask for. Each act is one transaction: entities, outbox rows, audit.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/work.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

struct Actor {
  std::string name;      // of the token
  std::string member{};  // id of the team member who acts; empty while the practice has entered no team

  const std::string& by() const { return member.empty() ? name : member; }
  std::string name_in_audit() const { return member.empty() ? name : name + "/" + member; }
};

// What became of an entry: either it stands in the store, or it was refused and nothing of the call was kept.
struct Written {
  std::optional<StoredEntity> entity{};
  bool changed = false;      // false: a repeat, or it said what was there already
  Issues issues{};           // warnings that let it pass
  Issues refused{};          // why not
  std::size_t released = 0;  // outbox items that waited for a consent of the patient
};

// POST /care/patients/{id}/screenings  {instrument, authored, items: [{n, score}]}, optional "id" (client's own, for
// safe repeats). Errors: NotFound (patient), Incorrect (instrument unknown, item twice, score out of range; all at
// once).
Result<StoredEntity> post_screening(const Engine& engine, Store& store, const Destinations& destinations,
                                    std::string_view patient, const fhir::Node& body, const Actor& actor, Instant now);

// POST /care/patients/{id}/plans  a CarePlan of the logical model without id, patient, source.
Result<StoredEntity> post_plan(const Engine& engine, Store& store, const Destinations& destinations,
                               std::string_view patient, const fhir::Node& body, const Actor& actor, Instant now);

// PATCH /care/patients/{id}/plans/{id}  JSON merge patch (RFC 7396) on the logical model. `version`: the If-Match
// value. Errors: NotFound, Conflict (stale version), Incorrect (unknown element, wrong type, not to be changed by
// hand).
Result<StoredEntity> patch_plan(const Engine& engine, Store& store, const Destinations& destinations,
                                std::string_view patient, std::string_view plan, const fhir::Node& patch,
                                std::int64_t version, const Actor& actor, Instant now);

// POST /care/safety/{id}/acknowledge
Result<StoredEntity> acknowledge(const Engine& engine, Store& store, const Destinations& destinations,
                                 std::string_view event, const Actor& actor, Instant now);

}  // namespace bhi::flow
