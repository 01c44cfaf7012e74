#include "fhirpath/resolver.h"

#include "fhirpath/functions.h"
#include "fhirpath/pattern.h"
#include "fhirpath/static_check.h"
#include "fhirpath/static_type.h"
#include "fhirpath/suggestion.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

struct StandardName {
  std::string_view name;
  StandardVariable variable;
  std::string_view text;
};

// https://hl7.org/fhirpath/#environment-variables, https://hl7.org/fhir/R4/fhirpath.html#variables
constexpr std::array kStandardNames = std::to_array<StandardName>({
    {"context", StandardVariable::Context, {}},
    {"loinc", StandardVariable::Text, "http://loinc.org"},
    {"resource", StandardVariable::Resource, {}},
    {"rootResource", StandardVariable::RootResource, {}},
    {"sct", StandardVariable::Text, "http://snomed.info/sct"},
    {"ucum", StandardVariable::Text, "http://unitsofmeasure.org"},
});

struct Prefix {
  std::string_view name;
  std::string_view url;
};
constexpr std::array kPrefixes = std::to_array<Prefix>({
    {"vs-", "http://hl7.org/fhir/ValueSet/"},
    {"ext-", "http://hl7.org/fhir/StructureDefinition/"},
    {"cs-", "http://hl7.org/fhir/"},
});

struct Defined {
  std::string_view name;
  std::uint16_t slot;
  StaticType type;
};

std::string type_path(const Expr& expr) {
  if (expr.input == nullptr) return std::string(expr.text);
  return type_path(*expr.input) + "." + std::string(expr.text);
}

class Resolver {
 public:
  Resolver(Ast& ast, const CompileOptions& options)
      : ast_(ast),
        options_(options),
        types_(options.types != nullptr ? *options.types : fhir::Types::r4()),
        strict_(options.strict && options.types != nullptr) {}

  Result<StaticType> resolve(Expr& expr, const StaticType& focus) {
    switch (expr.op) {
      case Op::Literal: return StaticType::of(*expr.literal.type);
      case Op::Focus: return expr.input != nullptr ? resolve(*expr.input, focus) : focus;
      case Op::Index: return StaticType::of(system_type::Integer);
      case Op::Empty:
      case Op::Total:
      case Op::Standard: return StaticType{};
      case Op::Variable: return variable(expr);
      case Op::Slot: return slot_type(expr);
      case Op::TypeRoot:
      case Op::Member: return member(expr, focus);
      case Op::Call: return call(expr, focus);
      case Op::Indexer: {
        BHI_TRY(const StaticType input, resolve(*expr.input, focus));
        BHI_TRY(const StaticType index, apart(*expr.args[0], focus));
        if (strict_) BHI_CHECK(check_argument(*expr.args[0], 'w', index));
        return input;
      }
      case Op::Is:
      case Op::As: {
        BHI_CHECK(apart(*expr.args[0], focus));
        BHI_TRY(expr.specifier, find_type(expr, expr.text, types_));
        return expr.op == Op::Is ? StaticType::of(system_type::Boolean) : named(expr.specifier);
      }
      case Op::Union: {
        StaticType result;
        bool known = true;
        for (Expr* operand : expr.args) {
          BHI_TRY(const StaticType type, apart(*operand, focus));
          known &= type.known() || operand->op == Op::Empty;
          result.add(type);
        }
        return known ? result : StaticType{};
      }
      default: return operation(expr, focus);
    }
  }

 private:
  // An operand or argument: variables it defines end with it.
  Result<StaticType> apart(Expr& expr, const StaticType& focus) {
    const std::size_t before = defined_.size();
    auto result = resolve(expr, focus);
    defined_.resize(before);
    return result;
  }

  static StaticType named(const TypeSpecifier& specifier) {
    StaticType type;
    type.add(specifier.fhir);
    if (specifier.fhir == nullptr) type.add(specifier.system);
    return type;
  }

  Result<StaticType> operation(Expr& expr, const StaticType& focus) {
    std::vector<StaticType> operands;
    for (Expr* operand : expr.args) {
      BHI_TRY(StaticType type, apart(*operand, focus));
      operands.push_back(std::move(type));
    }
    if (strict_) return check_operands(expr, operands);
    auto type = check_operands(expr, operands);
    return type.ok() ? *std::move(type) : StaticType{};
  }

  Result<StaticType> slot_type(const Expr& expr) {
    for (const Defined& defined : defined_) {
      if (defined.slot == expr.slot) return defined.type;
    }
    return StaticType{};
  }

