// References inside a Bundle that is on its way in: which text stands for which resource, and the rewriting.
// Only Reference.reference is rewritten; uris elsewhere (an Identifier that happens to be a uuid) stay as they are.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "ehr_sim/versions.h"
#include "fhir/node.h"

#include <map>
#include <string>
#include <string_view>

namespace bhi::sim {

// fullUrl or condition -> "Type/id".
using ReferenceMap = std::map<std::string, std::string, std::less<>>;

// Adds every conditional reference of the resource that exactly one living resource satisfies. Error kind Conflict:
// several do.
Result<void> add_conditional_references(const fhir::Node& resource, std::string_view base, const Versions& versions,
                                        ReferenceMap& map);

// A copy of the resource in the arena with the references replaced.
fhir::Node with_references(const fhir::Node& resource, const ReferenceMap& map, Arena& arena);

}  // namespace bhi::sim
