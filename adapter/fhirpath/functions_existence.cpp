// https://hl7.org/fhirpath/#existence
#include "fhirpath/equality.h"
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

using fhir::NodeKind;

bool empty(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  out.push_back(boolean_item(input.empty()));
  return true;
}

bool exists(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  bool any = !input.empty();
  if (!call.args.empty()) {
    any = false;
    Frame inner{{}, 0, frame.total};
    for (std::size_t i = 0; i < input.size() && !any; ++i) {
      inner.focus = input.subspan(i, 1);
      inner.index = static_cast<std::int64_t>(i);
      if (!evaluator.evaluate_criterion(*call.args[0], inner, any)) return false;
    }
  }
  out.push_back(boolean_item(any));
  return true;
}

bool all(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  bool every = true;
  Frame inner{{}, 0, frame.total};
  for (std::size_t i = 0; i < input.size() && every; ++i) {
    inner.focus = input.subspan(i, 1);
    inner.index = static_cast<std::int64_t>(i);
    if (!evaluator.evaluate_criterion(*call.args[0], inner, every)) return false;
  }
  out.push_back(boolean_item(every));
  return true;
}

// allTrue and its three sisters: is there an item whose value is `wanted`?
bool any_boolean(Evaluator& evaluator, const Expr& call, Collection input, bool wanted, bool& any) {
  any = false;
  for (const Item& item : input) {
    if (item.node->kind() != NodeKind::Boolean) {
      return evaluator.fail(
          call, Kind::Incorrect,
          "expected Booleans before " + std::string(call.text) + "(), found " + std::string(type_name(item)));
    }
    any |= item.node->as_boolean() == wanted;
  }
  return true;
}

template <bool kWanted, bool kAnswer>
bool booleans(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  bool any = false;
  if (!any_boolean(evaluator, call, input, kWanted, any)) return false;
  out.push_back(boolean_item(any == kAnswer));
  return true;
}

bool count(Evaluator& evaluator, const Expr&, Collection input, const Frame&, Items& out) {
  out.push_back(integer_item(static_cast<std::int64_t>(input.size()), evaluator.arena()));
  return true;
}

bool distinct(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  return append_distinct(evaluator, call, input, out);
}

bool is_distinct(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  Items kept(evaluator.arena());
  if (!append_distinct(evaluator, call, input, kept)) return false;
  out.push_back(boolean_item(kept.size() == input.size()));
  return true;
}

bool contained_in(Evaluator& evaluator, const Expr& call, Collection smaller, Collection larger, Items& out) {
  bool every = true;
  for (std::size_t i = 0; i < smaller.size() && every; ++i) {
    if (!contains_equal(evaluator, call, larger, smaller[i], every)) return false;
  }
  out.push_back(boolean_item(every));
  return true;
}

bool subset_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items other(evaluator.arena());
  if (!evaluator.evaluate(*call.args[0], frame, other)) return false;
  return contained_in(evaluator, call, input, other, out);
}

bool superset_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items other(evaluator.arena());
  if (!evaluator.evaluate(*call.args[0], frame, other)) return false;
  return contained_in(evaluator, call, other, input, out);
}

// not() belongs to the boolean operators, https://hl7.org/fhirpath/#not--boolean
bool not_(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  out.push_back(boolean_item(item->node->kind() == NodeKind::Boolean && !item->node->as_boolean()));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"all", Takes::Any, 1, 1, "c", Gives::Boolean, all},
    {"allFalse", Takes::Boolean, 0, 0, "v", Gives::Boolean, booleans<true, false>},
    {"allTrue", Takes::Boolean, 0, 0, "v", Gives::Boolean, booleans<false, false>},
    {"anyFalse", Takes::Boolean, 0, 0, "v", Gives::Boolean, booleans<false, true>},
    {"anyTrue", Takes::Boolean, 0, 0, "v", Gives::Boolean, booleans<true, true>},
    {"count", Takes::Any, 0, 0, "v", Gives::Integer, count},
    {"distinct", Takes::Any, 0, 0, "v", Gives::Input, distinct},
    {"empty", Takes::Any, 0, 0, "v", Gives::Boolean, empty},
    {"exists", Takes::Any, 0, 1, "c", Gives::Boolean, exists},
    {"isDistinct", Takes::Any, 0, 0, "v", Gives::Boolean, is_distinct},
    {"not", Takes::Any, 0, 0, "v", Gives::Boolean, not_},
    {"subsetOf", Takes::Any, 1, 1, "v", Gives::Boolean, subset_of},
    {"supersetOf", Takes::Any, 1, 1, "v", Gives::Boolean, superset_of},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter existence_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
