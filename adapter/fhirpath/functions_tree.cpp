// https://hl7.org/fhirpath/#tree-navigation
#include "fhirpath/functions.h"
#include "fhirpath/navigate.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

bool children(Evaluator& evaluator, const Expr&, Collection input, const Frame&, Items& out) {
  for (const Item& item : input) append_all_children(item, evaluator.types(), out);
  return true;
}

// Level by level, as repeat(children()) finds them; in a tree no two nodes are the same, so nothing needs comparing.
bool descendants(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  std::size_t from = out.size();
  for (const Item& item : input) append_all_children(item, evaluator.types(), out);
  while (from < out.size()) {
    const std::size_t until = out.size();
    for (; from < until; ++from) {
      const Item parent = out[from];
      append_all_children(parent, evaluator.types(), out);
    }
    if (!evaluator.spend(call, out.size() - until)) return false;
  }
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"children", Takes::Any, 0, 0, "v", Gives::Unknown, children},
    {"descendants", Takes::Any, 0, 0, "v", Gives::Unknown, descendants},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter tree_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
