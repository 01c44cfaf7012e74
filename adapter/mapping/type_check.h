// Whether a value can ever be what a map wants it to be, judged by types alone. "No" is a mistake of the map; where
// data may decide (any text may be a date), the answer is "it may". Follows the conversions of mapping/assign.h.
#pragma once

#include "base/arena.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"
#include "mapping/compiled.h"

#include <span>
#include <string>

namespace bhi::mapping {

// An element as a path of a map names it.
struct StaticElement {
  const fhir::TypeInfo* owner = nullptr;
  const fhir::ElementInfo* element = nullptr;  // null: not known before the run
  const fhir::TypeInfo* chosen = nullptr;      // by the name "valueQuantity"

  // The types that it may have; empty when not known.
  std::vector<const fhir::TypeInfo*> types() const;
};

// "string, Coding or Quantity", of many the first few
std::string list_of(std::span<const fhir::TypeInfo* const> types);

// Can a value of type `value` become one of `types`, by copying, conversion or a default group of the map?
bool may_become(const fhir::TypeInfo& value, std::span<const fhir::TypeInfo* const> types, const CompiledMap& map);
// The same of a literal, whose text is known.
bool may_become(const fhirpath::Item& literal, std::span<const fhir::TypeInfo* const> types);

// Can an element with these types have a value of type `wanted` (`src.value : Quantity`)?
bool may_be(std::span<const fhir::TypeInfo* const> types, const fhir::TypeInfo& wanted);

}  // namespace bhi::mapping
