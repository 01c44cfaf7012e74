// Types before they are linked, as rows: from the generated table of R4, or from a StructureDefinition.
//
// The table of R4 is text, one literal a type (fhir_profiles/r4/r4_types.cpp). A line with '<' begins a type:
//
//   Patient < DomainResource resource            name < base kind [abstract]; base '-' = none
//   gender 0..1 code !administrative-gender      name min..max types, then binding
//   deceased[x] 0..1 boolean|dateTime            a choice
//   subject 0..1 Reference >Patient|Group        reference targets; none = any
//   contact 0..* Patient.contact                 an inline type, which follows as a block of its own
//   Patient.contact < BackboneElement backbone
//
// Binding strengths: ! required, + extensible, ~ preferred, ? example. A value set without "://" is one of HL7's.
// Elements of the base are not repeated, unless they are changed.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"

#include <span>
#include <string_view>
#include <vector>

namespace bhi::fhir {

std::span<const std::string_view> r4_type_table();

// Texts lie in the table or in the arena that was given.
struct ElementRow {
  std::string_view name;  // without [x]
  bool choice = false;
  bool has_cardinality = true;  // a differential may leave it to the base
  std::uint16_t min = 0;
  std::uint16_t max = 1;
  std::vector<std::string_view> types;
  std::vector<std::string_view> targets;  // names, or canonicals of profiles
  BindingStrength strength = BindingStrength::None;
  std::string_view value_set;
};

struct TypeRow {
  std::string_view name;
  std::string_view url;         // of the definition; backbones have their owner's
  std::string_view other_name;  // StructureDefinition.name when it differs
  TypeKind kind = TypeKind::Complex;
  bool abstract = false;
  std::string_view base;  // name or canonical; empty at the top
  std::vector<ElementRow> elements;
};

// "http://hl7.org/fhir/StructureDefinition/"
inline constexpr std::string_view kDefinitionPrefix = "http://hl7.org/fhir/StructureDefinition/";
inline constexpr std::string_view kValueSetPrefix = "http://hl7.org/fhir/ValueSet/";

std::vector<TypeRow> rows_of_table(std::span<const std::string_view> table, Arena& texts);

// The model and its inline types, in order of their paths.
Result<std::vector<TypeRow>> rows_of_definition(const Node& definition, Arena& texts);

}  // namespace bhi::fhir
