// Equality, equivalence and order of items. https://hl7.org/fhirpath/#equality, #equivalence, #comparison
// An empty answer means: cannot be said (dates of unlike precision, units that do not convert).
#pragma once

#include "fhirpath/evaluator.h"

#include <compare>
#include <optional>

namespace bhi::fhirpath {

// What comparing may cost: one for each value looked at. When it is used up every answer is "no", and the caller,
// who pays `used` to the evaluator, learns there that the budget is exhausted.
struct Effort {
  std::size_t most;
  std::size_t used = 0;

  bool take() { return ++used <= most; }
};

std::optional<bool> equal(const Item& a, const Item& b, Effort& effort);
bool equivalent(const Item& a, const Item& b, Effort& effort);

// Collections: equal in number and order; equivalent whatever the order. Both sides not empty.
std::optional<bool> equal(Collection a, Collection b, Effort& effort);
bool equivalent(Collection a, Collection b, Effort& effort);

// True only where equality is certain; what distinct, union, in, contains, intersect and exclude go by.
[[nodiscard]] bool contains_equal(Evaluator& evaluator, const Expr& where, Collection items, const Item& wanted,
                                  bool& found);

// Appends those of `items` that are not yet among what this call appended or `out` held from `first` on.
[[nodiscard]] bool append_distinct(Evaluator& evaluator, const Expr& where, Collection items, Items& out,
                                   std::size_t first);
[[nodiscard]] inline bool append_distinct(Evaluator& evaluator, const Expr& where, Collection items, Items& out) {
  return append_distinct(evaluator, where, items, out, out.size());
}

enum class Order : std::uint8_t {
  Less,
  Same,
  Greater,
  Unknown,       // comparable kinds, but these two cannot be told apart (precision, units)
  Incomparable,  // kinds that have no order between them: an error
};

Order compare(const Item& a, const Item& b);

}  // namespace bhi::fhirpath
