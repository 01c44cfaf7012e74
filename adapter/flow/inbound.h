// What one resource of a source means for the care model: which map reads it, what it becomes, or why it is left.
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/issue.h"
#include "care/apply.h"
#include "fhir/node.h"
#include "flow/engine.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// Other resources of the same source. A node must live as long as the arena of the call.
struct Surroundings {
  std::function<const fhir::Node*(std::string_view type, std::string_view id)> resource;
  std::function<const fhir::Node*(std::string_view canonical)> canonical;  // "url" or "url|version"
  mapping::Lineage* lineage = nullptr;  // of the map that is run (mapping/lineage.h); null: nobody asks
  // Which record stands for a patient now, by care id (moves.h); none: every patient for itself.
  std::function<std::string(const std::string& care_id)> person = {};
};

struct Origin {
  std::string source;  // name of the source
  std::string id;      // logical id there (or the content's own name, when the resource has none)
  std::string version;
  std::string updated;
};

struct Inbound {
  enum class What {
    Change,   // `change` goes to care::apply
    Left,     // not for the care model; `reason`
    Waiting,  // its form is not at hand; `reason` is the canonical
    Invalid,  // readable, but not what its type demands; `issues`. A `change` may be there all the same: then only its
              // safety counts
  };
  What what = What::Left;
  std::optional<care::Change> change;
  std::string reason;
  Issues issues;
  std::optional<care::Source> subject;    // the patient as the resource refers to it; empty: to none
  std::vector<care::Change> others = {};  // of a resource that becomes several entities: those after the first
};

// Somebody whom resources refer to and whose Patient has not arrived: known by origin only, until it does.
care::Patient patient_by_reference(const care::Source& subject);

// The id that an entity made from a resource always has.
std::string care_id(std::string_view source, std::string_view type, std::string_view id);

// `resource` must live in memory that outlives the call. Never fails as a whole: whatever is wrong is in the result.
Inbound map_inbound(const Engine& engine, const fhir::Node& resource, const Origin& origin,
                    const Surroundings& surroundings, Instant now, Arena& arena);

}  // namespace bhi::flow
