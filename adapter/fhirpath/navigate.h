// From an item to its children, with types. https://hl7.org/fhirpath/#path-selection,
// https://hl7.org/fhir/R4/fhirpath.html Arrays are flattened, choice elements go by their base name, `_x` stays with
// its primitive, resources take the type of their resourceType. Elements that the definitions do not know are found by
// their JSON name and have no type.
#pragma once

#include "fhirpath/items.h"

namespace bhi::fhirpath {

// `element`, when given, is what parent.type->element(name) would find.
void append_children(const Item& parent, const fhir::Name& name, const fhir::ElementInfo* element,
                     const fhir::Types& types, Items& out);

// Every child, in the order of the document.
void append_all_children(const Item& parent, const fhir::Types& types, Items& out);

}  // namespace bhi::fhirpath
