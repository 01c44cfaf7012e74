#include "mapping/type_check.h"

#include "fhirpath/value.h"
#include "mapping/assign.h"
#include "mapping/group_compiler.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;

enum class Family { Text, Boolean, Number, Time, Moment };

struct FamilyRow {
  std::string_view name;
  Family family;
};

// Primitives that are not plain text, FHIR's and FHIRPath's.
constexpr std::array kFamilies = std::to_array<FamilyRow>({
    {"Boolean", Family::Boolean},
    {"Date", Family::Moment},
    {"DateTime", Family::Moment},
    {"Decimal", Family::Number},
    {"Integer", Family::Number},
    {"Long", Family::Number},
    {"Time", Family::Time},
    {"boolean", Family::Boolean},
    {"date", Family::Moment},
    {"dateTime", Family::Moment},
    {"decimal", Family::Number},
    {"instant", Family::Moment},
    {"integer", Family::Number},
    {"integer64", Family::Number},
    {"positiveInt", Family::Number},
    {"time", Family::Time},
    {"unsignedInt", Family::Number},
});

Family family_of(const TypeInfo& type) {
  const auto found = std::ranges::find(kFamilies, type.name, &FamilyRow::name);
  return found == kFamilies.end() ? Family::Text : found->family;
}

bool is_primitive(const TypeInfo& type) { return type.kind == TypeKind::Primitive; }

bool is_kind_of(const TypeInfo* type, std::string_view name) {
  for (; type != nullptr; type = type->base) {
    if (type->name == name) return true;
  }
  return false;
}

bool converts(const TypeInfo& value, const TypeInfo& type) {
  if (static_type(&type) == nullptr || static_type(&value) == nullptr) return true;  // abstract: the run will tell
  if (value.is(type) || type.is(value)) return true;
  if (is_primitive(value) && is_primitive(type)) {
    const Family from = family_of(value);
    const Family to = family_of(type);
    return from == to || from == Family::Text || to == Family::Text;
  }
  if (is_primitive(type)) return false;
  const bool text = is_primitive(value) && family_of(value) == Family::Text;
  if (type.name == "CodeableConcept") return text || is_kind_of(&value, "Coding");
  if (type.name == "Annotation" || type.name == "Reference") return text;
  return is_kind_of(&type, "Quantity") && (is_kind_of(&value, "Quantity") || fhirpath::is_system(&value));
}

bool has_default_group(const TypeInfo& value, const TypeInfo& type, const CompiledMap& map) {
  return map.by_types.contains({&value, &type}) || map.by_source_type.contains(&value);
}

}  // namespace

std::vector<const TypeInfo*> StaticElement::types() const {
  if (element == nullptr) return {};
  if (chosen != nullptr && element->choice) return {chosen};
  return {element->types.begin(), element->types.end()};
}

std::string list_of(std::span<const TypeInfo* const> types) {
  std::string text;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (text.size() > 60) return text + ", ...";
    text += (i == 0 ? "" : i + 1 == types.size() ? " or " : ", ") + std::string(types[i]->name);
  }
  return text;
}

bool may_become(const TypeInfo& value, std::span<const TypeInfo* const> types, const CompiledMap& map) {
  if (types.empty()) return true;
  return std::ranges::any_of(
      types, [&](const TypeInfo* type) { return converts(value, *type) || has_default_group(value, *type, map); });
}

bool may_become(const fhirpath::Item& literal, std::span<const TypeInfo* const> types) {
  if (types.empty()) return true;
  Arena scratch;
  return std::ranges::any_of(types, [&](const TypeInfo* type) {
    if (is_primitive(*type)) return convert_primitive(literal, *type, scratch).ok();
    return converts(*literal.type, *type);
  });
}

bool may_be(std::span<const TypeInfo* const> types, const TypeInfo& wanted) {
  if (types.empty()) return true;
  return std::ranges::any_of(types, [&](const TypeInfo* type) {
    return static_type(type) == nullptr || type->is(wanted) || wanted.is(*type);
  });
}

}  // namespace bhi::mapping
