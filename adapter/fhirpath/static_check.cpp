#include "fhirpath/static_check.h"

#include "fhirpath/value.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bhi::fhirpath {

namespace {

// A set of kinds of value: one bit each.
using Kinds = std::uint32_t;

constexpr Kinds bit(ValueKind kind) { return Kinds{1} << static_cast<unsigned>(kind); }

constexpr Kinds kNumber = bit(ValueKind::Integer) | bit(ValueKind::Long) | bit(ValueKind::Decimal);
constexpr Kinds kDate = bit(ValueKind::Date) | bit(ValueKind::DateTime);
constexpr Kinds kMoment = kDate | bit(ValueKind::Time);
constexpr Kinds kMeasure = kNumber | bit(ValueKind::Quantity);
constexpr Kinds kAny = ~Kinds{0};

constexpr std::array kKinds = std::to_array<ValueKind>(
    {ValueKind::Boolean, ValueKind::String, ValueKind::Integer, ValueKind::Long, ValueKind::Decimal, ValueKind::Date,
     ValueKind::DateTime, ValueKind::Time, ValueKind::Quantity, ValueKind::Complex});

Kinds kinds_of(const StaticType& type) {
  if (!type.known()) return kAny;
  Kinds kinds = 0;
  for (const fhir::TypeInfo* one : type.types) kinds |= is_abstract(*one) ? kAny : bit(value_kind(*one));
  return kinds;
}

struct Wanted {
  Kinds kinds;
  std::string_view words;
};

Wanted wanted(Takes takes) {
  switch (takes) {
    case Takes::Any: return {kAny, {}};
    case Takes::Boolean: return {bit(ValueKind::Boolean), "Booleans"};
    case Takes::String: return {bit(ValueKind::String), "a String"};
    case Takes::Number: return {kNumber, "a number"};
    case Takes::NumberOrQuantity: return {kMeasure, "a number or Quantity"};
    case Takes::Moment: return {kMoment, "a Date, DateTime or Time"};
    case Takes::Bounded: return {kMeasure | kMoment, "a number, Quantity, Date, DateTime or Time"};
  }
  return {kAny, {}};
}

Wanted wanted(char meant) {
  switch (meant) {
    case 's': return {bit(ValueKind::String), "a String"};
    case 'w': return {kNumber, "an Integer"};
    case '#': return {kNumber, "a number"};
    default: return {kAny, {}};
  }
}

Error mismatch(const Expr& where, std::string_view expected, std::string_view beside, const StaticType& found) {
  return error_at(where, Kind::Incorrect,
                  "expected " + std::string(expected) + std::string(beside) + ", found " + to_text(found));
}

std::string quoted(const Expr& expr) { return "'" + std::string(expr.text) + "'"; }

// The kind that + - * / div mod give; nothing when the two do not fit (as arithmetic.cpp judges when running).
std::optional<ValueKind> combined(Op op, ValueKind left, ValueKind right) {
  const Kinds both = bit(left) | bit(right);
  if ((both & ~kNumber) == 0) {
    if (op == Op::Divide) return ValueKind::Decimal;
    if (op != Op::IntegerDivide && (both & bit(ValueKind::Decimal)) != 0) return ValueKind::Decimal;
    return (both & bit(ValueKind::Long)) != 0 ? ValueKind::Long : ValueKind::Integer;
  }
  const bool adding = op == Op::Add || op == Op::Subtract;
  if (op == Op::Add && both == bit(ValueKind::String)) return ValueKind::String;
  if (adding && (bit(left) & kMoment) != 0) return right == ValueKind::Quantity ? std::optional(left) : std::nullopt;
  const bool measures = (both & ~kMeasure) == 0 && op != Op::IntegerDivide && op != Op::Modulo;
  return measures ? std::optional(ValueKind::Quantity) : std::nullopt;
}

// Is there an order between the two? (as equality.cpp judges when running)
bool ordered(ValueKind left, ValueKind right) {
  const Kinds both = bit(left) | bit(right);
  return (both & ~kMeasure) == 0 || (both & ~kDate) == 0 || both == bit(ValueKind::String) ||
         both == bit(ValueKind::Time);
}

bool is_order(Op op) {
  return op == Op::Less || op == Op::LessOrEqual || op == Op::Greater || op == Op::GreaterOrEqual;
}

// The types of the results of all pairs that may be; none when no pair fits.
StaticType results(Op op, Kinds left, Kinds right) {
  StaticType type;
  for (const ValueKind a : kKinds) {
    for (const ValueKind b : kKinds) {
      if ((bit(a) & left) == 0 || (bit(b) & right) == 0) continue;
      if (is_order(op)) {
        if (ordered(a, b)) type.add(&system_type::Boolean);
      } else if (const auto kind = combined(op, a, b)) {
        type.add(system_type_of(*kind));
      }
    }
  }
  return type;
}

Result<StaticType> check_pairs(const Expr& expr, std::span<const StaticType> operands) {
  StaticType left = operands[0];
  for (const StaticType& right : operands.subspan(1)) {
    const StaticType type = results(expr.op, kinds_of(left), kinds_of(right));
    if (!type.known()) {
      return error_at(expr, Kind::Incorrect,
                      is_order(expr.op)
                          ? "expected values that can be compared, found " + to_text(left) + " and " + to_text(right)
                          : "expected values that " + quoted(expr) + " can work on, found " + to_text(left) + " and " +
                                to_text(right));
    }
    left = left.known() && right.known() ? type : StaticType{};
  }
  return left;
}

Result<StaticType> check_sign(const Expr& expr, const StaticType& operand) {
  if ((kinds_of(operand) & kMeasure) == 0) return mismatch(expr, "a number", " behind " + quoted(expr), operand);
  StaticType type;
  for (const ValueKind kind : kKinds) {
    if ((bit(kind) & kinds_of(operand) & kMeasure) != 0) type.add(system_type_of(kind));
  }
  return operand.known() ? type : StaticType{};
}

}  // namespace

