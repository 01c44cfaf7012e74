// From an entity of the care model to the resource that an EHR shall hold: which map, which type, with what context.
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"
#include "flow/deliver.h"
#include "flow/engine.h"
#include "flow/ladder.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// What a map needs besides the entity.
struct WriteContext {
  std::string patient;                    // "Patient/1" at the destination
  std::vector<std::string> derived_from;  // "QuestionnaireResponse/2" at the destination
  std::string destination = {};           // its name: which overlay of the maps is used
  struct State {
    std::string state;
    std::string start;
    std::string end;  // empty: still
  };
  std::vector<State> history = {};        // of an episode: what its acts led through
  std::string id = {};                    // in our identifier; empty: the entity's own
  std::vector<std::string> members = {};  // of a panel: "Observation/3" at the destination
  std::string replaces = {};              // of a document: the one at the destination that it takes the place of
  bool removed = false;                   // of a part of a plan: the plan has it no longer
  std::int64_t version = 0;               // of the entity, as documents say it; 0: not said
  std::string notice = {};                // travels in words with a document (42 CFR 2.32); empty: none
  struct Form {
    std::string type;  // "text/html"
    std::string data;  // base64
    std::string title;
  };
  std::vector<Form> documents = {};  // the readable form first; see with_documents()
};

std::string identifier_value(std::string_view artifact, std::string_view care_id);  // "<artifact>/<care id>"

// The resource, without id and meta, with our identifier; in `arena`. `entity`: its logical-model JSON.
// Errors: Incorrect (the map cannot; names the rule), Unsupported (no such artifact).
Result<fhir::Node> render(const Engine& engine, const Artifact& artifact, const fhir::Node& entity,
                          const WriteContext& context, Instant now, Arena& arena, mapping::Lineage* lineage = nullptr);

// The context with the forms of a document in it, where the artifact is one; `structured`: a plan also as FHIR JSON.
Result<WriteContext> with_documents(const Engine& engine, const Artifact& artifact, const fhir::Node& entity,
                                    WriteContext context, Instant now, bool structured);

// Was it made on the BHI side (and not read from an EHR)?
bool made_here(const fhir::Node& entity);

// The resources at `destination` that a screening from there was made from: its source and what that was derived from.
std::vector<std::string> origins_at(const fhir::Node& entity, std::string_view destination);

}  // namespace bhi::flow
