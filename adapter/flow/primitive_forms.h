// What the JSON of a primitive must look like, and the codes of the required bindings that our maps rely on: two
// tables. https://hl7.org/fhir/R4/datatypes.html#primitive
#pragma once

#include "fhir/node.h"

#include <string_view>

namespace bhi::flow {

struct PrimitiveForm {
  std::string_view type;
  fhir::NodeKind kind;
  bool (*accepts)(std::string_view text);  // of the string, or of the digits as written
  std::string_view expected;               // for messages
};

// Of a type that is not in the table: any string without control characters.
const PrimitiveForm& form_of(std::string_view type);

// False when the value set is one of ours and does not hold the code; true when it does, or is not one of ours.
bool allows_code(std::string_view value_set, std::string_view code);

// Is this a reference as a resource may carry it: relative, absolute, contained, urn? Not: spaces, control characters,
// another scheme, a query behind an id. https://hl7.org/fhir/R4/references.html#literal
bool is_reference(std::string_view text);

}  // namespace bhi::flow
