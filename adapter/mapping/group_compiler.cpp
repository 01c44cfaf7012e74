#include "mapping/group_compiler.h"

#include "fhirpath/suggestion.h"
#include "fhirpath/value.h"
#include "mapping/escape.h"
#include "mapping/expression_compiler.h"
#include "mapping/rule_parser.h"
#include "mapping/scope.h"
#include "mapping/transforms.h"
#include "mapping/type_check.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;
using Kind = Parameter::Kind;

constexpr std::array<std::string_view, 6> kAbstract = {"Any",     "BackboneElement", "Base", "DomainResource",
                                                       "Element", "Resource"};

const TypeInfo kAnyType{};  // of a parameter that only its own group hands on so far

class GroupCompiler {
 public:
  GroupCompiler(const Group& group, CompiledGroup& to, MapContext& context)
      : group_(group), to_(to), context_(context), scope_(context.map.constants) {}

  void run() {
    const auto inferred = context_.inferred.find(&to_);
    for (std::size_t i = 0; i < to_.parameters.size(); ++i) {
      const CompiledGroupParameter& parameter = to_.parameters[i];
      const bool known = parameter.type == nullptr && inferred != context_.inferred.end() && may_be_inferred();
      const TypeInfo* type = known ? inferred->second[i] : parameter.type;
      scope_.add(parameter.name, parameter.mode, type == &kAnyType ? nullptr : static_type(type));
    }
    to_.rules = rules(group_.rules);
    to_.slots = scope_.slots();
  }

 private:
  // The first group of a map takes what a run is given, and a default group what the types lead to it.
  bool may_be_inferred() const {
    return &to_ != &context_.compiled.groups.front() && to_.type_mode == TypeMode::None && to_.extends == nullptr;
  }

  std::vector<CompiledRule> rules(const std::vector<Rule>& written) {
    std::vector<CompiledRule> made;
    for (const Rule& rule : written) {
      context_.reporter.rule = rule.name;
      made.push_back(compile(rule));
    }
    return made;
  }

  CompiledRule compile(const Rule& rule) {
    const std::size_t outer = scope_.mark();
    CompiledRule made;
    made.name = rule.name;
    made.at = rule.at;
    const TypeInfo* first = nullptr;
    for (const RuleSource& source : rule.sources) {
      made.sources.push_back(compile(source));
      if (made.sources.size() == 1) first = source_type_;
    }
    focus_ = first;
    for (const RuleTarget& target : rule.targets) made.targets.push_back(compile(target));
    made.simple_copy = rule.simple_copy || is_implied_copy(rule);
    for (const Invocation& call : rule.dependents) made.calls.push_back(compile(call));
    made.rules = rules(rule.rules);
    context_.reporter.rule = rule.name;
    if (!made.simple_copy) warn_of_unused(outer);
    scope_.back_to(outer);
    return made;
  }

  // src.a as x -> tgt.b as y; and ... = create() as y; say no more than src.a -> tgt.b;
  static bool is_implied_copy(const Rule& rule) {
    if (rule.sources.size() != 1 || rule.targets.size() != 1 || !rule.dependents.empty() || !rule.rules.empty())
      return false;
    const RuleTarget& target = rule.targets.front();
    const bool made = !target.transform || (*target.transform == Transform::Create && target.parameters.empty());
    return made && !target.invocation && !target.path.empty() && !rule.sources.front().variable.empty() &&
           !target.variable.empty() && target.list_mode == TargetListMode::None;
  }

  void warn_of_unused(std::size_t mark) {
    for (const ScopeEntry& entry : scope_.added_since(mark)) {
      if (entry.used || entry.name.empty() || entry.name.starts_with("vvv")) continue;  // made up for JSON
      context_.reporter.warning(entry.at, "expected a use of variable '" + entry.name + "', found none");
    }
  }

  void error(const Place& at, std::string text) { context_.reporter.error(at, std::move(text)); }

  MaybeExpression expression(const ExpressionText& text, const TypeInfo* focus) {
    return compile_expression(text, focus, scope_, context_.types, context_.reporter);
  }

  // ---- sources

