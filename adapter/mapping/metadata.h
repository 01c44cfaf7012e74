// Metadata of a map, which FML writes as lines and JSON as a tree: "/// jurisdiction.coding.code = 'US'".
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html#metadata
#pragma once

#include "mapping/node_builder.h"
#include "mapping/structure_map.h"

#include <span>
#include <string>

namespace bhi::mapping {

// "/// title       = 'Vital signs'" for each, with the `=` below each other; text of several lines in """.
std::string metadata_lines(std::span<const Metadata> entries);

// Adds what the entries say as members. Lists and numbers as R4 has them; what R4 does not know is text.
void add_metadata(std::span<const Metadata> entries, ObjectBuilder& to, Arena& arena);

}  // namespace bhi::mapping