  Result<StaticType> variable(Expr& expr) {
    const auto defined = std::ranges::find(defined_, expr.text, &Defined::name);
    if (defined != defined_.end()) {
      expr.op = Op::Slot;
      expr.slot = defined->slot;
      return defined->type;
    }
    const auto given = std::ranges::find(options_.variables, expr.text);
    if (given != options_.variables.end()) {
      expr.slot = static_cast<std::uint16_t>(given - options_.variables.begin());
      return StaticType{};
    }
    const auto standard = std::ranges::find(kStandardNames, expr.text, &StandardName::name);
    if (standard != kStandardNames.end()) {
      expr.op = Op::Standard;
      expr.standard = standard->variable;
      if (standard->variable == StandardVariable::Text) expr.literal = string_item(standard->text, ast_.arena);
      return StaticType{};
    }
    for (const Prefix& prefix : kPrefixes) {
      if (!expr.text.starts_with(prefix.name)) continue;
      const std::string url = std::string(prefix.url) + std::string(expr.text.substr(prefix.name.size()));
      expr.op = Op::Standard;
      expr.literal = string_item(ast_.arena.copy(std::string_view(url)), ast_.arena);
      return StaticType::of(system_type::String);
    }
    return unknown_variable(expr);
  }

  Error unknown_variable(const Expr& expr) const {
    std::vector<std::string_view> names(options_.variables.begin(), options_.variables.end());
    for (const StandardName& standard : kStandardNames) names.push_back(standard.name);
    for (const Defined& defined : defined_) names.push_back(defined.name);
    return error_at(
        expr, Kind::Incorrect,
        "expected a known variable, found `%" + std::string(expr.text) + "`" + suggestion(expr.text, names));
  }

  Result<StaticType> member(Expr& expr, const StaticType& focus) {
    expr.name = &fhir::intern(expr.text);
    if (expr.input != nullptr) {
      BHI_TRY(const StaticType parent, resolve(*expr.input, focus));
      return step(expr, parent, strict_);
    }
    // FML: what is in scope there wins over elements of the focus.
    if (std::ranges::find(options_.variables, expr.text) != options_.variables.end()) {
      expr.op = Op::Variable;
      return variable(expr);
    }
    expr.op = Op::Member;
    const bool may_be_type = !expr.text.empty() && expr.text.front() >= 'A' && expr.text.front() <= 'Z';
    if (!may_be_type) return step(expr, focus, strict_);
    // The focus itself knows best: a logical model may have the name of an R4 type.
    const auto named = std::ranges::find(focus.types, expr.text, &fhir::TypeInfo::name);
    const fhir::TypeInfo* type = named != focus.types.end() ? *named : types_.find(expr.text);
    if (type == nullptr) return step(expr, focus, strict_);
    return type_root(expr, focus, *type);
  }

  Result<StaticType> type_root(Expr& expr, const StaticType& focus, const fhir::TypeInfo& type) {
    expr.specifier.fhir = &type;
    const auto is = [&type](const fhir::TypeInfo* candidate) { return candidate->is(type); };
    const auto could_be = [&](const fhir::TypeInfo* candidate) { return is(candidate) || type.is(*candidate); };
    const bool possible = !focus.known() || std::ranges::any_of(focus.types, could_be);
    const bool element = std::ranges::any_of(
        focus.types, [&](const fhir::TypeInfo* candidate) { return candidate->element(*expr.name) != nullptr; });
    if (possible || (!strict_ && !element)) {
      expr.op = Op::TypeRoot;
      if (focus.types.size() == 1 && is(focus.types.front())) return focus;
      return possible ? StaticType::of(type) : StaticType{};
    }
    if (element) return step(expr, focus, strict_);
    return error_at(expr, Kind::Incorrect,
                    "expected an element of " + to_text(focus) + ", found type `" + std::string(expr.text) +
                        "`, which the focus is not");
  }

  Result<StaticType> call(Expr& expr, const StaticType& focus) {
    StaticType input = focus;
    if (expr.input != nullptr) {
      BHI_TRY(input, resolve(*expr.input, focus));
    }
    expr.function = find_function(expr.text);
    if (expr.function == nullptr) {
      return error_at(expr, Kind::Incorrect,
                      "expected a known function, found `" + std::string(expr.text) + "()`" +
                          suggestion(expr.text, function_names()));
    }
    const Function& function = *expr.function;
    if (expr.args.size() < function.least || expr.args.size() > function.most) {
      return error_at(expr, Kind::Incorrect,
                      "expected " + arity(function) + " of " + std::string(expr.text) + "(), found " +
                          std::to_string(expr.args.size()));
    }
    if (strict_) BHI_CHECK(check_input(expr, input));
    if (function.name == "repeat" || function.name == "repeatAll") return repeated(expr, input);
    StaticType last;
    for (std::size_t i = 0; i < expr.args.size(); ++i) {
      const char meant = function.arguments[std::min(i, function.arguments.size() - 1)];
      BHI_TRY(const StaticType argument, this->argument(expr, meant, *expr.args[i], input, focus));
      // iif gives either branch
      if (i == 0 || (function.name == "iif" && i == 1)) {
        last = argument;
      } else if (function.name == "iif") {
        if (last.known() && argument.known())
          last.add(argument);
        else if (expr.args[i]->op != Op::Empty)
          last = StaticType{};
      }
    }
    if (function.name == "defineVariable") return define(expr, input, last);
    return result_of(expr, input, last);
  }

