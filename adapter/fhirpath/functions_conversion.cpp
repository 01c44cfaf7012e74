// https://hl7.org/fhirpath/#conversion
#include "fhirpath/functions.h"
#include "fhirpath/number.h"
#include "fhirpath/quantity.h"
#include "fhirpath/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace bhi::fhirpath {

namespace {

using fhir::Decimal;
using Converted = std::optional<Item>;

constexpr std::array<std::string_view, 6> kTrue = {"true", "t", "yes", "y", "1", "1.0"};
constexpr std::array<std::string_view, 6> kFalse = {"false", "f", "no", "n", "0", "0.0"};

Converted to_boolean(const Item& item, Arena&) {
  const ValueKind kind = value_kind(item);
  if (kind == ValueKind::Boolean) return boolean_item(item.node->as_boolean());
  if (const auto number = decimal_of(item)) {
    if (*number == Decimal(1)) return boolean_item(true);
    if (number->is_zero()) return boolean_item(false);
  }
  if (kind != ValueKind::String) return std::nullopt;
  const std::string word = lower(item.node->text());
  if (std::ranges::find(kTrue, word) != kTrue.end()) return boolean_item(true);
  if (std::ranges::find(kFalse, word) != kFalse.end()) return boolean_item(false);
  return std::nullopt;
}

// (+|-)?digits
std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with("+")) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> integer_value(const Item& item) {
  switch (value_kind(item)) {
    case ValueKind::Boolean: return item.node->as_boolean() ? 1 : 0;
    case ValueKind::Integer:
    case ValueKind::Long: return integer_of(item);
    case ValueKind::String: return whole_number(item.node->text());
    default: return std::nullopt;
  }
}

Converted to_integer(const Item& item, Arena& arena) {
  const auto value = integer_value(item);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  return integer_item(*value, arena);
}

Converted to_long(const Item& item, Arena& arena) {
  const auto value = integer_value(item);
  if (!value) return std::nullopt;
  Item made = integer_item(*value, arena);
  made.type = &system_type::Long;
  return made;
}

Converted to_decimal(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  if (kind == ValueKind::Boolean)
    return number_item(system_type::Decimal, item.node->as_boolean() ? "1.0" : "0.0", arena);
  if (is_number(kind)) return number_item(system_type::Decimal, item.node->text(), arena);
  if (kind != ValueKind::String || item.node->text().find_first_of("eE") != std::string_view::npos) return std::nullopt;
  const auto value = Decimal::parse(item.node->text());
  return value ? Converted(decimal_item(*value, arena)) : std::nullopt;
}

Converted to_string(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  if (kind == ValueKind::Missing || kind == ValueKind::Complex) return std::nullopt;
  if (kind != ValueKind::Quantity) return string_item(item.node->text(), arena);
  const auto measure = measure_of(item);
  if (!measure) return std::nullopt;
  return string_item(arena.copy(std::string_view(to_text(*measure))), arena);
}

Converted to_date(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  const std::string_view text = item.node->text();
  if (kind == ValueKind::Date || kind == ValueKind::DateTime || kind == ValueKind::String) {
    if (!fhir::parse_date_time(text)) return std::nullopt;
    return text_item(system_type::Date, text.substr(0, text.find('T')), arena);
  }
  return std::nullopt;
}

Converted to_date_time(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  if (kind != ValueKind::Date && kind != ValueKind::DateTime && kind != ValueKind::String) return std::nullopt;
  if (!fhir::parse_date_time(item.node->text())) return std::nullopt;
  return text_item(system_type::DateTime, item.node->text(), arena);
}

Converted to_time(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  if (kind != ValueKind::Time && kind != ValueKind::String) return std::nullopt;
  if (!fhir::parse_time(item.node->text())) return std::nullopt;
  return text_item(system_type::Time, item.node->text(), arena);
}

Converted to_quantity(const Item& item, Arena& arena) {
  const ValueKind kind = value_kind(item);
  if (kind == ValueKind::Boolean) return make_quantity(item.node->as_boolean() ? "1.0" : "0.0", "1", arena);
  const auto measure = kind == ValueKind::String ? parse_measure(item.node->text()) : measure_of(item);
  if (!measure) return std::nullopt;
  return measure_item(*measure, arena);
}

using Convert = Converted (*)(const Item&, Arena&);

template <Convert kConvert>
bool to(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr) return true;
  if (const auto made = kConvert(*item, evaluator.arena())) out.push_back(*made);
  return true;
}

template <Convert kConvert>
bool converts(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item != nullptr) out.push_back(boolean_item(kConvert(*item, evaluator.arena()).has_value()));
  return true;
}

// toQuantity(unit) gives the quantity in that unit, nothing when it does not convert.
bool quantity(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, std::optional<Item>& made) {
  const Item* item = nullptr;
  std::optional<std::string_view> unit;
  if (!evaluator.single(call, input, item)) return false;
  if (!call.args.empty() && !evaluator.text_argument(call, 0, frame, unit)) return false;
  if (item == nullptr) return true;
  made = to_quantity(*item, evaluator.arena());
  if (!made || !unit) return true;
  const auto measure = measure_of(*made);
  const bool calendar = calendar_unit(*unit).has_value();
  const auto value = measure ? converted(*measure, *unit, calendar) : std::nullopt;
  made.reset();
  if (value) made = measure_item({*value, *unit, calendar}, evaluator.arena());
  return true;
}

bool to_quantity_in(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<Item> made;
  if (!quantity(evaluator, call, input, frame, made)) return false;
  if (made) out.push_back(*made);
  return true;
}

bool converts_to_quantity(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<Item> made;
  if (!quantity(evaluator, call, input, frame, made)) return false;
  if (!input.empty()) out.push_back(boolean_item(made.has_value()));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"convertsToBoolean", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_boolean>},
    {"convertsToDate", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_date>},
    {"convertsToDateTime", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_date_time>},
    {"convertsToDecimal", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_decimal>},
    {"convertsToInteger", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_integer>},
    {"convertsToLong", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_long>},
    {"convertsToQuantity", Takes::Any, 0, 1, "s", Gives::Boolean, converts_to_quantity},
    {"convertsToString", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_string>},
    {"convertsToTime", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_time>},
    // What the tutorial of the mapping language calls convertsToInteger; the specification has no such function.
    {"isInteger", Takes::Any, 0, 0, "v", Gives::Boolean, converts<to_integer>},
    {"toBoolean", Takes::Any, 0, 0, "v", Gives::Boolean, to<to_boolean>},
    {"toDate", Takes::Any, 0, 0, "v", Gives::Date, to<to_date>},
    {"toDateTime", Takes::Any, 0, 0, "v", Gives::DateTime, to<to_date_time>},
    {"toDecimal", Takes::Any, 0, 0, "v", Gives::Decimal, to<to_decimal>},
    {"toInteger", Takes::Any, 0, 0, "v", Gives::Integer, to<to_integer>},
    {"toLong", Takes::Any, 0, 0, "v", Gives::Long, to<to_long>},
    {"toQuantity", Takes::Any, 0, 1, "s", Gives::Quantity, to_quantity_in},
    {"toString", Takes::Any, 0, 0, "v", Gives::String, to<to_string>},
    {"toTime", Takes::Any, 0, 0, "v", Gives::Time, to<to_time>},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter conversion_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
