// Metadata of a map, which FML writes as lines and JSON as a tree: "/// jurisdiction.coding.code = 'US'".
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html#metadata
#pragma once

#include "mapping/node_builder.h"
#include "mapping/structure_map.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

// Is that a path of metadata? Of names in letters, and no part of the map itself, such as "group".
bool is_metadata_path(std::string_view path);
bool is_part_of_map(std::string_view name);

// The same facts in the order of their elements: every complex element begun by an empty value, nothing else empty.
std::vector<Metadata> normal_metadata(std::span<const Metadata> entries);

// "/// title       = 'Vital signs'" for each, with the `=` below each other; text of several lines in """.
std::string metadata_lines(std::span<const Metadata> entries);

// Adds what the entries say as members. Lists and numbers as R4 has them; what R4 does not know is text.
void add_metadata(std::span<const Metadata> entries, ObjectBuilder& to, Arena& arena);

}  // namespace bhi::mapping
