// https://hl7.org/fhirpath/#math-1
#include "fhirpath/functions.h"
#include "fhirpath/number.h"
#include "fhirpath/quantity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace bhi::fhirpath {

namespace {

using fhir::Decimal;

// The number before the dot; nothing when the input is empty; anything else is an error.
bool number_input(Evaluator& evaluator, const Expr& call, Collection input, std::optional<Decimal>& out) {
  out.reset();
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  out = decimal_of(*item);
  if (out || is_number(value_kind(*item))) return true;
  return evaluator.fail(
      call, Kind::Incorrect,
      "expected a number before " + std::string(call.text) + "(), found " + std::string(type_name(*item)));
}

bool number_argument(Evaluator& evaluator, const Expr& call, const Frame& frame, std::optional<Decimal>& out) {
  Items items(evaluator.arena());
  if (!evaluator.evaluate(*call.args[0], frame, items)) return false;
  return number_input(evaluator, call, items, out);
}

void push_whole(std::optional<std::int64_t> value, Arena& arena, Items& out) {
  const bool fits =
      value && *value >= std::numeric_limits<std::int32_t>::min() && *value <= std::numeric_limits<std::int32_t>::max();
  if (fits) out.push_back(integer_item(*value, arena));
}

bool abs(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  if (value_kind(*item) == ValueKind::Quantity) {
    const auto measure = measure_of(*item);
    if (measure)
      out.push_back(measure_item({measure->value.abs(), measure->unit, measure->calendar}, evaluator.arena()));
    return true;
  }
  std::optional<Decimal> value;
  if (!number_input(evaluator, call, input, value)) return false;
  if (!value) return true;
  const std::string text = value->abs().to_text();
  out.push_back(number_item(*system_type_of(value_kind(*item)), evaluator.arena().copy(std::string_view(text)),
                            evaluator.arena()));
  return true;
}

template <Decimal (Decimal::*kCut)() const>
bool whole(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  std::optional<Decimal> value;
  if (!number_input(evaluator, call, input, value)) return false;
  if (value) push_whole(((*value).*kCut)().to_int64(), evaluator.arena(), out);
  return true;
}

void push_double(double value, Evaluator& evaluator, Items& out) {
  if (const auto decimal = Decimal::from_double(value)) out.push_back(decimal_item(*decimal, evaluator.arena()));
}

template <double (*kFunction)(double)>
bool real(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  std::optional<Decimal> value;
  if (!number_input(evaluator, call, input, value)) return false;
  if (value) push_double(kFunction(value->to_double()), evaluator, out);
  return true;
}

double exponential(double value) { return std::exp(value); }
double natural_logarithm(double value) { return std::log(value); }
double square_root(double value) { return std::sqrt(value); }

bool log(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<Decimal> value, base;
  if (!number_input(evaluator, call, input, value) || !number_argument(evaluator, call, frame, base)) return false;
  if (!value || !base) return true;
  // Two and ten have functions of their own, which are exact where a quotient of logarithms is not.
  const double x = value->to_double();
  const double b = base->to_double();
  push_double(b == 2 ? std::log2(x) : b == 10 ? std::log10(x) : std::log(x) / std::log(b), evaluator, out);
  return true;
}

// Exact for small whole exponents.
std::optional<Decimal> whole_power(const Decimal& base, std::int64_t exponent) {
  Decimal result(1);
  for (std::int64_t i = 0; i < exponent; ++i) {
    const auto next = multiply(result, base);
    if (!next) return std::nullopt;
    result = *next;
  }
  return result;
}

bool power(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  constexpr std::int64_t kMostSteps = 128;
  std::optional<Decimal> value, exponent;
  if (!number_input(evaluator, call, input, value) || !number_argument(evaluator, call, frame, exponent)) return false;
  if (!value || !exponent) return true;
  const auto steps = exponent->scale() == 0 ? exponent->to_int64() : std::nullopt;
  const bool integer = value_kind(input[0]) != ValueKind::Decimal && steps && *steps >= 0;
  if (steps && *steps >= 0 && *steps <= kMostSteps) {
    const auto result = whole_power(*value, *steps);
    if (result && integer) push_whole(result->to_int64(), evaluator.arena(), out);
    if (result && !integer) out.push_back(decimal_item(*result, evaluator.arena()));
    return true;
  }
  push_double(std::pow(value->to_double(), exponent->to_double()), evaluator, out);
  return true;
}

bool round(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<Decimal> value;
  std::optional<std::int64_t> places = 0;
  if (!number_input(evaluator, call, input, value)) return false;
  if (!call.args.empty() && !evaluator.integer_argument(call, 0, frame, places)) return false;
  if (!value) return true;
  if (places.value_or(0) < 0) {
    return evaluator.fail(call, Kind::Incorrect, "expected round() to at least 0 digits, found a negative number");
  }
  const auto kept = static_cast<int>(std::min<std::int64_t>(places.value_or(0), Decimal::kMaxScale));
  out.push_back(decimal_item(value->round(kept), evaluator.arena()));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"abs", Takes::NumberOrQuantity, 0, 0, "v", Gives::Input, abs},
    {"ceiling", Takes::Number, 0, 0, "v", Gives::Integer, whole<&Decimal::ceiling>},
    {"exp", Takes::Number, 0, 0, "v", Gives::Decimal, real<exponential>},
    {"floor", Takes::Number, 0, 0, "v", Gives::Integer, whole<&Decimal::floor>},
    {"ln", Takes::Number, 0, 0, "v", Gives::Decimal, real<natural_logarithm>},
    {"log", Takes::Number, 1, 1, "#", Gives::Decimal, log},
    {"power", Takes::Number, 1, 1, "#", Gives::Unknown, power},
    {"round", Takes::Number, 0, 1, "w", Gives::Decimal, round},
    {"sqrt", Takes::Number, 0, 0, "v", Gives::Decimal, real<square_root>},
    {"truncate", Takes::Number, 0, 0, "v", Gives::Integer, whole<&Decimal::truncate>},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter math_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
