#include "fhirpath/quantity.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

using fhir::Decimal;
using fhir::Node;

struct Names {
  const fhir::Name& value = fhir::intern("value");
  const fhir::Name& unit = fhir::intern("unit");
  const fhir::Name& system = fhir::intern("system");
  const fhir::Name& code = fhir::intern("code");
  const fhir::Name& comparator = fhir::intern("comparator");
};

const Names& names() {
  static const Names made;
  return made;
}

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

std::string_view text_of(const Node& object, const fhir::Name& name) {
  const Node* found = object.find(name);
  return found != nullptr && found->is_string() ? found->text() : std::string_view();
}

std::optional<Unit> unit_of(const Measure& measure) {
  return measure.calendar ? calendar_unit(measure.unit) : parse_ucum(measure.unit);
}

// On a scale whose zero is not that of its kind: Celsius, Fahrenheit.
bool is_shifted(const Measure& measure) {
  const auto unit = unit_of(measure);
  return unit && !unit->offset.is_zero();
}

// a * b / c
std::optional<Decimal> scale(const Decimal& a, const Decimal& b, const Decimal& c) {
  const auto product = multiply(a, b);
  return product ? divide(*product, c) : std::nullopt;
}

Order order_of(std::strong_ordering order) {
  return order < 0 ? Order::Less : order > 0 ? Order::Greater : Order::Same;
}

// Calendar years and months as UCUM's a and mo.
Measure definite(Measure measure) {
  if (!measure.calendar) return measure;
  if (measure.unit.starts_with("year")) return {measure.value, "a", false};
  if (measure.unit.starts_with("month")) return {measure.value, "mo", false};
  return measure;
}

std::string_view copied(std::string text, Arena& arena) { return arena.copy(std::string_view(text)); }

std::string grouped(std::string_view unit) {
  const bool one = unit.find_first_of("./") == std::string_view::npos;
  return one ? std::string(unit) : "(" + std::string(unit) + ")";
}

}  // namespace

std::optional<Measure> measure_of(const Item& item) {
  if (const auto number = decimal_of(item)) return Measure{*number, "1", false};
  if (value_kind(item) != ValueKind::Quantity) return std::nullopt;
  const Node& node = *item.node;
  const Node* value = node.find(names().value);
  if (value == nullptr || node.find(names().comparator) != nullptr) return std::nullopt;
  const auto number = Decimal::parse(value->text());
  if (!number) return std::nullopt;
  const std::string_view unit = text_of(node, names().unit);
  const std::string_view code = text_of(node, names().code);
  const std::string_view system = text_of(node, names().system);
  if (item.type == &system_type::Quantity && system.empty())
    return Measure{*number, unit, calendar_unit(unit).has_value()};
  if (!code.empty() && (system == kUcum || system.empty())) return Measure{*number, code, false};
  return Measure{*number, unit.empty() ? (code.empty() ? std::string_view("1") : code) : unit, false};
}

Item measure_item(const Measure& measure, Arena& arena) {
  const std::string digits = measure.value.to_text();
  return measure.calendar ? make_calendar_quantity(digits, measure.unit, arena)
                          : make_quantity(digits, measure.unit, arena);
}

std::string to_text(const Measure& measure) {
  const std::string value = measure.value.to_text();
  return measure.calendar ? value + " " + std::string(measure.unit) : value + " '" + std::string(measure.unit) + "'";
}

std::optional<Measure> parse_measure(std::string_view text) {
  const auto is_part = [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-'; };
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_part) - text.begin());
  const auto value = Decimal::parse(text.substr(0, end));
  if (!value) return std::nullopt;
  std::string_view rest = text.substr(end);
  const std::size_t word = rest.find_first_not_of(" \t\r\n");
  if (word == std::string_view::npos) return rest.empty() ? std::optional(Measure{*value, "1", false}) : std::nullopt;
  rest.remove_prefix(word);
  if (rest.size() >= 2 && rest.front() == '\'' && rest.back() == '\'') {
    return Measure{*value, rest.substr(1, rest.size() - 2), false};
  }
  if (word == 0 || !calendar_unit(rest)) return std::nullopt;
  return Measure{*value, rest, true};
}

