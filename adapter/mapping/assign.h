// Putting a value where a target wants it: the type is chosen, primitives are converted, what does not fit is refused.
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html#type-cast
//
// Converted are: any primitive to a string, texts that read as the wanted primitive, dateTime to date (its day), date
// to dateTime, whole decimals to integers; and to complex types what carries the same meaning: a Coding or a text to a
// CodeableConcept, a text to Reference.reference and Annotation.text, one kind of Quantity to another.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"
#include "mapping/target.h"

#include <string>
#include <string_view>

namespace bhi::mapping {

// A value of primitive type `type` made from `value`. Error (Incorrect) names what was expected and what kind was
// found, never the value.
Result<fhir::Node> convert_primitive(const fhirpath::Item& value, const fhir::TypeInfo& type, Arena& arena);

// Which of the types of an element a value takes; null when none fits.
const fhir::TypeInfo* choose_type(const TargetPlace& where, const fhirpath::Item& value);

// Makes a node of the value and puts it at `name` of `parent`. With the name "value", a primitive parent takes it
// itself.
Result<TargetNode*> assign(TargetTree& tree, TargetNode& parent, const fhir::Name& name, const fhirpath::Item& value,
                           Arena& arena);
// The same where `name` was found to be the element `where`.
Result<TargetNode*> assign(TargetTree& tree, TargetNode& parent, const fhir::Name& name, const TargetPlace& where,
                           const fhirpath::Item& value, Arena& arena);

// A node of its own for the value, of the value's type or of `type`. Error: a value of unknown complex type.
Result<TargetNode*> make_node(TargetTree& tree, const fhirpath::Item& value, const fhir::TypeInfo* type, Arena& arena);

// "string", "CodeableConcept", "a value of unknown type": never the value.
std::string describe(const fhirpath::Item& value);

}  // namespace bhi::mapping
