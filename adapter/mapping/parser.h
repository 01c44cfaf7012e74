// The text of the FHIR Mapping Language, read into a StructureMap.
// Grammar: https://build.fhir.org/ig/HL7/mapping-language-ig/grammar.html, and what R4 and R5 wrote before it: FHIRPath
// without parentheses after where, check and log; rule names in single quotes; `default "x"`; relations of code
// mappings beside "-"; the batch form `src -> tgt : a, b;`.
#pragma once

#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

#include <optional>

namespace bhi::mapping {

// Empty when the text is no map; the reasons are then added to `problems`, one for each rule that could not be read.
std::optional<StructureMap> parse_fml(const MapText& map, std::vector<Diagnostic>& problems);

}  // namespace bhi::mapping
