// From parsed maps to a Program: imports are followed, groups, types and code tables found, rules compiled.
#pragma once

#include "mapping/compiled.h"
#include "mapping/library.h"
#include "mapping/structure_map.h"

#include <memory>
#include <span>
#include <vector>

namespace bhi::mapping {

// Diagnostics are added to `problems`; with an error among them the program must not be used.
// `concept_maps` are resources of their own, found by url.
std::unique_ptr<Program> compile_maps(std::span<const StructureMap> maps, std::shared_ptr<const fhir::Types> types,
                                      std::vector<Diagnostic>& problems,
                                      std::span<const ConceptMapText> concept_maps = {});

}  // namespace bhi::mapping