  static std::string arity(const Function& function) {
    const std::string least = std::to_string(function.least);
    if (function.most == function.least) return least + (function.least == 1 ? " argument" : " arguments");
    return least + " to " + std::to_string(function.most) + " arguments";
  }

  Result<StaticType> argument(Expr& call, char meant, Expr& argument, const StaticType& input,
                              const StaticType& focus) {
    switch (meant) {
      case 'e':
      case 'i': return apart(argument, input);
      case 'k': return apart(argument.op == Op::Negate ? *argument.args[0] : argument, input);
      case 'c':
      case 'b': {
        BHI_TRY(StaticType type, apart(argument, input));
        if (strict_) BHI_CHECK(check_criterion(argument, type));
        return type;
      }
      case 't': {
        if (argument.op != Op::Member && argument.op != Op::TypeRoot) {
          return error_at(argument, Kind::Incorrect, "expected the name of a type in " + std::string(call.text) + "()");
        }
        BHI_TRY(call.specifier, find_type(argument, type_path(argument), types_));
        return StaticType{};
      }
      case 'n':
        if (argument.op != Op::Literal || argument.literal.type != &system_type::String) {
          return error_at(argument, Kind::Unsupported,
                          "expected the name of a variable as a literal, found an expression");
        }
        return StaticType{};
      case 'r': {
        if (argument.op == Op::Literal && argument.literal.type == &system_type::String && call.pattern == nullptr) {
          BHI_TRY(auto pattern, compile_pattern(argument, argument.literal.node->text(), call.text == "matchesFull"));
          call.pattern = pattern.get();
          ast_.patterns.push_back(std::move(pattern));
        }
        BHI_TRY(StaticType type, apart(argument, focus));
        if (strict_) BHI_CHECK(check_argument(argument, 's', type));
        return type;
      }
      default: {
        BHI_TRY(StaticType type, apart(argument, focus));
        if (strict_) BHI_CHECK(check_argument(argument, meant, type));
        return type;
      }
    }
  }

  // What repeat() finds is its input again: types grow until nothing new comes, and one of them need not have all.
  Result<StaticType> repeated(Expr& expr, const StaticType& input) {
    const bool strict = strict_;
    strict_ = false;
    StaticType seen = input;
    StaticType result;
    for (int round = 0; round < 4 && seen.known(); ++round) {
      auto found = apart(*expr.args[0], seen);
      if (!found.ok()) return std::move(found).error();
      const std::size_t before = result.types.size();
      result.add(*found);
      if (!found->known() || result.types.size() == before) break;
      seen.add(result);
    }
    if (!input.known()) {
      auto found = apart(*expr.args[0], input);
      if (!found.ok()) return std::move(found).error();
    }
    strict_ = strict;
    return result;
  }

  Result<StaticType> define(Expr& expr, const StaticType& input, const StaticType&) {
    const std::string_view name = expr.args[0]->literal.node->text();
    const auto same = [&name](const auto& known) { return known == name; };
    const bool taken = std::ranges::find(defined_, name, &Defined::name) != defined_.end() ||
                       std::ranges::any_of(options_.variables, same) ||
                       std::ranges::find(kStandardNames, name, &StandardName::name) != kStandardNames.end();
    if (taken) {
      return error_at(expr, Kind::Incorrect,
                      "expected a new name of a variable, found %" + std::string(name) + " again");
    }
    expr.slot = ast_.slots++;
    defined_.push_back({name, expr.slot, StaticType{}});
    return input;
  }

  Result<StaticType> result_of(const Expr& expr, const StaticType& input, const StaticType& argument) {
    switch (expr.function->gives) {
      case Gives::Unknown: return StaticType{};
      case Gives::Input: return input;
      case Gives::Argument: return argument;
      case Gives::Type: return named(expr.specifier);
      case Gives::Boolean: return StaticType::of(system_type::Boolean);
      case Gives::Integer: return StaticType::of(system_type::Integer);
      case Gives::Long: return StaticType::of(system_type::Long);
      case Gives::Decimal: return StaticType::of(system_type::Decimal);
      case Gives::String: return StaticType::of(system_type::String);
      case Gives::Date: return StaticType::of(system_type::Date);
      case Gives::DateTime: return StaticType::of(system_type::DateTime);
      case Gives::Time: return StaticType::of(system_type::Time);
      case Gives::Quantity: return StaticType::of(system_type::Quantity);
      case Gives::Extension: {
        StaticType type;
        type.add(types_.find("Extension"));
        return type;
      }
    }
    return StaticType{};
  }

  Ast& ast_;
  const CompileOptions& options_;
  const fhir::Types& types_;
  bool strict_;
  std::vector<Defined> defined_;
};

}  // namespace

Result<void> resolve(Ast& ast, const CompileOptions& options) {
  StaticType focus;
  focus.add(options.context);
  BHI_CHECK(Resolver(ast, options).resolve(*ast.root, focus));
  return {};
}

}  // namespace bhi::fhirpath
