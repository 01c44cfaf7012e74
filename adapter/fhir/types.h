// What the definitions say of types and their elements: names, types, cardinality, bindings, reference targets.
// R4's own table is generated (fhir_profiles/r4, tool: tools/generate_r4_table.py) and needs no loading; logical models
// and profiles are read from StructureDefinition JSON into the same shape
// (https://hl7.org/fhir/R4/structuredefinition.html).
#pragma once

#include "base/result.h"
#include "fhir/name.h"
#include "fhir/node.h"

#include <cstdint>
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
  std::span<const TypeInfo* const> types;     // allowed types; one entry of kind Backbone for inline content
  std::span<const std::string_view> targets;  // of Reference/canonical: allowed resource types; empty = any
  std::string_view value_set;                 // canonical of the binding, without version; may be empty

  bool many() const { return max > 1; }
};

// One name that JSON may use for an element; a choice has one for each type, and its base name.
struct JsonName {
  const Name* name;
  const ElementInfo* element;
  const TypeInfo* type;  // the type that the name says; null when it leaves several open
};

struct TypeInfo {
  std::string_view name;  // "Patient", "HumanName", "string"; of a backbone its path: "Patient.contact"
  std::string_view url;   // canonical of the definition; empty for backbones
  TypeKind kind = TypeKind::Complex;
  const TypeInfo* base = nullptr;         // "Patient" -> "DomainResource"; null at the top
  std::span<const ElementInfo> elements;  // own and inherited, in order
  std::span<const JsonName> json_names;   // the same as a hash table: what element() searches

  // By element name, or by the JSON name of a choice ("valueQuantity" finds "value"; *chosen is then Quantity). For any
  // other element *chosen is its only type, or null when it has several. Null for "_x" and "resourceType".
  const ElementInfo* element(const Name& name, const TypeInfo** chosen = nullptr) const;
  bool is(const TypeInfo& other) const;  // same type or derived from it
};

// Names of the resource types of R4 that can be instances (no Resource, no DomainResource), in order of the alphabet.
std::span<const std::string_view> resource_type_names();
bool is_resource_type(std::string_view name);

// The JSON name of a choice element holding `type`: value + Quantity -> "valueQuantity".
const Name& choice_name(const ElementInfo& element, const TypeInfo& type);

// All types known to one configuration: R4 and what was loaded. Immutable when shared; built once, swapped whole.
class Types {
 public:
  static const Types& r4();
  // R4 plus the given StructureDefinitions. A logical model becomes a type of its own, and needs a snapshot or a
  // differential that names every element; its inline types are found as "Model.path". A profile's url finds the type
  // that it constrains. Where a model has the name of an R4 type, the name stays R4's and the model is found by its
  // url. Nothing of the definitions is kept. Errors (Incorrect) name the definition and the element.
  static Result<std::shared_ptr<const Types>> with(std::span<const Node* const> definitions);

  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;
  ~Types();

  // By name ("Patient", "Screening") or canonical url; null when unknown.
  const TypeInfo* find(std::string_view name_or_url) const;
  // Names for "did you mean" and listings.
  std::vector<std::string_view> names() const;

 private:
  struct Loaded;
  explicit Types(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace bhi::fhir
