#include "fhirpath/arithmetic.h"

#include "fhirpath/number.h"
#include "fhirpath/quantity.h"

#include <array>
#include <cmath>
#include <limits>

namespace bhi::fhirpath {

namespace {

using fhir::CalendarUnit;
using fhir::Decimal;

bool wrong_types(Evaluator& evaluator, const Expr& expr, const Item& left, const Item& right) {
  return evaluator.fail(expr, Kind::Incorrect,
                        "expected values that '" + std::string(expr.text) + "' can work on, found " +
                            std::string(type_name(left)) + " and " + std::string(type_name(right)));
}

// What leaves the range of its type is empty (https://hl7.org/fhirpath/#math).
void push_integer(std::optional<std::int64_t> value, bool is_long, Arena& arena, Items& out) {
  if (!value) return;
  if (is_long) {
    Item item = integer_item(*value, arena);
    item.type = &system_type::Long;
    out.push_back(item);
  } else if (*value >= std::numeric_limits<std::int32_t>::min() && *value <= std::numeric_limits<std::int32_t>::max()) {
    out.push_back(integer_item(*value, arena));
  }
}

std::optional<Decimal> calculate(Op op, const Decimal& a, const Decimal& b) {
  switch (op) {
    case Op::Add: return add(a, b);
    case Op::Subtract: return subtract(a, b);
    case Op::Multiply: return multiply(a, b);
    case Op::Divide: return divide(a, b);
    case Op::IntegerDivide: return divide_whole(a, b);
    default: return remainder(a, b);
  }
}

// Numbers that 38 digits cannot hold, as 1e245: calculated as doubles, which have 15 digits but the range.
void approximate(Op op, const Item& left, const Item& right, Arena& arena, Items& out) {
  const auto a = approximation_of(left);
  const auto b = approximation_of(right);
  if (!a || !b || (*b == 0 && op != Op::Add && op != Op::Subtract && op != Op::Multiply)) return;
  double result = 0;
  switch (op) {
    case Op::Add: result = *a + *b; break;
    case Op::Subtract: result = *a - *b; break;
    case Op::Multiply: result = *a * *b; break;
    case Op::Divide: result = *a / *b; break;
    case Op::IntegerDivide: result = std::trunc(*a / *b); break;
    default: result = std::fmod(*a, *b); break;
  }
  if (const auto item = approximate_item(result, arena)) out.push_back(*item);
}

void numbers(Op op, const Item& left, const Item& right, Arena& arena, Items& out) {
  const auto a = decimal_of(left);
  const auto b = decimal_of(right);
  if (!a || !b) return approximate(op, left, right, arena, out);
  const auto result = calculate(op, *a, *b);
  if (!result) return;
  const ValueKind x = value_kind(left);
  const ValueKind y = value_kind(right);
  const bool is_decimal =
      op == Op::Divide || (op != Op::IntegerDivide && (x == ValueKind::Decimal || y == ValueKind::Decimal));
  if (is_decimal) {
    out.push_back(decimal_item(*result, arena));
  } else {
    push_integer(result->to_int64(), x == ValueKind::Long || y == ValueKind::Long, arena, out);
  }
}

struct TimeUnit {
  std::string_view word;  // singular of the calendar word, or UCUM code
  CalendarUnit unit;
};
// UCUM's a and mo are no calendar units: adding them to a date is an error.
constexpr std::array kTimeUnits = std::to_array<TimeUnit>({
    {"year", CalendarUnit::Year},
    {"month", CalendarUnit::Month},
    {"week", CalendarUnit::Week},
    {"day", CalendarUnit::Day},
    {"hour", CalendarUnit::Hour},
    {"minute", CalendarUnit::Minute},
    {"second", CalendarUnit::Second},
    {"millisecond", CalendarUnit::Millisecond},
    {"wk", CalendarUnit::Week},
    {"d", CalendarUnit::Day},
    {"h", CalendarUnit::Hour},
    {"min", CalendarUnit::Minute},
    {"s", CalendarUnit::Second},
    {"ms", CalendarUnit::Millisecond},
});

std::optional<CalendarUnit> time_unit(std::string_view text) {
  for (const TimeUnit& row : kTimeUnits) {
    const bool plural =
        row.word.size() >= 3 && row.word != "min" && text.size() == row.word.size() + 1 && text.ends_with('s');
    if (text == row.word || (plural && text.starts_with(row.word))) return row.unit;
  }
  return std::nullopt;
}

// https://hl7.org/fhirpath/#datetime-arithmetic: fractions of the amount are dropped.
bool moments(Evaluator& evaluator, const Expr& expr, const Item& left, const Item& right, Items& out) {
  const auto measure = measure_of(right);
  if (!measure || value_kind(right) != ValueKind::Quantity) return wrong_types(evaluator, expr, left, right);
  const auto unit = time_unit(measure->unit);
  if (!unit) {
    return evaluator.fail(expr, Kind::Incorrect,
                          "expected a duration in units of the calendar, found '" + std::string(measure->unit) + "'");
  }
  const auto whole = measure->value.truncate().to_int64();
  if (!whole) return true;
  const std::int64_t amount = expr.op == Op::Subtract ? -*whole : *whole;
  Arena& arena = evaluator.arena();
  const auto push = [&](const auto& moved, const fhir::TypeInfo* type) {
    if (moved) out.push_back(text_item(*type, arena.copy(std::string_view(fhir::to_text(*moved))), arena));
  };
  const fhir::TypeInfo* type = system_type_of(value_kind(left));
  if (value_kind(left) == ValueKind::Time) {
    if (*unit < CalendarUnit::Hour) return wrong_types(evaluator, expr, left, right);
    const auto time = time_of(left);
    if (time) push(fhir::plus(*time, amount, *unit), type);
    return true;
  }
  const auto date = date_time_of(left);
  if (date) push(fhir::plus(*date, amount, *unit), type);
  return true;
}

bool quantities(Evaluator& evaluator, const Expr& expr, const Item& left, const Item& right, Items& out) {
  auto a = measure_of(left);
  auto b = measure_of(right);
  if (!a || !b) return true;
  Arena& arena = evaluator.arena();
  std::optional<Measure> result;
  switch (expr.op) {
    case Op::Add: result = add(*a, *b); break;
    case Op::Subtract:
      b->value = -b->value;
      result = add(*a, *b);
      break;
    case Op::Multiply: result = multiply(*a, *b, arena); break;
    case Op::Divide: result = divide(*a, *b, arena); break;
    default: return wrong_types(evaluator, expr, left, right);
  }
  if (result) out.push_back(measure_item(*result, arena));
  return true;
}

bool operate(Evaluator& evaluator, const Expr& expr, const Item& left, const Item& right, Items& out) {
  const ValueKind x = value_kind(left);
  const ValueKind y = value_kind(right);
  if (x == ValueKind::Missing || y == ValueKind::Missing) return true;
  if (is_number(x) && is_number(y)) {
    numbers(expr.op, left, right, evaluator.arena(), out);
    return true;
  }
  if (expr.op == Op::Add && x == ValueKind::String && y == ValueKind::String) {
    std::string both(left.node->text());
    both += right.node->text();
    return evaluator.push_text(expr, both, out);
  }
  const bool adding = expr.op == Op::Add || expr.op == Op::Subtract;
  if (adding && is_temporal(x)) return moments(evaluator, expr, left, right, out);
  const bool quantity = x == ValueKind::Quantity || y == ValueKind::Quantity;
  if (quantity && (is_number(x) || x == ValueKind::Quantity) && (is_number(y) || y == ValueKind::Quantity)) {
    return quantities(evaluator, expr, left, right, out);
  }
  return wrong_types(evaluator, expr, left, right);
}

bool operand(Evaluator& evaluator, const Expr& whole, const Expr& part, const Frame& frame, Items& items) {
  if (!evaluator.evaluate(part, frame, items)) return false;
  if (items.size() <= 1) return true;
  return evaluator.fail(
      part, Kind::Incorrect,
      "expected at most one item beside '" + std::string(whole.text) + "', found " + std::to_string(items.size()));
}

bool fold(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Items left(evaluator.arena());
  if (!operand(evaluator, expr, *expr.args[0], frame, left)) return false;
  for (const Expr* part : expr.args.subspan(1)) {
    Items right(evaluator.arena());
    if (!operand(evaluator, expr, *part, frame, right)) return false;
    if (left.empty()) continue;
    if (right.empty()) {
      left.clear();
      continue;
    }
    Items result(evaluator.arena());
    if (!operate(evaluator, expr, left[0], right[0], result)) return false;
    left.clear();
    left.append(result);
  }
  out.append(left);
  return true;
}

// & treats nothing as an empty text. https://hl7.org/fhirpath/#string-concatenation
bool concatenate(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  std::string all;
  for (const Expr* part : expr.args) {
    Items items(evaluator.arena());
    if (!operand(evaluator, expr, *part, frame, items)) return false;
    if (items.empty() || items[0].node->is_null()) continue;
    if (value_kind(items[0]) != ValueKind::String) {
      return evaluator.fail(
          *part, Kind::Incorrect,
          "expected a String beside '&', found " + std::string(type_name(items[0])) + " (use toString())");
    }
    const std::string_view text = items[0].node->text();
    if (!evaluator.may_make(expr, all.size() + text.size())) return false;
    all += text;
  }
  return evaluator.push_text(expr, all, out);
}

bool sign(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Items items(evaluator.arena());
  if (!operand(evaluator, expr, *expr.args[0], frame, items)) return false;
  if (items.empty() || items[0].node->is_null()) return true;
  const Item& item = items[0];
  const auto measure = measure_of(item);
  if (!measure) {
    return evaluator.fail(
        expr, Kind::Incorrect,
        "expected a number behind '" + std::string(expr.text) + "', found " + std::string(type_name(item)));
  }
  if (expr.op == Op::Plus) {
    out.push_back(item);
    return true;
  }
  Arena& arena = evaluator.arena();
  if (value_kind(item) == ValueKind::Quantity) {
    out.push_back(measure_item({-measure->value, measure->unit, measure->calendar}, arena));
  } else if (value_kind(item) == ValueKind::Decimal) {
    out.push_back(decimal_item(-measure->value, arena));
  } else {
    push_integer((-measure->value).to_int64(), value_kind(item) == ValueKind::Long, arena, out);
  }
  return true;
}

}  // namespace

bool run_arithmetic(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  switch (expr.op) {
    case Op::Negate:
    case Op::Plus: return sign(evaluator, expr, frame, out);
    case Op::Concatenate: return concatenate(evaluator, expr, frame, out);
    default: return fold(evaluator, expr, frame, out);
  }
}

}  // namespace bhi::fhirpath
