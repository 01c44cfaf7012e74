// https://hl7.org/fhirpath/#combining
#include "fhirpath/equality.h"
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

bool union_(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items both(evaluator.arena());
  both.append(input);
  if (!evaluator.evaluate(*call.args[0], frame, both)) return false;
  return append_distinct(evaluator, call, both, out);
}

bool combine(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  out.append(input);
  return evaluator.evaluate(*call.args[0], frame, out);
}

bool coalesce(Evaluator& evaluator, const Expr& call, Collection, const Frame& frame, Items& out) {
  const std::size_t before = out.size();
  for (const Expr* argument : call.args) {
    if (!evaluator.evaluate(*argument, frame, out)) return false;
    if (out.size() > before) break;
  }
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"coalesce", Takes::Any, 1, 255, "v", Gives::Unknown, coalesce},
    {"combine", Takes::Any, 1, 1, "v", Gives::Unknown, combine},
    {"union", Takes::Any, 1, 1, "v", Gives::Unknown, union_},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter combining_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
