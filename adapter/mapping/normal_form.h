// The one form of what can be written in several ways; both readers end here.
#pragma once

#include "mapping/structure_map.h"

namespace bhi::mapping {

// The name that the reference implementation gives to the variables of `src.a -> tgt.b`.
inline constexpr std::string_view kSimpleVariable = "vvv";

// A copied expression is evaluated; the last parameter of evaluate() is an expression.
void normalise(RuleTarget& target);

// Calls behind the last target are dependents; a rule without a name has that of its first source; `vvv` of a simple
// copy has no name.
void normalise(Rule& rule);

// A map without a status is a draft; its metadata stands in the order of elements.
void normalise(StructureMap& map);

}  // namespace bhi::mapping
