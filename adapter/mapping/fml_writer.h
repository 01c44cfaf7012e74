// A map as text of the FHIR Mapping Language, laid out for people: two spaces an indent, what belongs together below
// each other, a rule that is too long broken at its targets. Reading it gives the same map (same_map).
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html
#pragma once

#include "base/result.h"
#include "mapping/structure_map.h"

#include <string>

namespace bhi::mapping {

// What FML has no words for stands in comments: urls of concept maps and displays of codes. Unsupported, since the map
// would mean something else: a concept map with a fixed code or another map for unmapped codes, or one whose url or
// displays a rule uses.
Result<std::string> write_fml(const StructureMap& map);

}  // namespace bhi::mapping
