// StructureMap resources, R4 and R5 form: the structure that FML text gives, read and written.
// https://hl7.org/fhir/R4/structuremap.html, https://hl7.org/fhir/R5/structuremap.html
//
// R4 calls groups with a list of names (dependent.variable), R5 with typed parameters (dependent.parameter); R5 has
// constants and an expression as default, R4 a default of any type. What a form has no member for stands in extensions
// that FHIR defines for that: cross-version extensions (constants and computed defaults in R4), cqf-expression (a
// parameter that is an expression, a literal in a call in R4). So each form gives back what was written.
// A member that neither form knows is an error, not dropped: what it meant would be lost silently. Left out are ids of
// elements and the narrative, which says no more than the rest; other extensions leave a warning.
#pragma once

#include "mapping/concept_map_json.h"
#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

#include <optional>
#include <string>

namespace bhi::mapping {

// Empty when the text is no StructureMap; the reasons are added to `problems`. They name the element path, since the
// tree of a document has no lines.
std::optional<StructureMap> parse_structure_map(const MapText& map, std::vector<Diagnostic>& problems);

// A StructureMap or a ConceptMap, by its resourceType.
struct MappingResource {
  std::optional<StructureMap> map;
  std::optional<ConceptMapText> concept_map;
};
MappingResource parse_mapping_resource(const MapText& text, std::vector<Diagnostic>& problems);

// The resource as JSON, two spaces an indent. Unsupported: a group called between targets or with a variable, which
// StructureMap has no place for.
Result<std::string> write_structure_map(const StructureMap& map, ResourceForm form);

}  // namespace bhi::mapping
