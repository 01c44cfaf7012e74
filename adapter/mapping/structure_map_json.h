// StructureMap resources, R4 and R5 form, read into the structure that FML text gives.
// https://hl7.org/fhir/R4/structuremap.html, https://hl7.org/fhir/R5/structuremap.html
//
// R4 calls groups with a list of names (dependent.variable), R5 with typed parameters (dependent.parameter); R5 has
// constants and a text default, R4 a default of any type. A member that neither form knows is an error, not dropped:
// what it meant would be lost silently.
#pragma once

#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

#include <optional>

namespace bhi::mapping {

// Empty when the text is no StructureMap; the reasons are added to `problems`. They name the element path, since the
// tree of a document has no lines.
std::optional<StructureMap> parse_structure_map(const MapText& map, std::vector<Diagnostic>& problems);

}  // namespace bhi::mapping
