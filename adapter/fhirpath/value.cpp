#include "fhirpath/value.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::fhirpath {

namespace {

using fhir::Node;
using fhir::NodeKind;
using fhir::TypeInfo;
using fhir::TypeKind;

constexpr std::string_view kSystemUrl = "http://hl7.org/fhirpath/System";

constexpr TypeInfo system_info(std::string_view name, TypeKind kind = TypeKind::Primitive) {
  TypeInfo info;
  info.name = name;
  info.url = kSystemUrl;  // this very text: is_system() looks no further
  info.kind = kind;
  return info;
}

}  // namespace

namespace system_type {
const TypeInfo Boolean = system_info("Boolean");
const TypeInfo String = system_info("String");
const TypeInfo Integer = system_info("Integer");
const TypeInfo Long = system_info("Long");
const TypeInfo Decimal = system_info("Decimal");
const TypeInfo Date = system_info("Date");
const TypeInfo DateTime = system_info("DateTime");
const TypeInfo Time = system_info("Time");
const TypeInfo Quantity = system_info("Quantity", TypeKind::Complex);
}  // namespace system_type

namespace {

struct SystemKind {
  const TypeInfo* type;
  ValueKind kind;
};

constexpr std::array kSystemKinds = std::to_array<SystemKind>({
    {&system_type::String, ValueKind::String},
    {&system_type::Boolean, ValueKind::Boolean},
    {&system_type::Integer, ValueKind::Integer},
    {&system_type::Decimal, ValueKind::Decimal},
    {&system_type::Date, ValueKind::Date},
    {&system_type::DateTime, ValueKind::DateTime},
    {&system_type::Time, ValueKind::Time},
    {&system_type::Quantity, ValueKind::Quantity},
    {&system_type::Long, ValueKind::Long},
});

// FHIR primitives; all others are strings. OPTIMIZATION: by length first, because every comparison of two items asks.
ValueKind kind_of_primitive(std::string_view name) {
  switch (name.size()) {
    case 4: return name == "date" ? ValueKind::Date : name == "time" ? ValueKind::Time : ValueKind::String;
    case 7:
      if (name == "integer") return ValueKind::Integer;
      if (name == "decimal") return ValueKind::Decimal;
      if (name == "boolean") return ValueKind::Boolean;
      return name == "instant" ? ValueKind::DateTime : ValueKind::String;
    case 8: return name == "dateTime" ? ValueKind::DateTime : ValueKind::String;
    case 9: return name == "integer64" ? ValueKind::Long : ValueKind::String;
    case 11: return name == "positiveInt" || name == "unsignedInt" ? ValueKind::Integer : ValueKind::String;
    default: return ValueKind::String;
  }
}

ValueKind kind_of_json(const Node& node) {
  switch (node.kind()) {
    case NodeKind::Null: return ValueKind::Missing;
    case NodeKind::Boolean: return ValueKind::Boolean;
    case NodeKind::String: return ValueKind::String;
    case NodeKind::Number:
      return node.text().find_first_of(".eE") == std::string_view::npos ? ValueKind::Integer : ValueKind::Decimal;
    case NodeKind::Array:
    case NodeKind::Object: return ValueKind::Complex;
  }
  return ValueKind::Complex;
}

bool is_quantity(const TypeInfo* type) {
  for (; type != nullptr; type = type->base) {
    if (type->name == "Quantity") return true;
  }
  return false;
}

const Node kTrue = Node::boolean(true);
const Node kFalse = Node::boolean(false);

// Counts and indices are mostly small: their nodes are shared.
constexpr std::size_t kSmallIntegers = 100;
struct SmallIntegers {
  std::array<char, 2 * kSmallIntegers> digits{};
  std::array<Node, kSmallIntegers> nodes{};

  SmallIntegers() {
    for (std::size_t i = 0; i < kSmallIntegers; ++i) {
      digits[2 * i] = static_cast<char>('0' + i / 10);
      digits[2 * i + 1] = static_cast<char>('0' + i % 10);
      const std::size_t length = i < 10 ? 1 : 2;
      nodes[i] = Node::number({digits.data() + 2 * i + (2 - length), length});
    }
  }
  SmallIntegers(const SmallIntegers&) = delete;
};
const SmallIntegers kSmall;

}  // namespace

