// What the type names of one map mean: its `uses ... alias`, then the names and urls of the definitions.
#pragma once

#include "fhir/types.h"
#include "mapping/structure_map.h"

#include <string>
#include <string_view>

namespace bhi::mapping {

// Null when unknown. "http://hl7.org/fhir/4.0/StructureDefinition/X" is R4's X.
const fhir::TypeInfo* find_type(const fhir::Types& types, std::string_view name_or_url);

class TypeNames {
 public:
  TypeNames(const StructureMap& map, const fhir::Types& types) : map_(map), types_(types) {}

  // Null when unknown; `why` then says what is wrong, with a suggestion.
  const fhir::TypeInfo* find(std::string_view name, std::string& why) const;
  // Does the map itself declare the name by `uses`? Then it is no slip, even when the definition is not loaded.
  bool declares(std::string_view name) const { return find_use(name) != nullptr; }

 private:
  const StructureUse* find_use(std::string_view name) const;
  std::string suggest(std::string_view name) const;

  const StructureMap& map_;
  const fhir::Types& types_;
};

}  // namespace bhi::mapping
