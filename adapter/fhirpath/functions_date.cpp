// Components of dates and times. https://build.fhir.org/ig/HL7/FHIRPath/#extract-datedatetimetime-components
#include "fhirpath/functions.h"
#include "fhirpath/number.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

using fhir::DateTime;
using fhir::Precision;
using fhir::Time;

enum class Part { Year, Month, Day, Hour, Minute, Second, Millisecond };

std::optional<std::int64_t> part_of(const Time& time, Part part) {
  switch (part) {
    case Part::Hour: return time.precision >= Precision::Hour ? std::optional<std::int64_t>(time.hour) : std::nullopt;
    case Part::Minute:
      return time.precision >= Precision::Minute ? std::optional<std::int64_t>(time.minute) : std::nullopt;
    case Part::Second:
      return time.precision >= Precision::Second ? std::optional<std::int64_t>(time.second) : std::nullopt;
    case Part::Millisecond:
      return time.fraction_digits > 0 ? std::optional<std::int64_t>(time.nanosecond / 1'000'000) : std::nullopt;
    default: return std::nullopt;
  }
}

std::optional<std::int64_t> part_of(const DateTime& date, Part part) {
  switch (part) {
    case Part::Year: return date.year;
    case Part::Month:
      return date.precision >= Precision::Month ? std::optional<std::int64_t>(date.month) : std::nullopt;
    case Part::Day: return date.precision >= Precision::Day ? std::optional<std::int64_t>(date.day) : std::nullopt;
    default: {
      if (!date.has_time()) return std::nullopt;
      Time time = date.time;
      time.precision = date.precision;
      return part_of(time, part);
    }
  }
}

bool temporal_input(Evaluator& evaluator, const Expr& call, Collection input, const Item*& item) {
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null()) {
    item = nullptr;
    return true;
  }
  if (date_time_of(*item) || time_of(*item)) return true;
  return evaluator.fail(call, Kind::Incorrect,
                        "expected a Date, DateTime or Time before " + std::string(call.text) + "(), found " +
                            std::string(type_name(*item)));
}

template <Part kPart>
bool component(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!temporal_input(evaluator, call, input, item)) return false;
  if (item == nullptr) return true;
  const auto date = date_time_of(*item);
  const auto time = date ? std::nullopt : time_of(*item);
  const auto value = date ? part_of(*date, kPart) : time ? part_of(*time, kPart) : std::nullopt;
  if (value) out.push_back(integer_item(*value, evaluator.arena()));
  return true;
}

// Hours, as a decimal: -7.0, 5.5.
bool timezone_offset_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!temporal_input(evaluator, call, input, item)) return false;
  const auto date = item != nullptr ? date_time_of(*item) : std::nullopt;
  if (!date || !date->offset_minutes) return true;
  const auto hours = divide(fhir::Decimal(*date->offset_minutes), fhir::Decimal(60));
  if (hours) out.push_back(decimal_item(*hours, evaluator.arena()));
  return true;
}

bool date_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!temporal_input(evaluator, call, input, item)) return false;
  if (item == nullptr || !date_time_of(*item)) return true;
  const std::string_view text = item->node->text();
  out.push_back(text_item(system_type::Date, text.substr(0, text.find('T')), evaluator.arena()));
  return true;
}

bool time_of_date(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!temporal_input(evaluator, call, input, item)) return false;
  const auto date = item != nullptr ? date_time_of(*item) : std::nullopt;
  if (!date || !date->has_time()) return true;
  std::string_view text = item->node->text();
  text.remove_prefix(text.find('T') + 1);
  text = text.substr(0, text.find_first_of("Z+-"));
  out.push_back(text_item(system_type::Time, text, evaluator.arena()));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"dateOf", Takes::Moment, 0, 0, "v", Gives::Date, date_of},
    {"dayOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Day>},
    {"hourOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Hour>},
    {"millisecondOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Millisecond>},
    {"minuteOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Minute>},
    {"monthOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Month>},
    {"secondOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Second>},
    {"timeOf", Takes::Moment, 0, 0, "v", Gives::Time, time_of_date},
    {"timezoneOffsetOf", Takes::Moment, 0, 0, "v", Gives::Decimal, timezone_offset_of},
    {"yearOf", Takes::Moment, 0, 0, "v", Gives::Integer, component<Part::Year>},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter date_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
