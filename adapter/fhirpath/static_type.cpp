#include "fhirpath/static_type.h"

#include "fhirpath/suggestion.h"
#include "fhirpath/value.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

using fhir::ElementInfo;
using fhir::TypeInfo;
using fhir::TypeKind;

constexpr std::array kSystemTypes = std::to_array<const TypeInfo*>(
    {&system_type::Boolean, &system_type::String, &system_type::Integer, &system_type::Long, &system_type::Decimal,
     &system_type::Date, &system_type::DateTime, &system_type::Time, &system_type::Quantity});

bool primitive_has(std::string_view name) { return name == "id" || name == "extension" || name == "value"; }

bool system_has(const TypeInfo& type, std::string_view name) {
  return &type == &system_type::Quantity && (name == "value" || name == "unit" || name == "code" || name == "system");
}

Error unknown_element(const Expr& expr, const StaticType& parent) {
  std::vector<std::string_view> names;
  for (const TypeInfo* type : parent.types) {
    for (const ElementInfo& element : type->elements) names.push_back(element.name->text);
  }
  return error_at(expr, Kind::Incorrect,
                  "expected an element of " + to_text(parent) + ", found `" + std::string(expr.text) + "`" +
                      suggestion(expr.text, names));
}

}  // namespace

bool is_abstract(const TypeInfo& type) {
  return type.name == "Resource" || type.name == "DomainResource" || type.name == "Element" ||
         type.name == "BackboneElement" || type.name == "Base";
}

void StaticType::add(const TypeInfo* type) {
  if (type != nullptr && std::ranges::find(types, type) == types.end()) types.push_back(type);
}

void StaticType::add(const StaticType& other) {
  for (const TypeInfo* type : other.types) add(type);
}

std::string to_text(const StaticType& type) {
  if (!type.known()) return "an unknown type";
  std::string text(type.types.front()->name);
  if (type.types.size() == 1) return text;
  return text + " or " + std::to_string(type.types.size() - 1) + " other types";
}

Result<TypeSpecifier> find_type(const Expr& where, std::string_view name, const fhir::Types& types) {
  const bool system = name.starts_with("System.");
  const bool fhir = name.starts_with("FHIR.");
  const std::string_view plain = system ? name.substr(7) : fhir ? name.substr(5) : name;
  TypeSpecifier specifier;
  if (!fhir) {
    const auto found = std::ranges::find(kSystemTypes, plain, &TypeInfo::name);
    if (found != kSystemTypes.end()) specifier.system = *found;
  }
  if (system) return specifier;  // an unknown System type is no error: nothing is of it
  specifier.fhir = types.find(plain);
  if (specifier.fhir == nullptr && specifier.system == nullptr) {
    const auto known = types.names();
    return error_at(where, Kind::Incorrect,
                    "expected the name of a type, found `" + std::string(name) + "`" + suggestion(plain, known));
  }
  return specifier;
}

Result<StaticType> step(Expr& expr, const StaticType& parent, bool strict) {
  expr.owner = nullptr;
  expr.element = nullptr;
  if (!parent.known()) return StaticType{};
  StaticType result;
  bool any = false;
  bool certain = true;  // false: some possible child has a type we cannot name
  for (const TypeInfo* type : parent.types) {
    const TypeInfo* chosen = nullptr;
    const ElementInfo* element = type->element(*expr.name, &chosen);
    if (element == nullptr) {
      const bool has = is_system(type)
                           ? system_has(*type, expr.text)
                           : is_abstract(*type) || (type->kind == TypeKind::Primitive && primitive_has(expr.text));
      any |= has;
      certain &= !has;
      continue;
    }
    const bool by_json_name = element->choice && element->name != expr.name;  // valueQuantity
    if (by_json_name && strict) {
      return error_at(expr, Kind::Incorrect,
                      "expected a choice element by its own name, found `" + std::string(expr.text) + "` (write `" +
                          std::string(element->name->text) + "`, or `" + std::string(element->name->text) + ".ofType(" +
                          std::string(chosen->name) + ")`)");
    }
    any = true;
    certain &= !element->types.empty();
    if (by_json_name) {
      result.add(chosen);
    } else {
      for (const TypeInfo* child : element->types) result.add(child);
    }
    if (parent.types.size() == 1 && !by_json_name) {
      expr.owner = type;
      expr.element = element;
    }
  }
  if (!any && strict) return unknown_element(expr, parent);
  if (!certain || !any) result.types.clear();
  return result;
}

}  // namespace bhi::fhirpath
