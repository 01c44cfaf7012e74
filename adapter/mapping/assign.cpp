#include "mapping/assign.h"

#include "fhirpath/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace bhi::mapping {

namespace {

using fhir::Member;
using fhir::Node;
using fhir::NodeKind;
using fhir::TypeInfo;
using fhir::TypeKind;
using fhirpath::Item;
using fhirpath::ValueKind;

enum class Shape : std::uint8_t {
  Text,
  Code,
  Boolean,
  Integer,
  Unsigned,
  Positive,
  Decimal,
  Date,
  DateTime,
  Instant,
  Time
};

struct PrimitiveRow {
  std::string_view name;
  Shape shape;
};

// Primitives that are not plain text.
constexpr std::array kPrimitives = std::to_array<PrimitiveRow>({
    {"boolean", Shape::Boolean},
    {"code", Shape::Code},
    {"date", Shape::Date},
    {"dateTime", Shape::DateTime},
    {"decimal", Shape::Decimal},
    {"instant", Shape::Instant},
    {"integer", Shape::Integer},
    {"integer64", Shape::Integer},
    {"positiveInt", Shape::Positive},
    {"time", Shape::Time},
    {"unsignedInt", Shape::Unsigned},
});

Shape shape_of(const TypeInfo& type) {
  const auto found = std::ranges::find(kPrimitives, type.name, &PrimitiveRow::name);
  return found == kPrimitives.end() ? Shape::Text : found->shape;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "dddd-dd" against a text: d is a digit, all else stands for itself.
bool fits(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == 'd' ? !(text[i] >= '0' && text[i] <= '9') : text[i] != pattern[i]) return false;
  }
  return true;
}

bool is_date(std::string_view text) { return fits(text, "dddd") || fits(text, "dddd-dd") || fits(text, "dddd-dd-dd"); }

bool is_time(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot != std::string_view::npos && !is_digits(text.substr(dot + 1))) return false;
  return fits(text.substr(0, dot), "dd:dd:dd");
}

bool is_zone(std::string_view text) { return text == "Z" || fits(text, "+dd:dd") || fits(text, "-dd:dd"); }

// YYYY-MM-DDThh:mm:ss(.fff)zone
bool is_instant(std::string_view text) {
  if (text.size() < 20 || !fits(text.substr(0, 11), "dddd-dd-ddT")) return false;
  const std::string_view rest = text.substr(11);
  const std::size_t zone = rest.find_first_of("Z+-");
  return zone != std::string_view::npos && is_time(rest.substr(0, zone)) && is_zone(rest.substr(zone));
}

bool is_number(std::string_view text, bool whole) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t end_of_int = text.find_first_not_of("0123456789");
  const std::string_view digits = text.substr(0, end_of_int);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return false;
  if (end_of_int == std::string_view::npos) return true;
  if (whole) return false;
  const std::string_view rest = text.substr(end_of_int);
  const std::size_t exponent = rest.find_first_of("eE");
  if (rest.starts_with('.') &&
      !is_digits(rest.substr(1, exponent == std::string_view::npos ? exponent : exponent - 1))) {
    return false;
  }
  if (!rest.starts_with('.') && exponent != 0) return false;
  if (exponent == std::string_view::npos) return true;
  std::string_view power = rest.substr(exponent + 1);
  if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
  return is_digits(power);
}

// "3.0" counts as whole: its digits before the point. Empty when the number has a fraction.
std::string_view whole_part(std::string_view number) {
  if (is_number(number, true)) return number;
  const std::size_t dot = number.find('.');
  if (dot == std::string_view::npos || !is_number(number, false)) return {};
  const std::string_view fraction = number.substr(dot + 1);
  return fraction.find_first_not_of('0') == std::string_view::npos ? number.substr(0, dot) : std::string_view{};
}

bool in_range(std::string_view digits, Shape shape) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc{} || end != digits.data() + digits.size()) return false;
  if (shape == Shape::Integer) return true;
  return value >= (shape == Shape::Positive ? 1 : 0) && value <= 2147483647;
}

NodeKind kind_of(Shape shape) {
  switch (shape) {
    case Shape::Boolean: return NodeKind::Boolean;
    case Shape::Integer:
    case Shape::Unsigned:
    case Shape::Positive:
    case Shape::Decimal: return NodeKind::Number;
    case Shape::Text:
    case Shape::Code:
    case Shape::Date:
    case Shape::DateTime:
    case Shape::Instant:
    case Shape::Time: return NodeKind::String;
  }
  return NodeKind::String;
}

