// Running a compiled tree. One Evaluator is one evaluation; it counts steps and stops at the budget.
//
// Results are appended to the caller's Items, so paths, unions and projections build no collections in between.
// A `false` answer means failed: error() says why. Nothing else may be concluded from `out` then.
#pragma once

#include "fhirpath/ast.h"
#include "fhirpath/bundle_index.h"
#include "fhirpath/items.h"
#include "fhirpath/value.h"

#include <optional>
#include <string_view>
#include <vector>

namespace bhi::fhirpath {

// What $this, $index and $total mean at a point of the expression.
struct Frame {
  Collection focus;  // $this; empty or one item, except where a function says otherwise
  std::int64_t index = -1;
  const Collection* total = nullptr;
};

// Reading, comparing or writing so much text: one step for each 64 bytes.
constexpr std::size_t text_steps(std::size_t bytes) { return bytes / 64; }

class Evaluator {
 public:
  Evaluator(const Ast& ast, const Environment& environment, const Item& focus, Arena& arena);

  [[nodiscard]] bool evaluate(const Expr& expr, const Frame& frame, Items& out);

  // Three-valued truth of an expression (singleton evaluation of collections).
  [[nodiscard]] bool evaluate_truth(const Expr& expr, const Frame& frame, std::optional<bool>& out);
  // Truth of a criterion: anything but a boolean (or nothing) is an error here.
  [[nodiscard]] bool evaluate_criterion(const Expr& expr, const Frame& frame, bool& out);

  // Arguments that must be a single value; nothing when the argument is empty.
  [[nodiscard]] bool text_argument(const Expr& call, std::size_t at, const Frame& frame,
                                   std::optional<std::string_view>& out);
  [[nodiscard]] bool integer_argument(const Expr& call, std::size_t at, const Frame& frame,
                                      std::optional<std::int64_t>& out);

  // The only item of an input, null when it is empty; more than one is an error.
  [[nodiscard]] bool single(const Expr& where, Collection input, const Item*& out);
  // The text of a single String input; nothing when empty.
  [[nodiscard]] bool single_text(const Expr& where, Collection input, std::optional<std::string_view>& out);

  // The value of an operand: a literal and $this are looked at where they are, the rest is evaluated into `room`.
  [[nodiscard]] bool look_at(const Expr& expr, const Frame& frame, Items& room, Collection& out);

  bool fail(const Expr& where, Kind kind, std::string_view text);
  bool fail_with(Error error);
  bool spend(const Expr& where, std::size_t steps) {
    steps_ += steps;
    return steps_ <= environment_.budget.max_steps || fail_of_budget(where);
  }
  std::size_t steps_left() const {
    return steps_ > environment_.budget.max_steps ? 0
                                                  : environment_.budget.max_steps - static_cast<std::size_t>(steps_);
  }
  // May a text of this size be made? To be asked before it is.
  [[nodiscard]] bool may_make(const Expr& where, std::size_t bytes);
  // A text made by the expression: copied into the arena and paid by its length, so that texts cannot grow without end.
  [[nodiscard]] bool push_text(const Expr& where, std::string_view made, Items& out);

  Arena& arena() { return arena_; }
  const fhir::Types& types() const { return *types_; }
  const Environment& environment() const { return environment_; }
  const Error& error() const { return *error_; }
  const Item& context() const;        // %context
  const Item& resource() const;       // %resource
  const Item& root_resource() const;  // %rootResource
  // Of the one Bundle that references are looked up in; made when first asked for.
  [[nodiscard]] bool index_of(const Expr& where, const fhir::Node& bundle, const BundleIndex*& out);
  void set_slot(std::uint16_t slot, Collection value) { slots_[slot] = value; }

 private:
  [[nodiscard]] bool member(const Expr& expr, const Frame& frame, Items& out);
  [[nodiscard]] bool type_root(const Expr& expr, const Frame& frame, Items& out);
  [[nodiscard]] bool call(const Expr& expr, const Frame& frame, Items& out);
  [[nodiscard]] bool indexer(const Expr& expr, const Frame& frame, Items& out);
  void standard(const Expr& expr, Items& out) const;
  void variable(const Expr& expr, Items& out) const;
  [[nodiscard]] bool take_single(const Expr& where, Collection items, std::string_view wanted, const Item*& out);
  bool fail_of_budget(const Expr& where);
  bool fail_of_count(const Expr& where, std::string_view wanted, Collection items);

  const Ast& ast_;
  const Environment& environment_;
  const fhir::Types* types_;
  Item focus_;
  Arena& arena_;
  std::vector<Collection> slots_;
  const fhir::Node* indexed_ = nullptr;
  const BundleIndex* index_ = nullptr;
  std::uint64_t steps_ = 0;
  std::optional<Error> error_;
};

}  // namespace bhi::fhirpath