bool is_system(const TypeInfo* type) { return type != nullptr && type->url.data() == kSystemUrl.data(); }

ValueKind value_kind(const Item& item) {
  if (item.node->is_null()) return ValueKind::Missing;
  if (item.type == nullptr) return kind_of_json(*item.node);
  if (is_system(item.type)) return std::ranges::find(kSystemKinds, item.type, &SystemKind::type)->kind;
  if (item.type->kind == TypeKind::Primitive) return kind_of_primitive(item.type->name);
  if (!item.node->is_object()) return kind_of_json(*item.node);
  return is_quantity(item.type) ? ValueKind::Quantity : ValueKind::Complex;
}

ValueKind value_kind(const TypeInfo& type) {
  for (const SystemKind& row : kSystemKinds) {
    if (row.type == &type) return row.kind;
  }
  if (type.kind == TypeKind::Primitive) return kind_of_primitive(type.name);
  return is_quantity(&type) ? ValueKind::Quantity : ValueKind::Complex;
}

const TypeInfo* known_type(const Item& item) {
  return item.type != nullptr ? item.type : system_type_of(value_kind(item));
}

const TypeInfo* system_type_of(ValueKind kind) {
  const auto found = std::ranges::find(kSystemKinds, kind, &SystemKind::kind);
  return found == kSystemKinds.end() ? nullptr : found->type;
}

std::string_view type_name(const Item& item) {
  if (item.type != nullptr) return item.type->name;
  switch (item.node->kind()) {
    case NodeKind::Boolean: return "Boolean";
    case NodeKind::Number: return "number";
    case NodeKind::String: return "String";
    default: return "item of unknown type";
  }
}

Item boolean_item(bool value) { return {value ? &kTrue : &kFalse, nullptr, &system_type::Boolean}; }

Item integer_item(std::int64_t value, Arena& arena) {
  if (value >= 0 && value < static_cast<std::int64_t>(kSmallIntegers)) {
    return {&kSmall.nodes[static_cast<std::size_t>(value)], nullptr, &system_type::Integer};
  }
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return number_item(system_type::Integer, arena.copy(text), arena);
}

Item string_item(std::string_view text, Arena& arena) { return text_item(system_type::String, text, arena); }

Item text_item(const TypeInfo& type, std::string_view text, Arena& arena) {
  return {arena.make<Node>(Node::string(text)), nullptr, &type};
}

Item number_item(const TypeInfo& type, std::string_view digits, Arena& arena) {
  return {arena.make<Node>(Node::number(digits)), nullptr, &type};
}

namespace {

Item quantity_of(std::span<const fhir::Member> members, Arena& arena) {
  return {arena.make<Node>(Node::object(arena.copy(members))), nullptr, &system_type::Quantity};
}

struct QuantityNames {
  const fhir::Name& value = fhir::intern("value");
  const fhir::Name& unit = fhir::intern("unit");
  const fhir::Name& system = fhir::intern("system");
  const fhir::Name& code = fhir::intern("code");
};

const QuantityNames& quantity_names() {
  static const QuantityNames names;
  return names;
}

}  // namespace

Item make_quantity(std::string_view digits, std::string_view ucum_unit, Arena& arena) {
  const QuantityNames& names = quantity_names();
  const Node unit = Node::string(arena.copy(ucum_unit));
  const std::array members = {
      fhir::Member{&names.value, Node::number(arena.copy(digits))}, fhir::Member{&names.unit, unit},
      fhir::Member{&names.system, Node::string("http://unitsofmeasure.org")}, fhir::Member{&names.code, unit}};
  return quantity_of(members, arena);
}

Item make_calendar_quantity(std::string_view digits, std::string_view unit, Arena& arena) {
  const QuantityNames& names = quantity_names();
  const std::array members = {fhir::Member{&names.value, Node::number(arena.copy(digits))},
                              fhir::Member{&names.unit, Node::string(arena.copy(unit))}};
  return quantity_of(members, arena);
}

}  // namespace bhi::fhirpath
