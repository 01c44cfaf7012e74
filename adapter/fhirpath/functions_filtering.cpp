// https://hl7.org/fhirpath/#filtering-and-projection, and aggregate() and sort()
#include "fhirpath/equality.h"
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace bhi::fhirpath {

namespace {

bool where(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Frame inner{{}, 0, frame.total};
  for (std::size_t i = 0; i < input.size(); ++i) {
    inner.focus = input.subspan(i, 1);
    inner.index = static_cast<std::int64_t>(i);
    bool kept = false;
    if (!evaluator.evaluate_criterion(*call.args[0], inner, kept)) return false;
    if (kept) out.push_back(input[i]);
  }
  return true;
}

bool select(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Frame inner{{}, 0, frame.total};
  for (std::size_t i = 0; i < input.size(); ++i) {
    inner.focus = input.subspan(i, 1);
    inner.index = static_cast<std::int64_t>(i);
    if (!evaluator.evaluate(*call.args[0], inner, out)) return false;
  }
  return true;
}

// What one round finds is the input of the next; repeat() goes on only with items that are new.
template <bool kDistinct>
bool repeat(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  const std::size_t first = out.size();
  Items round(evaluator.arena());
  round.append(input);
  while (!round.empty()) {
    Items found(evaluator.arena());
    if (!select(evaluator, call, round, frame, found)) return false;
    const std::size_t before = out.size();
    if constexpr (kDistinct) {
      if (!append_distinct(evaluator, call, found, out, first)) return false;
    } else {
      out.append(found);
    }
    if (!evaluator.spend(call, found.size() + 1)) return false;
    round.clear();
    round.append(out.all().subspan(before));
  }
  return true;
}

bool of_type(Evaluator&, const Expr& call, Collection input, const Frame&, Items& out) {
  for (const Item& item : input) {
    if (call.specifier.exactly(known_type(item))) out.push_back(item);
  }
  return true;
}

bool aggregate(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items total(evaluator.arena());
  if (call.args.size() > 1 && !evaluator.evaluate(*call.args[1], frame, total)) return false;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const Collection before = total;
    const Frame inner{input.subspan(i, 1), static_cast<std::int64_t>(i), &before};
    Items next(evaluator.arena());
    if (!evaluator.evaluate(*call.args[0], inner, next)) return false;
    total.clear();
    total.append(next);
  }
  out.append(total);
  return true;
}

// One key of sort(): `-key` sorts downwards. Empty comes first either way.
struct Keyed {
  const Item* item;
  std::vector<std::optional<Item>> keys;
};

bool sort_key(Evaluator& evaluator, const Expr& key, const Frame& inner, std::optional<Item>& out) {
  Items found(evaluator.arena());
  if (!evaluator.evaluate(key, inner, found)) return false;
  if (found.size() > 1)
    return evaluator.fail(key, Kind::Incorrect, "expected a sort key of at most one item, found more");
  if (!found.empty() && !found[0].node->is_null()) out = found[0];
  return true;
}

bool sort(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::vector<Keyed> rows;
  rows.reserve(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) {
    Keyed row{&input[i], {}};
    const Frame inner{input.subspan(i, 1), static_cast<std::int64_t>(i), frame.total};
    if (call.args.empty()) row.keys.emplace_back(input[i]);
    for (const Expr* key : call.args) {
      std::optional<Item> value;
      if (!sort_key(evaluator, key->op == Op::Negate ? *key->args[0] : *key, inner, value)) return false;
      row.keys.push_back(value);
    }
    rows.push_back(std::move(row));
  }
  // Every order must exist before sorting starts: a sort cannot fail half-way.
  for (const Keyed& row : rows) {
    for (std::size_t k = 0; k < row.keys.size(); ++k) {
      const auto& first = rows.front().keys[k];
      if (row.keys[k] && first && compare(*row.keys[k], *first) == Order::Incomparable) {
        return evaluator.fail(call, Kind::Incorrect,
                              "expected sort keys that can be compared, found " + std::string(type_name(*row.keys[k])) +
                                  " and " + std::string(type_name(*first)));
      }
    }
  }
  std::size_t text = 0;
  for (const Keyed& row : rows) {
    for (const auto& key : row.keys) text += key ? text_steps(key->node->text().size()) : 0;
  }
  if (!evaluator.spend(call, rows.size() * 8 + text * static_cast<std::size_t>(std::bit_width(rows.size())))) {
    return false;
  }
  std::ranges::stable_sort(rows, [&call](const Keyed& a, const Keyed& b) {
    for (std::size_t k = 0; k < a.keys.size(); ++k) {
      const bool down = !call.args.empty() && call.args[k]->op == Op::Negate;
      if (a.keys[k].has_value() != b.keys[k].has_value()) return !a.keys[k].has_value();
      if (!a.keys[k]) continue;
      const auto& left = down ? b.keys[k] : a.keys[k];
      const auto& right = down ? a.keys[k] : b.keys[k];
      const Order order = compare(*left, *right);
      if (order == Order::Less) return true;
      if (order == Order::Greater) return false;
    }
    return false;
  });
  for (const Keyed& row : rows) out.push_back(*row.item);
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"aggregate", Takes::Any, 1, 2, "ev", Gives::Unknown, aggregate},
    {"ofType", Takes::Any, 1, 1, "t", Gives::Type, of_type},
    {"repeat", Takes::Any, 1, 1, "e", Gives::Unknown, repeat<true>},
    {"repeatAll", Takes::Any, 1, 1, "e", Gives::Unknown, repeat<false>},
    {"select", Takes::Any, 1, 1, "e", Gives::Argument, select},
    {"sort", Takes::Any, 0, 255, "k", Gives::Input, sort},
    {"where", Takes::Any, 1, 1, "c", Gives::Input, where},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter filtering_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
