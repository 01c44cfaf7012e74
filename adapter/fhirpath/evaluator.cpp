#include "fhirpath/evaluator.h"

#include "fhirpath/functions.h"
#include "fhirpath/navigate.h"
#include "fhirpath/operators.h"

#include <algorithm>
#include <charconv>

namespace bhi::fhirpath {

namespace {

Collection as_collection(const Item& item) { return item.node == nullptr ? Collection() : Collection(&item, 1); }

std::string found(Collection items) {
  return items.size() == 1 ? std::string(type_name(items[0])) : std::to_string(items.size()) + " items";
}

}  // namespace

Evaluator::Evaluator(const Ast& ast, const Environment& environment, const Item& focus, Arena& arena)
    : ast_(ast),
      environment_(environment),
      types_(environment.types != nullptr ? environment.types
             : ast.types != nullptr       ? ast.types
                                          : &fhir::Types::r4()),
      focus_(focus),
      arena_(arena),
      slots_(ast.slots) {}

bool Evaluator::fail(const Expr& where, Kind kind, std::string_view text) {
  error_ = error_at(where, kind, text);
  return false;
}

bool Evaluator::fail_with(Error error) {
  error_ = std::move(error);
  return false;
}

bool Evaluator::fail_of_budget(const Expr& where) {
  return fail(
      where, Kind::Busy,
      "expected an evaluation of at most " + std::to_string(environment_.budget.max_steps) + " steps, found more");
}

bool Evaluator::index_of(const Expr& where, const fhir::Node& bundle, const BundleIndex*& out) {
  if (indexed_ != &bundle) {
    static const fhir::Name& entry = fhir::intern("entry");
    if (!spend(where, fhir::each(bundle.find(entry)).size())) return false;
    index_ = arena_.make<BundleIndex>(bundle, arena_);
    indexed_ = &bundle;
  }
  out = index_;
  return true;
}

bool Evaluator::may_make(const Expr& where, std::size_t bytes) {
  const std::size_t most = environment_.budget.max_text_bytes;
  if (bytes <= most) return text_steps(bytes) <= steps_left() || spend(where, text_steps(bytes));
  return fail(where, Kind::Busy, "expected a text of at most " + std::to_string(most) + " bytes, found more");
}

bool Evaluator::push_text(const Expr& where, std::string_view made, Items& out) {
  if (!may_make(where, made.size()) || !spend(where, text_steps(made.size()))) return false;
  out.push_back(string_item(arena_.copy(made), arena_));
  return true;
}

bool Evaluator::evaluate(const Expr& expr, const Frame& frame, Items& out) {
  const std::size_t before = out.size();
  if (!spend(expr, 1)) return false;
  bool fine = true;
  switch (expr.op) {
    case Op::Literal: out.push_back(expr.literal); return true;
    case Op::Empty: return true;
    case Op::Focus:
      if (expr.input != nullptr) return evaluate(*expr.input, frame, out);
      out.append(frame.focus);
      return true;
    case Op::Index:
      if (frame.index < 0) return fail(expr, Kind::Incorrect, "expected $index inside a function over items");
      out.push_back(integer_item(frame.index, arena_));
      return true;
    case Op::Total:
      if (frame.total != nullptr) out.append(*frame.total);
      return true;
    case Op::Standard: standard(expr, out); return true;
    case Op::Variable: variable(expr, out); break;
    case Op::Slot: out.append(slots_[expr.slot]); break;
    case Op::TypeRoot: fine = type_root(expr, frame, out); break;
    case Op::Member: fine = member(expr, frame, out); break;
    case Op::Call: fine = call(expr, frame, out); break;
    case Op::Indexer: fine = indexer(expr, frame, out); break;
    default: fine = run_operator(*this, expr, frame, out); break;
  }
  if (!fine) return false;
  const std::size_t made = out.size() - before;
  if (made > 1) {
    if (made > environment_.budget.max_items) {
      return fail(
          expr, Kind::Busy,
          "expected a collection of at most " + std::to_string(environment_.budget.max_items) + " items, found more");
    }
    return spend(expr, made);
  }
  return true;
}

bool Evaluator::look_at(const Expr& expr, const Frame& frame, Items& room, Collection& out) {
  if (expr.op == Op::Literal || (expr.op == Op::Focus && expr.input == nullptr)) {
    out = expr.op == Op::Literal ? Collection(&expr.literal, 1) : frame.focus;
    return spend(expr, 1);
  }
  if (!evaluate(expr, frame, room)) return false;
  out = room;
  return true;
}

bool Evaluator::member(const Expr& expr, const Frame& frame, Items& out) {
  const auto append = [&](Collection parents) {
    for (const Item& parent : parents) {
      const fhir::ElementInfo* element = parent.type == expr.owner ? expr.element : nullptr;
      append_children(parent, *expr.name, element, *types_, out);
    }
  };
  if (expr.input == nullptr) {
    append(frame.focus);
    return true;
  }
  Items parents(arena_);
  if (!evaluate(*expr.input, frame, parents)) return false;
  append(parents);
  return spend(expr, parents.size());
}

// `Patient.name`: the type of the focus may stand at the start; else it is the name of an element after all.
bool Evaluator::type_root(const Expr& expr, const Frame& frame, Items& out) {
  for (const Item& item : frame.focus) {
    if (expr.specifier.matches(item.type)) {
      out.push_back(item);
    } else {
      append_children(item, *expr.name, nullptr, *types_, out);
    }
  }
  return true;
}

bool Evaluator::call(const Expr& expr, const Frame& frame, Items& out) {
  if (expr.input == nullptr) return expr.function->run(*this, expr, frame.focus, frame, out);
  Items input(arena_);
  if (!evaluate(*expr.input, frame, input)) return false;
  return expr.function->run(*this, expr, input, frame, out);
}

bool Evaluator::indexer(const Expr& expr, const Frame& frame, Items& out) {
  std::optional<std::int64_t> index;
  if (!integer_argument(expr, 0, frame, index)) return false;
  Items input(arena_);
  if (!evaluate(*expr.input, frame, input)) return false;
  if (index && *index >= 0 && static_cast<std::uint64_t>(*index) < input.size()) {
    out.push_back(input[static_cast<std::size_t>(*index)]);
  }
  return true;
}

const Item& Evaluator::context() const { return environment_.context.node != nullptr ? environment_.context : focus_; }

const Item& Evaluator::resource() const {
  return environment_.resource.node != nullptr ? environment_.resource : context();
}

const Item& Evaluator::root_resource() const {
  return environment_.root_resource.node != nullptr ? environment_.root_resource : resource();
}

void Evaluator::standard(const Expr& expr, Items& out) const {
  switch (expr.standard) {
    case StandardVariable::Context: out.append(as_collection(context())); break;
    case StandardVariable::Resource: out.append(as_collection(resource())); break;
    case StandardVariable::RootResource: out.append(as_collection(root_resource())); break;
    case StandardVariable::Text: out.push_back(expr.literal); break;
  }
}

// The resolver noted where the name stood in CompileOptions.variables; callers that keep that order need no search.
void Evaluator::variable(const Expr& expr, Items& out) const {
  const auto given = environment_.variables;
  if (expr.slot < given.size() && given[expr.slot].name == expr.text) {
    out.append(given[expr.slot].value);
    return;
  }
  const auto found_at = std::ranges::find(given, expr.text, &Variable::name);
  if (found_at != given.end()) out.append(found_at->value);
}

bool Evaluator::evaluate_truth(const Expr& expr, const Frame& frame, std::optional<bool>& out) {
  Items items(arena_);
  if (!evaluate(expr, frame, items)) return false;
  const Item* item = nullptr;
  if (!take_single(expr, items, "one Boolean", item)) return false;
  if (item == nullptr || item->node->is_null()) {
    out.reset();
  } else {
    out = item->node->kind() != fhir::NodeKind::Boolean || item->node->as_boolean();
  }
  return true;
}

bool Evaluator::evaluate_criterion(const Expr& expr, const Frame& frame, bool& out) {
  Items items(arena_);
  if (!evaluate(expr, frame, items)) return false;
  const Item* item = nullptr;
  if (!take_single(expr, items, "one Boolean", item)) return false;
  if (item == nullptr || item->node->is_null()) {
    out = false;
    return true;
  }
  if (item->node->kind() != fhir::NodeKind::Boolean) {
    return fail(expr, Kind::Incorrect, "expected a Boolean criterion, found " + found(items));
  }
  out = item->node->as_boolean();
  return true;
}

bool Evaluator::fail_of_count(const Expr& where, std::string_view wanted, Collection items) {
  return fail(where, Kind::Incorrect, "expected " + std::string(wanted) + ", found " + found(items));
}

bool Evaluator::take_single(const Expr& where, Collection items, std::string_view wanted, const Item*& out) {
  if (items.size() > 1) return fail_of_count(where, wanted, items);
  out = items.empty() ? nullptr : &items[0];
  return true;
}

bool Evaluator::single(const Expr& where, Collection input, const Item*& out) {
  if (input.size() > 1) return fail_of_count(where, "at most one item before " + std::string(where.text) + "()", input);
  out = input.empty() ? nullptr : &input[0];
  return true;
}

bool Evaluator::single_text(const Expr& where, Collection input, std::optional<std::string_view>& out) {
  out.reset();
  const Item* item = nullptr;
  if (!single(where, input, item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  if (value_kind(*item) != ValueKind::String) {
    return fail(where, Kind::Incorrect,
                "expected a String before " + std::string(where.text) + "(), found " + found(input));
  }
  out = item->node->text();
  return spend(where, text_steps(out->size()));
}

bool Evaluator::text_argument(const Expr& call, std::size_t at, const Frame& frame,
                              std::optional<std::string_view>& out) {
  out.reset();
  const Expr& argument = *call.args[at];
  if (argument.op == Op::Literal && argument.literal.type == &system_type::String) {
    out = argument.literal.node->text();
    return true;
  }
  Items items(arena_);
  if (!evaluate(argument, frame, items)) return false;
  const Item* item = nullptr;
  if (!take_single(argument, items, "one String", item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  if (value_kind(*item) != ValueKind::String) {
    return fail(argument, Kind::Incorrect, "expected a String, found " + found(items));
  }
  out = item->node->text();
  return true;
}

bool Evaluator::integer_argument(const Expr& call, std::size_t at, const Frame& frame,
                                 std::optional<std::int64_t>& out) {
  out.reset();
  const Expr& argument = *call.args[at];
  Items items(arena_);
  if (!evaluate(argument, frame, items)) return false;
  const Item* item = nullptr;
  if (!take_single(argument, items, "one Integer", item)) return false;
  if (item == nullptr || item->node->is_null()) return true;
  const std::string_view digits = item->node->text();
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!is_number(value_kind(*item)) || wrong != std::errc() || end != digits.data() + digits.size()) {
    return fail(argument, Kind::Incorrect, "expected an Integer, found " + found(items));
  }
  out = value;
  return true;
}

}  // namespace bhi::fhirpath
