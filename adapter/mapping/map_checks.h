// What only shows when a whole set of maps stands compiled: groups that nobody can reach, names given twice.
#pragma once

#include "mapping/compiled.h"
#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

#include <span>
#include <vector>

namespace bhi::mapping {

// Groups that no first group, default group or importing map leads to: warnings. The groups of a map that others import
// are its offer and may wait for a use.
void warn_of_unreachable_groups(const Program& program, std::span<const StructureMap> maps,
                                std::vector<Diagnostic>& problems);

// A name that was written for two rules of one group: a warning, for messages and lineage then name both.
void warn_of_rules_with_one_name(const Group& group, Reporter& reporter);

}  // namespace bhi::mapping
