// What a value of limited precision can mean at least and at most.
// https://build.fhir.org/ig/HL7/FHIRPath/#boundary-functions
#include "fhirpath/functions.h"
#include "fhirpath/number.h"
#include "fhirpath/quantity.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace bhi::fhirpath {

namespace {

using fhir::DateTime;
using fhir::Decimal;
using fhir::Precision;
using fhir::Time;

enum class Side { Low, High };

constexpr std::int64_t kMostPlaces = 28;
constexpr std::int64_t kDefaultPlaces = 8;

// Digits that a written date or time of some precision has: 2014 is 4, 2014-01 is 6, with milliseconds 17.
constexpr std::int64_t kDigitsOfDay = 8;
constexpr std::int64_t kDigitsOfMoment = 17;
constexpr std::int64_t kDigitsOfTime = 9;

std::string with_places(const Decimal& value, int places) {
  std::string text = value.to_text();
  if (value.scale() >= places) return text;
  if (value.scale() == 0) text += '.';
  return text.append(static_cast<std::size_t>(places - value.scale()), '0');
}

// Half a unit of the last digit to either side. Away from zero the result is rounded, towards it cut, as the published
// cases of the specification have it.
std::optional<std::string> boundary(const Decimal& value, Side side, std::int64_t places) {
  if (places < 0 || places > kMostPlaces) return std::nullopt;
  const auto half = Decimal::parse("0." + std::string(static_cast<std::size_t>(value.scale()), '0') + "5");
  if (!half) return std::nullopt;
  const auto limit = side == Side::Low ? subtract(value, *half) : add(value, *half);
  if (!limit) return std::nullopt;
  const int kept = static_cast<int>(places);
  const bool outwards = (side == Side::Low) == value.is_negative();
  Decimal result = limit->round(kept);
  if (!outwards && limit->scale() > kept) {
    // Cutting: as rounding, but never past the limit towards more than it.
    const bool beyond = limit->is_negative() ? result < *limit : result > *limit;
    if (beyond) {
      const auto step = Decimal::parse("1e-" + std::to_string(kept));
      const auto back = step ? (limit->is_negative() ? add(result, *step) : subtract(result, *step)) : std::nullopt;
      if (!back) return std::nullopt;
      result = *back;
    }
  }
  // Which side of zero a vanished value lay on is kept: -0.0.
  const bool below = result.is_zero() && side == Side::Low && value.is_negative();
  return (below ? "-" : "") + with_places(result, kept);
}

std::uint8_t last_day(const DateTime& date) {
  using namespace std::chrono;
  const year_month_day_last last{year{date.year} / month{date.month} / std::chrono::last};
  return static_cast<std::uint8_t>(static_cast<unsigned>(last.day()));
}

Precision precision_of_digits(std::int64_t digits) {
  return digits <= 4    ? Precision::Year
         : digits <= 6  ? Precision::Month
         : digits <= 8  ? Precision::Day
         : digits <= 10 ? Precision::Hour
         : digits <= 12 ? Precision::Minute
                        : Precision::Second;
}

// What lies below the precision, filled up to its least or most. With milliseconds where seconds are filled.
void fill_time(Time& time, Precision from, Side side) {
  const bool high = side == Side::High;
  if (from < Precision::Hour) time.hour = high ? 23 : 0;
  // An hour alone is no time in FHIR: it counts as its first minute.
  if (from < Precision::Minute) time.minute = high && from != Precision::Hour ? 59 : 0;
  if (from < Precision::Second) time.second = high ? 59 : 0;
  if (from < Precision::Second || time.fraction_digits == 0) {
    time.nanosecond = high ? 999'000'000 : 0;
    time.fraction_digits = 3;
  }
}

std::optional<std::string> boundary(DateTime date, bool is_date, Side side, std::int64_t digits) {
  const std::int64_t most = is_date ? kDigitsOfDay : kDigitsOfMoment;
  if (digits < 4 || digits > most) return std::nullopt;
  const bool high = side == Side::High;
  const Precision from = date.precision;
  if (from < Precision::Month) date.month = high ? 12 : 1;
  if (from < Precision::Day) date.day = high ? last_day(date) : std::uint8_t{1};
  fill_time(date.time, from, side);
  date.precision = precision_of_digits(digits);
  date.time.precision = std::max(date.precision, Precision::Hour);
  if (digits < kDigitsOfMoment) date.time.fraction_digits = 0;
  if (!date.has_time()) {
    date.offset_minutes.reset();
  } else if (!date.offset_minutes) {
    date.offset_minutes = static_cast<std::int16_t>(high ? -12 * 60 : 14 * 60);
  }
  return fhir::to_text(date);
}

std::optional<std::string> boundary(Time time, Side side, std::int64_t digits) {
  if (digits < 2 || digits > kDigitsOfTime) return std::nullopt;
  fill_time(time, time.precision, side);
  time.precision = digits <= 2 ? Precision::Hour : digits <= 4 ? Precision::Minute : Precision::Second;
  if (digits < kDigitsOfTime) time.fraction_digits = 0;
  return fhir::to_text(time);
}

template <Side kSide>
bool limit(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  const Item* item = nullptr;
  std::optional<std::int64_t> asked;
  if (!evaluator.single(call, input, item)) return false;
  if (!call.args.empty() && !evaluator.integer_argument(call, 0, frame, asked)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  Arena& arena = evaluator.arena();
  const ValueKind kind = value_kind(*item);
  std::optional<std::string> made;
  const fhir::TypeInfo* type = system_type_of(kind);
  if (is_number(kind)) {
    const auto value = decimal_of(*item);
    made = value ? boundary(*value, kSide, asked.value_or(kDefaultPlaces)) : std::nullopt;
    if (made) out.push_back(number_item(system_type::Decimal, arena.copy(std::string_view(*made)), arena));
    return true;
  }
  if (kind == ValueKind::Quantity) {
    const auto measure = measure_of(*item);
    made = measure ? boundary(measure->value, kSide, asked.value_or(kDefaultPlaces)) : std::nullopt;
    if (!made) return true;
    out.push_back(measure->calendar ? make_calendar_quantity(*made, measure->unit, arena)
                                    : make_quantity(*made, measure->unit, arena));
    return true;
  }
  if (kind == ValueKind::Time) {
    const auto time = time_of(*item);
    made = time ? boundary(*time, kSide, asked.value_or(kDigitsOfTime)) : std::nullopt;
  } else if (kind == ValueKind::Date || kind == ValueKind::DateTime) {
    const bool is_date = kind == ValueKind::Date;
    const auto date = date_time_of(*item);
    made =
        date ? boundary(*date, is_date, kSide, asked.value_or(is_date ? kDigitsOfDay : kDigitsOfMoment)) : std::nullopt;
  } else {
    return evaluator.fail(call, Kind::Incorrect,
                          "expected a number, quantity, date or time before " + std::string(call.text) + "(), found " +
                              std::string(type_name(*item)));
  }
  if (made) out.push_back(text_item(*type, arena.copy(std::string_view(*made)), arena));
  return true;
}

std::int64_t digits_of(const Time& time, Precision precision) {
  if (precision == Precision::Hour) return 2;
  if (precision == Precision::Minute) return 4;
  return time.fraction_digits > 0 ? kDigitsOfTime : 6;
}

bool precision(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  std::int64_t digits = 0;
  if (const auto number = decimal_of(*item)) {
    digits = number->scale();
  } else if (const auto date = date_time_of(*item)) {
    const std::int64_t of_day = date->precision == Precision::Year ? 4 : date->precision == Precision::Month ? 6 : 8;
    digits = of_day + (date->has_time() ? digits_of(date->time, date->precision) : 0);
  } else if (const auto time = time_of(*item)) {
    digits = digits_of(*time, time->precision);
  } else {
    return evaluator.fail(call, Kind::Incorrect,
                          "expected a number, date or time before precision(), found " + std::string(type_name(*item)));
  }
  out.push_back(integer_item(digits, evaluator.arena()));
  return true;
}

bool comparable_(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  const Item* left = nullptr;
  const Item* right = nullptr;
  Items other(evaluator.arena());
  if (!evaluator.single(call, input, left) || !evaluator.evaluate(*call.args[0], frame, other) ||
      !evaluator.single(call, other, right)) {
    return false;
  }
  if (left == nullptr || right == nullptr) return true;
  const auto a = measure_of(*left);
  const auto b = measure_of(*right);
  out.push_back(boolean_item(a && b && comparable(*a, *b)));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"comparable", Takes::Any, 1, 1, "v", Gives::Boolean, comparable_},
    {"highBoundary", Takes::Bounded, 0, 1, "w", Gives::Unknown, limit<Side::High>},
    {"lowBoundary", Takes::Bounded, 0, 1, "w", Gives::Unknown, limit<Side::Low>},
    {"precision", Takes::Bounded, 0, 0, "v", Gives::Integer, precision},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter boundary_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