constexpr std::string_view kFormOf[] = {"a text",
                                        "a code without blanks at its ends",
                                        "true or false",
                                        "a whole number",
                                        "a whole number from 0",
                                        "a whole number from 1",
                                        "a decimal number",
                                        "a date (YYYY, YYYY-MM or YYYY-MM-DD)",
                                        "a dateTime",
                                        "an instant with zone",
                                        "a time (hh:mm:ss)"};

std::optional<Node> converted(std::string_view text, NodeKind kind, Shape shape, Arena& arena) {
  switch (shape) {
    case Shape::Text: return Node::string(text);
    case Shape::Code:
      if (text.empty() || text.front() == ' ' || text.back() == ' ') return std::nullopt;
      return Node::string(text);
    case Shape::Boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Node::boolean(text == "true");
    case Shape::Integer:
    case Shape::Unsigned:
    case Shape::Positive: {
      const std::string_view digits = whole_part(text);
      if (digits.empty() || !in_range(digits, shape)) return std::nullopt;
      return Node::number(digits);
    }
    case Shape::Decimal:
      if (!is_number(text, false)) return std::nullopt;
      return Node::number(text);
    case Shape::Date:
      if (kind != NodeKind::String) return std::nullopt;
      if (is_date(text)) return Node::string(text);
      if (is_instant(text)) return Node::string(text.substr(0, 10));
      return std::nullopt;
    case Shape::DateTime:
      if (kind != NodeKind::String || !(is_date(text) || is_instant(text))) return std::nullopt;
      return Node::string(text);
    case Shape::Instant:
      if (kind != NodeKind::String || !is_instant(text)) return std::nullopt;
      return Node::string(text);
    case Shape::Time: {
      if (kind != NodeKind::String) return std::nullopt;
      if (text.starts_with('T')) text.remove_prefix(1);
      if (is_time(text)) return Node::string(text);
      if (fits(text, "dd:dd")) return Node::string(arena.copy(std::string_view(std::string(text) + ":00")));
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// What a value of a kind becomes when the element names several types, best first.
struct Preference {
  ValueKind kind;
  std::array<std::string_view, 6> names;
};

constexpr std::array kPreferences = std::to_array<Preference>({
    {ValueKind::Boolean, {"boolean", "string"}},
    {ValueKind::String, {"string", "markdown", "code", "uri", "canonical", "id"}},
    {ValueKind::Integer, {"integer", "positiveInt", "unsignedInt", "decimal", "integer64", "string"}},
    {ValueKind::Long, {"integer64", "integer", "decimal", "string"}},
    {ValueKind::Decimal, {"decimal", "string"}},
    {ValueKind::Date, {"date", "dateTime", "string"}},
    {ValueKind::DateTime, {"dateTime", "instant", "date", "string"}},
    {ValueKind::Time, {"time", "string"}},
    {ValueKind::Quantity, {"Quantity", "SimpleQuantity", "Age", "Duration"}},
});

const TypeInfo* preferred(std::span<const TypeInfo* const> types, ValueKind kind) {
  const auto row = std::ranges::find(kPreferences, kind, &Preference::kind);
  if (row == kPreferences.end()) return nullptr;
  for (const std::string_view name : row->names) {
    const auto found = std::ranges::find(types, name, [](const TypeInfo* type) { return type->name; });
    if (!name.empty() && found != types.end()) return *found;
  }
  return nullptr;
}

bool is_kind_of(const TypeInfo* type, std::string_view name) {
  for (; type != nullptr; type = type->base) {
    if (type->name == name) return true;
  }
  return false;
}

Node object_of(std::string_view name, const Node& value, Arena& arena) {
  const std::array members = {Member{&fhir::intern(name), value}};
  return Node::object(arena.copy(std::span<const Member>(members)));
}

// A complex value from something simpler that means the same; null when there is no such way.
Node wrapped(const Item& value, const TypeInfo& type, Arena& arena) {
  const ValueKind kind = fhirpath::value_kind(value);
  const bool text = kind == ValueKind::String;
  if (type.name == "CodeableConcept" && is_kind_of(value.type, "Coding")) {
    const std::array list = {*value.node};
    return object_of("coding", Node::array(arena.copy(std::span<const Node>(list))), arena);
  }
  if (text && (type.name == "CodeableConcept" || type.name == "Annotation"))
    return object_of("text", *value.node, arena);
  if (text && type.name == "Reference") return object_of("reference", *value.node, arena);
  if (kind == ValueKind::Quantity && is_kind_of(&type, "Quantity")) return *value.node;
  return {};
}

Error mismatch(const TargetNode& parent, const fhir::Name& name, const TargetPlace& where, const Item& value) {
  std::string wanted;
  for (const TypeInfo* type : where.element->types) {
    if (wanted.size() > 60) {
      wanted += ", ...";
      break;
    }
    wanted += (wanted.empty() ? "" : ", ") + std::string(type->name);
  }
  return {Kind::Incorrect, "expected " + wanted + " for " + std::string(parent.type->name) + "." +
                               std::string(name.text) + ", found " + describe(value)};
}

}  // namespace

std::string describe(const Item& value) {
  if (value.type != nullptr) return std::string(value.type->name);
  return value.node->is_object() ? "a value of unknown type" : std::string(fhirpath::type_name(value));
}

Result<Node> convert_primitive(const Item& value, const TypeInfo& type, Arena& arena) {
  const Node& node = *value.node;
  const Shape shape = shape_of(type);
  // The same type is copied as it is: whether a source keeps to its own type is for validation to say.
  if (value.type == &type && node.kind() == kind_of(shape)) return node;
  if (!node.is_object() && !node.is_array() && !node.is_null()) {
    if (const auto made = converted(node.text(), node.kind(), shape, arena)) return *made;
  }
  std::string found = describe(value);
  if (node.is_string()) found += " of " + std::to_string(node.text().size()) + " characters";
  return Error{Kind::Incorrect, "expected " + std::string(type.name) + ", " +
                                    std::string(kFormOf[static_cast<std::size_t>(shape)]) + ", found " + found};
}

const TypeInfo* choose_type(const TargetPlace& where, const Item& value) {
  if (where.chosen != nullptr) return where.chosen;
  const auto types = where.element->types;
  if (value.type != nullptr) {
    for (const TypeInfo* type : types) {
      if (type == value.type) return type;
    }
    for (const TypeInfo* type : types) {  // Patient for Resource; Age for Quantity
      if (value.type->is(*type)) return type->kind == TypeKind::Resource ? value.type : type;
    }
  }
  if (types.size() == 1) return types.front();
  return preferred(types, fhirpath::value_kind(value));
}

Result<TargetNode*> make_node(TargetTree& tree, const Item& value, const TypeInfo* type, Arena& arena) {
  if (type == nullptr) type = value.type;
  if (type != nullptr && fhirpath::is_system(type)) {
    std::string name(type->name);
    if (type->kind == TypeKind::Primitive) name.front() = static_cast<char>(name.front() - 'A' + 'a');
    type = tree.types().find(name);
  }
  if (type == nullptr) return Error{Kind::Incorrect, "expected a value of a known type, found " + describe(value)};
  TargetNode* node = tree.make(*type);
  if (type->kind == TypeKind::Primitive) {
    BHI_TRY(node->value, convert_primitive(value, *type, arena));
    node->companion = value.companion;
    return node;
  }
  const bool same_meaning = value.node->is_object() && (value.type == nullptr || value.type->is(*type));
  node->value = same_meaning ? *value.node : wrapped(value, *type, arena);
  if (node->value.is_null()) {
    return Error{Kind::Incorrect, "expected " + std::string(type->name) + ", found " + describe(value)};
  }
  return node;
}

Result<TargetNode*> assign(TargetTree& tree, TargetNode& parent, const fhir::Name& name, const Item& value,
                           Arena& arena) {
  if (parent.type->kind == TypeKind::Primitive && name.text == "value") {
    BHI_TRY(parent.value, convert_primitive(value, *parent.type, arena));
    return &parent;
  }
  BHI_TRY(const TargetPlace where, tree.find(parent, name));
  return assign(tree, parent, name, where, value, arena);
}

Result<TargetNode*> assign(TargetTree& tree, TargetNode& parent, const fhir::Name& name, const TargetPlace& where,
                           const Item& value, Arena& arena) {
  const TypeInfo* type = choose_type(where, value);
  if (type == nullptr) return mismatch(parent, name, where, value);
  const bool only_companion = value.node->is_null() && value.companion != nullptr && type->kind == TypeKind::Primitive;
  if (only_companion) {
    TargetNode* node = tree.make(*type);
    node->companion = value.companion;
    return tree.place(parent, where, *node);
  }
  Result<TargetNode*> node = make_node(tree, value, type, arena);
  if (!node) {
    return Error{node.error().kind,
                 node.error().message + " (for " + std::string(parent.type->name) + "." + std::string(name.text) + ")"};
  }
  return tree.place(parent, where, **node);
}

}  // namespace bhi::mapping
