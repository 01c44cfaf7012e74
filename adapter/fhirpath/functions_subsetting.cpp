// https://hl7.org/fhirpath/#subsetting
#include "fhirpath/equality.h"
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

bool single(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item != nullptr) out.push_back(*item);
  return true;
}

bool first(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  if (!input.empty()) out.push_back(input.front());
  return true;
}

bool last(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  if (!input.empty()) out.push_back(input.back());
  return true;
}

bool tail(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  if (!input.empty()) out.append(input.subspan(1));
  return true;
}

// `number` of the argument, held between 0 and the size of the input.
bool bounded(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, std::size_t& number) {
  std::optional<std::int64_t> given;
  if (!evaluator.integer_argument(call, 0, frame, given)) return false;
  number =
      static_cast<std::size_t>(std::clamp<std::int64_t>(given.value_or(0), 0, static_cast<std::int64_t>(input.size())));
  return true;
}

bool skip(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::size_t number = 0;
  if (!bounded(evaluator, call, input, frame, number)) return false;
  out.append(input.subspan(number));
  return true;
}

bool take(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::size_t number = 0;
  if (!bounded(evaluator, call, input, frame, number)) return false;
  out.append(input.first(number));
  return true;
}

bool intersect(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items other(evaluator.arena());
  if (!evaluator.evaluate(*call.args[0], frame, other)) return false;
  Items both(evaluator.arena());
  for (const Item& item : input) {
    bool found = false;
    if (!contains_equal(evaluator, call, other, item, found)) return false;
    if (found) both.push_back(item);
  }
  return append_distinct(evaluator, call, both, out);
}

bool exclude(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items other(evaluator.arena());
  if (!evaluator.evaluate(*call.args[0], frame, other)) return false;
  for (const Item& item : input) {
    bool found = false;
    if (!contains_equal(evaluator, call, other, item, found)) return false;
    if (!found) out.push_back(item);
  }
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"exclude", Takes::Any, 1, 1, "v", Gives::Input, exclude},
    {"first", Takes::Any, 0, 0, "v", Gives::Input, first},
    {"intersect", Takes::Any, 1, 1, "v", Gives::Input, intersect},
    {"last", Takes::Any, 0, 0, "v", Gives::Input, last},
    {"single", Takes::Any, 0, 0, "v", Gives::Input, single},
    {"skip", Takes::Any, 1, 1, "w", Gives::Input, skip},
    {"tail", Takes::Any, 0, 0, "v", Gives::Input, tail},
    {"take", Takes::Any, 1, 1, "w", Gives::Input, take},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter subsetting_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
