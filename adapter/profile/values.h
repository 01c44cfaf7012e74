// What an element may hold: fixed values, patterns, codes of a value set, length. Pure questions about one item.
// https://hl7.org/fhir/R4/elementdefinition-definitions.html
#pragma once

#include "fhirpath/expression.h"

#include <optional>
#include <string_view>

namespace bhi::profile {

// ElementDefinition.pattern[x]: everything of the pattern is there; of a list, each of its entries somewhere in the
// list.
bool fits_pattern(const fhir::Node& value, const fhir::Node& pattern);

// Is one of the codes of a code, Coding, CodeableConcept or Quantity in the value set? Empty: cannot be told.
std::optional<bool> in_value_set(const fhirpath::Item& item, std::string_view value_set,
                                 const fhirpath::Environment& environment);

// Characters, not bytes.
std::size_t length_of(std::string_view text);

}  // namespace bhi::profile
