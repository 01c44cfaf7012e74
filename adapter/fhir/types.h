// What the definitions say of types and their elements: names, types, cardinality, bindings, reference targets.
// R4's own table is generated (fhir_profiles/r4, tool: tools/generate_r4_table.py) and needs no loading; logical models
// and profiles are read from StructureDefinition JSON into the same shape (https://hl7.org/fhir/R4/structuredefinition.html).
#pragma once

#include "base/result.h"
#include "fhir/name.h"
#include "fhir/node.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {

enum class TypeKind : std::uint8_t { Primitive, Complex, Backbone, Resource, Logical };

struct TypeInfo;

enum class BindingStrength : std::uint8_t { None, Example, Preferred, Extensible, Required };

struct ElementInfo {
  static constexpr std::uint16_t kUnbounded = 0xffff;

  const Name* name = nullptr;  // JSON name; of a choice the part before [x]: "value"
  bool choice = false;         // value[x]: JSON name is name + Type ("valueQuantity")
  std::uint16_t min = 0;
  std::uint16_t max = 1;
  BindingStrength strength = BindingStrength::None;
  std::span<const TypeInfo* const> types;          // allowed types; one entry of kind Backbone for inline content
  std::span<const std::string_view> targets;       // of Reference/canonical: allowed resource types; empty = any
  std::string_view value_set;                      // canonical of the binding, without version; may be empty

  bool many() const { return max > 1; }
};

struct TypeInfo {
  std::string_view name;  // "Patient", "HumanName", "string"; of a backbone its path: "Patient.contact"
  std::string_view url;   // canonical of the definition; empty for backbones
  TypeKind kind = TypeKind::Complex;
  const TypeInfo* base = nullptr;          // "Patient" -> "DomainResource"; null at the top
  std::span<const ElementInfo> elements;   // own and inherited, in order

  // By element name, or by the JSON name of a choice ("valueQuantity" finds "value"; *chosen is then Quantity).
  const ElementInfo* element(const Name& name, const TypeInfo** chosen = nullptr) const;
  bool is(const TypeInfo& other) const;  // same type or derived from it
};

// The JSON name of a choice element holding `type`: value + Quantity -> "valueQuantity".
const Name& choice_name(const ElementInfo& element, const TypeInfo& type);

// All types known to one configuration: R4 and what was loaded. Immutable when shared; built once, swapped whole.
class Types {
 public:
  static const Types& r4();
  // R4 plus the given StructureDefinitions (logical models, profiles); each needs a snapshot or a differential that
  // names every element. Errors name the definition and the element.
  static Result<std::shared_ptr<const Types>> with(std::span<const Node* const> definitions);

  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;
  ~Types();

  // By name ("Patient", "Screening") or canonical url; null when unknown.
  const TypeInfo* find(std::string_view name_or_url) const;
  // Names for "did you mean" and listings.
  std::vector<std::string_view> names() const;

 private:
  Types();
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace bhi::fhir