Result<void> check_criterion(const Expr& criterion, const StaticType& type) {
  if ((kinds_of(type) & bit(ValueKind::Boolean)) != 0) return {};
  return mismatch(criterion, "a Boolean criterion", {}, type);
}

Result<void> check_input(const Expr& call, const StaticType& input) {
  const Wanted need = wanted(call.function->takes);
  if ((kinds_of(input) & need.kinds) != 0) return {};
  return mismatch(call, need.words, " before " + std::string(call.text) + "()", input);
}

Result<void> check_argument(const Expr& argument, char meant, const StaticType& type) {
  const Wanted need = wanted(meant);
  if ((kinds_of(type) & need.kinds) != 0) return {};
  return mismatch(argument, need.words, {}, type);
}

Result<StaticType> check_operands(const Expr& expr, std::span<const StaticType> operands) {
  switch (expr.op) {
    case Op::Negate:
    case Op::Plus: return check_sign(expr, operands[0]);
    case Op::Multiply:
    case Op::Divide:
    case Op::IntegerDivide:
    case Op::Modulo:
    case Op::Add:
    case Op::Subtract: return check_pairs(expr, operands);
    case Op::Less:
    case Op::LessOrEqual:
    case Op::Greater:
    case Op::GreaterOrEqual: BHI_CHECK(check_pairs(expr, operands)); return StaticType::of(system_type::Boolean);
    case Op::Concatenate:
      for (std::size_t i = 0; i < operands.size(); ++i) {
        if ((kinds_of(operands[i]) & bit(ValueKind::String)) != 0) continue;
        return error_at(*expr.args[i], Kind::Incorrect,
                        "expected a String beside '&', found " + to_text(operands[i]) + " (use toString())");
      }
      return StaticType::of(system_type::String);
    default: return StaticType::of(system_type::Boolean);
  }
}

}  // namespace bhi::fhirpath
