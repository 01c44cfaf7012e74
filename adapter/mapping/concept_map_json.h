// ConceptMap resources, R4 and R5 form, in and out. https://hl7.org/fhir/R4/conceptmap.html,
// https://hl7.org/fhir/R5/conceptmap.html
//
// R4 names the relation `equivalence`, R5 `relationship`; a word that only R4 has stands in an R5 form in FHIR's
// cross-version extension. Refused, since a translation without them would be wrong: dependsOn, product, value sets in
// place of codes.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"
#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

namespace bhi::mapping {

enum class ResourceForm : std::uint8_t { R4, R5 };

// What cannot be read is reported as an error.
ConceptMapText read_concept_map(const fhir::Node& resource, Reporter& reporter);

// A ConceptMap with status draft, its texts in the arena.
fhir::Node concept_map_node(const ConceptMapText& map, ResourceForm form, Arena& arena);

}  // namespace bhi::mapping