  CompiledSource compile(const RuleSource& source) {
    CompiledSource made;
    made.at = source.at;
    made.context = scope_.use(source.context);
    if (!made.context.exists()) {
      error(source.at, "expected a variable in scope, found '" + source.context + "'" +
                           fhirpath::suggestion(source.context, scope_.names()));
    }
    const TypeInfo* type = scope_.type_of(source.context);
    element_ = {};
    for (const std::string& step : source.path) {
      made.path.push_back(&fhir::intern(step));
      type = element_type(type, *made.path.back(), source.at);
    }
    if (!source.type.empty()) {
      std::string why;
      made.type = context_.type_names.find(source.type, why);
      if (made.type == nullptr) error(source.at, why);
      check_type(source, made.type, type);
      type = static_type(made.type);
    }
    check_cardinality(source);
    source_type_ = type;
    made.has_cardinality = source.has_cardinality;
    made.min = source.min;
    made.max = source.max;
    made.default_value = expression(source.default_value, nullptr);
    made.list_mode = source.list_mode;
    if (!source.variable.empty()) made.slot = scope_.add(source.variable, ParameterMode::Source, type, source.at);
    made.where = expression(source.where, type);
    made.check = expression(source.check, type);
    made.log = expression(source.log, type);
    return made;
  }

  // `src.value : Quantity` of an element that can never be one.
  void check_type(const RuleSource& source, const TypeInfo* wanted, const TypeInfo* known) {
    if (wanted == nullptr) return;
    std::vector<const TypeInfo*> types = element_.types();
    if (types.empty() && known != nullptr) types.push_back(known);
    if (may_be(types, *wanted)) return;
    error(source.at, "expected " + list_of(types) + ", which " + path_of(source) + " may be, found type " +
                         std::string(wanted->name));
  }

  void check_cardinality(const RuleSource& source) {
    if (!source.has_cardinality) return;
    if (source.min > source.max) {
      error(source.at, "expected a cardinality from the least to the most, found " + std::to_string(source.min) + ".." +
                           std::to_string(source.max));
    } else if (element_.element != nullptr && source.path.size() == 1 && source.min > element_.element->max) {
      error(source.at, "expected at least " + std::to_string(source.min) + " values of " + path_of(source) +
                           ", found an element that never has more than " + std::to_string(element_.element->max));
    }
  }

  // "QuestionnaireResponse.item.text", as far as types are known.
  std::string path_of(const RuleSource& source) const {
    if (element_.element != nullptr) {
      return std::string(element_.owner->name) + "." + std::string(element_.element->name->text);
    }
    std::string text = source.context;
    for (const std::string& step : source.path) text += "." + step;
    return text;
  }

  // The static type of an element; null when not known before the run. Reports an element that cannot be.
  const TypeInfo* element_type(const TypeInfo* parent, const fhir::Name& name, const Place& at) {
    element_ = {};
    if (parent == nullptr) return nullptr;
    if (parent->kind == TypeKind::Primitive && name.text == "value") return parent;
    const TypeInfo* chosen = nullptr;
    const fhir::ElementInfo* element = parent->element(name, &chosen);
    if (element == nullptr) {
      std::vector<std::string_view> known;
      for (const fhir::ElementInfo& one : parent->elements) known.push_back(one.name->text);
      error(at, "expected an element of " + std::string(parent->name) + ", found '" + std::string(name.text) + "'" +
                    fhirpath::suggestion(name.text, known));
      return nullptr;
    }
    element_ = {parent, element, element->choice && element->name != &name ? chosen : nullptr};
    if (element->choice) return element->name == &name ? nullptr : static_type(chosen);
    return element->types.size() == 1 ? static_type(element->types.front()) : nullptr;
  }

  // ---- targets

  CompiledTarget compile(const RuleTarget& target) {
    CompiledTarget made;
    made.at = target.at;
    made.list_mode = target.list_mode;
    made.share_id = target.share_id;
    if (target.invocation) {
      made.invocation = compile(*target.invocation);
      if (!target.variable.empty()) named_call(target, made);
      return made;
    }
    const TypeInfo* type = target_context(target, made);
    made.transform = target.transform;
    if (made.transform) {
      type = transform(target, made, type);
    }
    made.names_source = target.context.empty() && made.transform == Transform::Evaluate;
    if (!target.variable.empty()) {
      const auto mode = made.names_source ? ParameterMode::Source : ParameterMode::Target;
      made.slot = scope_.add(target.variable, mode, type, target.at);
    }
    if (made.list_mode == TargetListMode::First || made.list_mode == TargetListMode::Last) {
      context_.reporter.warning(target.at,
                                "target list modes 'first' and 'last' do not change the order, as in the reference "
                                "implementation; values stand in the order of the rules");
    }
    return made;
  }

