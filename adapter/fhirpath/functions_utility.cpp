// https://hl7.org/fhirpath/#utility-functions: iif (of the conversion chapter), trace, defineVariable, now
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace bhi::fhirpath {

namespace {

// The criterion and the branches see the input as $this; only the branch taken is evaluated.
bool iif(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  const bool own = call.input != nullptr;
  const Frame inner = own ? Frame{input, frame.index, frame.total} : frame;
  bool truth = false;
  if (!evaluator.evaluate_criterion(*call.args[0], inner, truth)) return false;
  if (truth) return evaluator.evaluate(*call.args[1], inner, out);
  return call.args.size() < 3 || evaluator.evaluate(*call.args[2], inner, out);
}

bool trace(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> name;
  if (!evaluator.text_argument(call, 0, frame, name)) return false;
  Items projected(evaluator.arena());
  if (call.args.size() > 1) {
    Frame inner{{}, 0, frame.total};
    for (std::size_t i = 0; i < input.size(); ++i) {
      inner.focus = input.subspan(i, 1);
      inner.index = static_cast<std::int64_t>(i);
      if (!evaluator.evaluate(*call.args[1], inner, projected)) return false;
    }
  }
  if (evaluator.environment().trace) {
    evaluator.environment().trace(name.value_or(""), call.args.size() > 1 ? projected.all() : input);
  }
  out.append(input);
  return true;
}

// The value (or the input itself) becomes %name for what follows in the path; the resolver gave it a slot.
bool define_variable(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items value(evaluator.arena());
  if (call.args.size() > 1) {
    const Frame inner{input, frame.index, frame.total};
    if (!evaluator.evaluate(*call.args[1], inner, value)) return false;
  } else {
    value.append(input);
  }
  evaluator.set_slot(call.slot, value.keep());
  out.append(input);
  return true;
}

// The moment that was passed in, on the wall clock of the offset that was passed in.
std::string format_moment(const Environment& environment, std::string_view part) {
  using namespace std::chrono;
  const auto local = environment.now + minutes(environment.utc_offset_minutes);
  const auto day = floor<days>(local);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> time(local - day);
  const int offset = environment.utc_offset_minutes;
  std::array<char, 48> text{};
  const auto size = [&](int written) { return std::string(text.data(), static_cast<std::size_t>(written)); };
  const std::string date_text =
      size(std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())));
  if (part == "today") return date_text;
  const std::string time_text =
      size(std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", static_cast<int>(time.hours().count()),
                         static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                         static_cast<int>(time.subseconds().count())));
  if (part == "timeOfDay") return time_text;
  const std::string zone = offset == 0
                               ? std::string("Z")
                               : size(std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset < 0 ? '-' : '+',
                                                    std::abs(offset) / 60, std::abs(offset) % 60));
  return date_text + "T" + time_text + zone;
}

template <const fhir::TypeInfo* kType>
bool moment(Evaluator& evaluator, const Expr& call, Collection, const Frame&, Items& out) {
  const std::string text = format_moment(evaluator.environment(), call.text);
  out.push_back(text_item(*kType, evaluator.arena().copy(std::string_view(text)), evaluator.arena()));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"defineVariable", Takes::Any, 1, 2, "ni", Gives::Input, define_variable},
    {"iif", Takes::Any, 2, 3, "bi", Gives::Argument, iif},
    {"now", Takes::Any, 0, 0, "v", Gives::DateTime, moment<&system_type::DateTime>},
    {"timeOfDay", Takes::Any, 0, 0, "v", Gives::Time, moment<&system_type::Time>},
    {"today", Takes::Any, 0, 0, "v", Gives::Date, moment<&system_type::Date>},
    {"trace", Takes::Any, 1, 2, "se", Gives::Input, trace},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter utility_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