std::optional<Decimal> converted(const Measure& from, std::string_view unit, bool calendar) {
  if (from.unit == unit && from.calendar == calendar) return from.value;
  const auto source = unit_of(from);
  const auto target = unit_of({from.value, unit, calendar});
  if (!source || !target || !source->converts_to(*target)) return std::nullopt;
  const auto up = multiply(source->numerator, target->denominator);
  const auto down = multiply(source->denominator, target->numerator);
  const auto shifted = add(from.value, source->offset);
  const auto value = up && down && shifted ? scale(*shifted, *up, *down) : std::nullopt;
  return value ? subtract(*value, target->offset) : std::nullopt;
}

bool comparable(const Measure& a, const Measure& b) {
  if (a.unit == b.unit && a.calendar == b.calendar) return true;
  const auto left = unit_of(a);
  const auto right = unit_of(b);
  return left && right && left->converts_to(*right);
}

Order compare(const Measure& a, const Measure& b) {
  if (a.unit == b.unit && a.calendar == b.calendar) return order_of(a.value <=> b.value);
  const auto left = unit_of(a);
  const auto right = unit_of(b);
  if (!left || !right || !left->converts_to(*right)) return Order::Unknown;
  // a * la / lb against b * ra / rb, without a quotient: exact as long as the digits suffice.
  const auto up = multiply(left->numerator, right->denominator);
  const auto down = multiply(right->numerator, left->denominator);
  if (!up || !down) return Order::Unknown;
  const auto from_a = add(a.value, left->offset);
  const auto from_b = add(b.value, right->offset);
  const auto x = from_a ? multiply(*from_a, *up) : std::nullopt;
  const auto y = from_b ? multiply(*from_b, *down) : std::nullopt;
  return x && y ? order_of(*x <=> *y) : Order::Unknown;
}

bool equivalent(const Measure& a, const Measure& b) {
  const Measure left = definite(a);
  const Measure right = definite(b);
  if (compare(left, right) == Order::Same) return true;
  // To the digits of the less precise, in the unit of either: 4 'g' ~ 4040 'mg'.
  const auto rounded_in = [](const Measure& one, const Measure& other) {
    const auto value = converted(other, one.unit, one.calendar);
    if (!value) return false;
    const int places = std::min(one.value.scale(), value->scale());
    return one.value.round(places) == value->round(places);
  };
  return rounded_in(left, right) || rounded_in(right, left);
}

std::optional<Measure> add(const Measure& a, const Measure& b) {
  // A temperature plus a temperature of another scale: which of them is a difference, nobody said.
  const bool shifted = a.unit != b.unit && (is_shifted(a) || is_shifted(b));
  const auto value = shifted ? std::nullopt : converted(b, a.unit, a.calendar);
  if (!value) return std::nullopt;
  const auto sum = add(a.value, *value);
  return sum ? std::optional(Measure{*sum, a.unit, a.calendar}) : std::nullopt;
}

std::optional<Measure> multiply(const Measure& a, const Measure& b, Arena& arena) {
  const auto product = multiply(a.value, b.value);
  if (!product) return std::nullopt;
  if (b.unit == "1") return Measure{*product, a.unit, a.calendar};
  if (a.unit == "1") return Measure{*product, b.unit, b.calendar};
  if (a.calendar || b.calendar) return std::nullopt;
  return Measure{*product, copied(grouped(a.unit) + "." + grouped(b.unit), arena), false};
}

std::optional<Measure> divide(const Measure& a, const Measure& b, Arena& arena) {
  const auto quotient = divide(a.value, b.value);
  if (!quotient) return std::nullopt;
  if (b.unit == "1") return Measure{*quotient, a.unit, a.calendar};
  if (a.unit == b.unit && a.calendar == b.calendar) return Measure{*quotient, "1", false};
  if (a.calendar || b.calendar) return std::nullopt;
  return Measure{*quotient, copied((a.unit == "1" ? std::string() : grouped(a.unit)) + "/" + grouped(b.unit), arena),
                 false};
}

}  // namespace bhi::fhirpath