  // Group(a, b) as x: x is another name of the first target that the group is given.
  void named_call(const RuleTarget& target, CompiledTarget& made) {
    const auto& given = made.invocation->parameters;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (made.invocation->group->parameters[i].mode != ParameterMode::Target) continue;
      made.context = given[i].variable;
      made.slot = scope_.add(target.variable, ParameterMode::Target, made.invocation->group->parameters[i].type);
      return;
    }
    if (made.invocation->group != nullptr)
      error(target.at, "expected a group with a target before 'as " + target.variable + "', found one without");
  }

  // Type of the element that the target names; null when not known.
  const TypeInfo* target_context(const RuleTarget& target, CompiledTarget& made) {
    element_ = {};
    if (target.context.empty()) return nullptr;
    const ScopeEntry* entry = scope_.find(target.context, ParameterMode::Target);
    if (entry == nullptr) {
      const bool source = scope_.find(target.context, ParameterMode::Source) != nullptr;
      error(target.at, "expected a target variable in scope, found " + std::string(source ? "source " : "") + "'" +
                           target.context + "'" +
                           fhirpath::suggestion(target.context, scope_.names(ParameterMode::Target)));
      return nullptr;
    }
    made.context.name = target.context;
    made.context.slot = entry->slot;
    const TypeInfo* type = entry->type;
    for (const std::string& step : target.path) {
      made.path.push_back(&fhir::intern(step));
      type = element_type(type, *made.path.back(), target.at);
    }
    return type;
  }

  // Returns the static type of what the transform makes.
  const TypeInfo* transform(const RuleTarget& target, CompiledTarget& made, const TypeInfo* element) {
    const auto& given = target.parameters;
    const StaticElement place = element_;
    switch (*target.transform) {
      case Transform::Create:
        made.type = named_type(given, 0);
        if (made.type != nullptr) check_value(target, place, made.type, false);
        return made.type != nullptr ? static_type(made.type) : element;
      case Transform::Cast:
        made.type = named_type(given, 1);
        made.parameters.push_back(parameter(given[0]));
        return made.type != nullptr ? made.type : element;
      case Transform::Translate: translate(given, made, element); return element;
      case Transform::Evaluate: evaluate(given, made); return element;
      case Transform::Escape: escape_formats(given); break;
      default: break;
    }
    for (const Parameter& one : given) made.parameters.push_back(parameter(one));
    if (*target.transform == Transform::Copy && made.parameters[0].literal.node != nullptr) {
      const fhirpath::Item& literal = made.parameters[0].literal;
      if (!may_become(literal, place.types())) mismatch(target, place, "a literal " + std::string(literal.type->name));
    } else {
      check_value(target, place, type_made(*target.transform, given), true);
    }
    if (*target.transform == Transform::Copy && element == nullptr && given[0].kind == Kind::Variable) {
      return scope_.type_of(given[0].text);
    }
    return element;
  }

  // What a transform gives, whatever its parameters hold; null when that is open.
  const TypeInfo* type_made(Transform transform, const std::vector<Parameter>& given) {
    switch (transform) {
      case Transform::Copy: return given[0].kind == Kind::Variable ? scope_.type_of(given[0].text) : nullptr;
      case Transform::CodeableConcept: return context_.types.find("CodeableConcept");
      case Transform::Coding: return context_.types.find("Coding");
      case Transform::Quantity: return context_.types.find("Quantity");
      case Transform::Identifier: return context_.types.find("Identifier");
      case Transform::ContactPoint: return context_.types.find("ContactPoint");
      default: return nullptr;
    }
  }

  // `converted`: the value may be converted; a type that is created may not.
  void check_value(const RuleTarget& target, const StaticElement& place, const TypeInfo* value, bool converted) {
    if (value == nullptr || place.element == nullptr) return;
    const auto types = place.types();
    const bool fits = converted ? may_become(*value, types, context_.compiled) : may_be(types, *value);
    if (!fits) mismatch(target, place, std::string(value->name) + origin_of(target));
  }

  void mismatch(const RuleTarget& target, const StaticElement& place, const std::string& found) {
    error(target.at, "expected " + list_of(place.types()) + " for " + std::string(place.owner->name) + "." +
                         target.path.back() + ", found " + found);
  }

  // " of variable 'x'"
  static std::string origin_of(const RuleTarget& target) {
    const bool copied = target.transform == Transform::Copy && target.parameters[0].kind == Kind::Variable;
    return copied ? " of variable '" + target.parameters[0].text + "'" : std::string();
  }

  const TypeInfo* named_type(const std::vector<Parameter>& given, std::size_t at) {
    if (at >= given.size()) return nullptr;
    const Parameter& name = given[at];
    if (name.kind != Kind::String && name.kind != Kind::Variable) {
      error(name.at, "expected the name of a type in quotes, found an expression");
      return nullptr;
    }
    std::string why;
    const TypeInfo* type = context_.type_names.find(name.text, why);
    if (type == nullptr) error(name.at, why);
    return type;
  }

  void escape_formats(const std::vector<Parameter>& given) {
    for (std::size_t i = 1; i < given.size(); ++i) {
      if (given[i].kind != Kind::String || is_escape_format(given[i].text)) continue;
      error(given[i].at,
            "expected plain, json, java, xml or html as a format of escape(), found '" + given[i].text + "'");
    }
  }

  // The text of a literal, or of a constant that is one.
  std::optional<std::string> constant_text(const Parameter& given) const {
    if (given.kind == Kind::String) return given.text;
    if (given.kind != Kind::Variable) return std::nullopt;
    const VariableUse use = scope_.use(given.text);
    if (use.constant == VariableUse::kNone) return std::nullopt;
    const Result<Parameter> value = parse_parameter(context_.map.constants[use.constant].value.text);
    return value && value->kind == Kind::String ? std::optional(value->text) : std::nullopt;
  }

  // translate(code, map[, output]); without an output the element says what it wants, else a code.
  void translate(const std::vector<Parameter>& given, CompiledTarget& made, const TypeInfo* element) {
    made.parameters.push_back(parameter(given[0]));
    const std::optional<std::string> url = constant_text(given[1]);
    if (!url) {
      error(given[1].at, "expected the url of a concept map in quotes or a constant, found something else");
      return;
    }
    std::string why;
    made.codes = context_.find_codes(*url, why);
    if (made.codes == nullptr) error(given[1].at, why);
    const bool coded = element != nullptr && (element->name == "Coding" || element->name == "CodeableConcept");
    Parameter output{Kind::String, coded ? std::string(element->name) : "code", given[1].at};
    if (given.size() > 2) {
      output.text = constant_text(given[2]).value_or(std::string{});
      output.at = given[2].at;
    }
    if (!is_translate_output(output.text)) {
      error(output.at,
            "expected 'code', 'system', 'display', 'Coding' or 'CodeableConcept' as output of translate(), found '" +
                given[2].text + "'");
    }
    made.parameters.push_back(parameter(output));
  }

  // evaluate(focus, expression), or (expression) on the first source of the rule
  void evaluate(const std::vector<Parameter>& given, CompiledTarget& made) {
    const TypeInfo* focus = focus_;
    if (given.size() == 2) {
      made.parameters.push_back(parameter(given[0]));
      focus = given[0].kind == Kind::Variable ? scope_.type_of(given[0].text) : nullptr;
    }
    const Parameter& last = given.back();
    CompiledParameter compiled;
    if (last.kind == Kind::Variable || last.kind == Kind::Expression) {
      compiled.expression = expression({last.text, last.at}, focus);
    } else {
      compiled.literal = literal(last);
    }
    made.parameters.push_back(std::move(compiled));
  }

  // ---- parameters and calls

  CompiledParameter parameter(const Parameter& given) {
    CompiledParameter made;
    if (given.kind == Kind::Variable) {
      made.variable = scope_.use(given.text);
      if (!made.variable.exists()) {
        error(given.at, "expected a variable in scope, found '" + given.text + "'" +
                            fhirpath::suggestion(given.text, scope_.names()));
      }
    } else if (given.kind == Kind::Expression) {
      made.expression = expression({given.text, given.at}, focus_);
    } else {
      made.literal = literal(given);
    }
    return made;
  }

  fhirpath::Item literal(const Parameter& given) {
    using namespace fhirpath;
    Arena& arena = context_.literals;
    const std::string_view text = arena.copy(std::string_view(given.text));
    switch (given.kind) {
      case Kind::Integer: return number_item(system_type::Integer, text, arena);
      case Kind::Decimal: return number_item(system_type::Decimal, text, arena);
      case Kind::Boolean: return boolean_item(text == "true");
      case Kind::Date: return text_item(system_type::Date, text, arena);
      case Kind::DateTime: return text_item(system_type::DateTime, text, arena);
      case Kind::Time: return text_item(system_type::Time, text, arena);
      case Kind::String:
      case Kind::Variable:
      case Kind::Expression: return string_item(text, arena);
    }
    return string_item(text, arena);
  }

  CompiledCall compile(const Invocation& call) {
    CompiledCall made;
    made.at = call.at;
    std::string why;
    made.group = context_.find_group(call.group, why);
    if (made.group == nullptr) {
      error(call.at, why);
      return made;
    }
    const auto& wanted = made.group->parameters;
    note_types(*made.group, call);
    if (wanted.size() != call.parameters.size()) {
      error(call.at, "expected " + std::to_string(wanted.size()) + " parameters of group '" + call.group + "', found " +
                         std::to_string(call.parameters.size()));
      return made;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Parameter& given = call.parameters[i];
      made.parameters.push_back(wanted[i].mode == ParameterMode::Target ? target_argument(given, wanted[i])
                                                                        : parameter(given));
    }
    return made;
  }

  // What this call hands over; null where another call differs.
  void note_types(const CompiledGroup& group, const Invocation& call) {
    if (group.parameters.size() != call.parameters.size()) return;
    std::vector<const TypeInfo*> types;
    for (std::size_t i = 0; i < call.parameters.size(); ++i) {
      const Parameter& given = call.parameters[i];
      const ScopeEntry* entry =
          given.kind == Kind::Variable ? scope_.find(given.text, group.parameters[i].mode) : nullptr;
      // A group that calls itself with what it was given says nothing new of that.
      const bool own = &group == &to_ && entry != nullptr && entry->slot == i;
      types.push_back(own ? &kAnyType : entry == nullptr ? nullptr : entry->type);
    }
    const auto [known, added] = context_.called.emplace(&group, types);
    if (added) return;
    for (std::size_t i = 0; i < types.size(); ++i) {
      const TypeInfo*& type = known->second[i];
      if (type == &kAnyType) {
        type = types[i];
      } else if (types[i] != &kAnyType && type != types[i]) {
        type = nullptr;
      }
    }
  }

  CompiledParameter target_argument(const Parameter& given, const CompiledGroupParameter& wanted) {
    CompiledParameter made;
    const ScopeEntry* entry = given.kind == Kind::Variable ? scope_.find(given.text, ParameterMode::Target) : nullptr;
    if (entry == nullptr) {
      error(given.at, "expected a target variable for '" + wanted.name + "', found '" + given.text + "'" +
                          fhirpath::suggestion(given.text, scope_.names(ParameterMode::Target)));
      return made;
    }
    made.variable.name = given.text;
    made.variable.slot = entry->slot;
    return made;
  }

  const Group& group_;
  CompiledGroup& to_;
  MapContext& context_;
  Scope scope_;
  const TypeInfo* focus_ = nullptr;        // static type of the first source of the rule at work
  StaticElement element_;                  // the element looked up last
  const TypeInfo* source_type_ = nullptr;  // static type of the source compiled last
};

}  // namespace

const TypeInfo* static_type(const TypeInfo* type) {
  if (type == nullptr || std::ranges::find(kAbstract, type->name) != kAbstract.end()) return nullptr;
  return type;
}

void compile_group(const Group& group, CompiledGroup& to, MapContext& context) {
  GroupCompiler(group, to, context).run();
}

}  // namespace bhi::mapping
