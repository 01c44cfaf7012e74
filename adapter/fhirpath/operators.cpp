#include "fhirpath/operators.h"

#include "fhirpath/arithmetic.h"
#include "fhirpath/equality.h"
#include "fhirpath/functions.h"

#include <algorithm>

namespace bhi::fhirpath {

namespace {

using Truth = std::optional<bool>;

void push_truth(Truth truth, Items& out) {
  if (truth) out.push_back(boolean_item(*truth));
}

// https://hl7.org/fhirpath/#boolean-logic: unknown is empty. The right side is not looked at when the left decides.
Truth combine_truth(Op op, Truth left, Truth right) {
  switch (op) {
    case Op::And:
      if ((left && !*left) || (right && !*right)) return false;
      return left && right ? Truth(true) : Truth();
    case Op::Or:
      if ((left && *left) || (right && *right)) return true;
      return left && right ? Truth(false) : Truth();
    case Op::Xor: return left && right ? Truth(*left != *right) : Truth();
    default:  // implies
      if ((left && !*left) || (right && *right)) return true;
      return left && right ? Truth(false) : Truth();
  }
}

bool decides(Op op, Truth left) {
  if (!left) return false;
  return op == Op::And || op == Op::Implies ? !*left : op == Op::Or && *left;
}

bool logic(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Truth truth;
  if (!evaluator.evaluate_truth(*expr.args[0], frame, truth)) return false;
  for (const Expr* operand : expr.args.subspan(1)) {
    if (decides(expr.op, truth)) {
      if (expr.op == Op::Implies) truth = true;
      break;
    }
    Truth right;
    if (!evaluator.evaluate_truth(*operand, frame, right)) return false;
    truth = combine_truth(expr.op, truth, right);
  }
  push_truth(truth, out);
  return true;
}

struct Sides {
  explicit Sides(Arena& arena) : left_room(arena), right_room(arena) {}
  Collection left;
  Collection right;
  Items left_room;
  Items right_room;
};

bool evaluate_sides(Evaluator& evaluator, const Expr& expr, const Frame& frame, Sides& sides) {
  return evaluator.look_at(*expr.args[0], frame, sides.left_room, sides.left) &&
         evaluator.look_at(*expr.args[1], frame, sides.right_room, sides.right);
}

bool equality(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Sides sides(evaluator.arena());
  if (!evaluate_sides(evaluator, expr, frame, sides)) return false;
  const bool any_empty = sides.left.empty() || sides.right.empty();
  const bool negated = expr.op == Op::NotEqual || expr.op == Op::NotEquivalent;
  Effort effort{evaluator.steps_left()};
  Truth truth;
  if (expr.op == Op::Equal || expr.op == Op::NotEqual) {
    if (any_empty) return true;
    truth = equal(sides.left, sides.right, effort);
  } else {
    truth = any_empty ? sides.left.empty() && sides.right.empty() : equivalent(sides.left, sides.right, effort);
  }
  if (!evaluator.spend(expr, effort.used)) return false;
  if (truth) out.push_back(boolean_item(*truth != negated));
  return true;
}

bool order_fits(Op op, Order order) {
  switch (op) {
    case Op::Less: return order == Order::Less;
    case Op::LessOrEqual: return order != Order::Greater;
    case Op::Greater: return order == Order::Greater;
    default: return order != Order::Less;
  }
}

bool comparison(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Sides sides(evaluator.arena());
  if (!evaluate_sides(evaluator, expr, frame, sides)) return false;
  if (sides.left.empty() || sides.right.empty()) return true;
  if (sides.left.size() > 1 || sides.right.size() > 1) {
    return evaluator.fail(expr, Kind::Incorrect,
                          "expected one item on each side of '" + std::string(expr.text) + "', found " +
                              std::to_string(sides.left.size()) + " and " + std::to_string(sides.right.size()));
  }
  const Item& left = sides.left[0];
  const Item& right = sides.right[0];
  if (left.node->is_null() || right.node->is_null()) return true;
  if (!evaluator.spend(expr, text_steps(std::min(left.node->text().size(), right.node->text().size())))) return false;
  const Order order = compare(left, right);
  if (order == Order::Incomparable) {
    return evaluator.fail(expr, Kind::Incorrect,
                          "expected values that can be compared, found " + std::string(type_name(left)) + " and " +
                              std::string(type_name(right)));
  }
  if (order != Order::Unknown) out.push_back(boolean_item(order_fits(expr.op, order)));
  return true;
}

// https://hl7.org/fhirpath/#collections-2: `in` and its mirror `contains`.
bool membership(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Sides sides(evaluator.arena());
  if (!evaluate_sides(evaluator, expr, frame, sides)) return false;
  const Collection wanted = expr.op == Op::In ? sides.left : sides.right;
  const Collection items = expr.op == Op::In ? sides.right : sides.left;
  if (wanted.empty()) return true;
  if (wanted.size() > 1) {
    return evaluator.fail(expr, Kind::Incorrect,
                          "expected one item to look for, found " + std::to_string(wanted.size()));
  }
  bool found = false;
  if (!contains_equal(evaluator, expr, items, wanted[0], found)) return false;
  out.push_back(boolean_item(found));
  return true;
}

bool union_of(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Items all(evaluator.arena());
  for (const Expr* operand : expr.args) {
    if (!evaluator.evaluate(*operand, frame, all)) return false;
  }
  return append_distinct(evaluator, expr, all, out);
}

// https://hl7.org/fhirpath/#types: one item at most; as() of a FHIR primitive wants exactly its type.
bool type_test(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  Items items(evaluator.arena());
  if (!evaluator.evaluate(*expr.args[0], frame, items)) return false;
  if (items.size() > 1) {
    return evaluator.fail(expr, Kind::Incorrect,
                          "expected at most one item before '" + std::string(expr.op == Op::Is ? "is" : "as") +
                              "', found " + std::to_string(items.size()));
  }
  if (items.empty()) return true;
  if (expr.op == Op::Is) {
    out.push_back(boolean_item(expr.specifier.matches(known_type(items[0]))));
  } else if (expr.specifier.exactly(known_type(items[0]))) {
    out.push_back(items[0]);
  }
  return true;
}

}  // namespace

bool run_operator(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out) {
  switch (expr.op) {
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Implies: return logic(evaluator, expr, frame, out);
    case Op::Equal:
    case Op::NotEqual:
    case Op::Equivalent:
    case Op::NotEquivalent: return equality(evaluator, expr, frame, out);
    case Op::Less:
    case Op::LessOrEqual:
    case Op::Greater:
    case Op::GreaterOrEqual: return comparison(evaluator, expr, frame, out);
    case Op::In:
    case Op::Contains: return membership(evaluator, expr, frame, out);
    case Op::Union: return union_of(evaluator, expr, frame, out);
    case Op::Is:
    case Op::As: return type_test(evaluator, expr, frame, out);
    default: return run_arithmetic(evaluator, expr, frame, out);
  }
}

}  // namespace bhi::fhirpath
