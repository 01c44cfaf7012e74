// The targets of a rule, compiled: where values go, and what a transform makes of its parameters.
#include "fhirpath/suggestion.h"
#include "mapping/escape.h"
#include "mapping/rule_compiler.h"
#include "mapping/rule_parser.h"
#include "mapping/transforms.h"

#include <optional>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;
using Kind = Parameter::Kind;

}  // namespace

CompiledTarget RuleCompiler::compile(const RuleTarget& target) {
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
void RuleCompiler::named_call(const RuleTarget& target, CompiledTarget& made) {
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
const TypeInfo* RuleCompiler::target_context(const RuleTarget& target, CompiledTarget& made) {
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
const TypeInfo* RuleCompiler::transform(const RuleTarget& target, CompiledTarget& made, const TypeInfo* element) {
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
const TypeInfo* RuleCompiler::type_made(Transform transform, const std::vector<Parameter>& given) {
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
void RuleCompiler::check_value(const RuleTarget& target, const StaticElement& place, const TypeInfo* value,
                               bool converted) {
  if (value == nullptr || place.element == nullptr) return;
  const auto types = place.types();
  const bool fits = converted ? may_become(*value, types, context_.compiled) : may_be(types, *value);
  if (!fits) mismatch(target, place, std::string(value->name) + origin_of(target));
}

void RuleCompiler::mismatch(const RuleTarget& target, const StaticElement& place, const std::string& found) {
  error(target.at, "expected " + list_of(place.types()) + " for " + std::string(place.owner->name) + "." +
                       target.path.back() + ", found " + found);
}

// " of variable 'x'"
std::string RuleCompiler::origin_of(const RuleTarget& target) {
  const bool copied = target.transform == Transform::Copy && target.parameters[0].kind == Kind::Variable;
  return copied ? " of variable '" + target.parameters[0].text + "'" : std::string();
}

const TypeInfo* RuleCompiler::named_type(const std::vector<Parameter>& given, std::size_t at) {
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

void RuleCompiler::escape_formats(const std::vector<Parameter>& given) {
  for (std::size_t i = 1; i < given.size(); ++i) {
    if (given[i].kind != Kind::String || is_escape_format(given[i].text)) continue;
    error(given[i].at,
          "expected plain, json, java, xml or html as a format of escape(), found '" + given[i].text + "'");
  }
}

// The text of a literal, or of a constant that is one.
std::optional<std::string> RuleCompiler::constant_text(const Parameter& given) const {
  if (given.kind == Kind::String) return given.text;
  if (given.kind != Kind::Variable) return std::nullopt;
  const VariableUse use = scope_.use(given.text);
  if (use.constant == VariableUse::kNone) return std::nullopt;
  const Result<Parameter> value = parse_parameter(context_.map.constants[use.constant].value.text);
  return value && value->kind == Kind::String ? std::optional(value->text) : std::nullopt;
}

// translate(code, map[, output]); without an output the element says what it wants, else a code.
void RuleCompiler::translate(const std::vector<Parameter>& given, CompiledTarget& made, const TypeInfo* element) {
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
void RuleCompiler::evaluate(const std::vector<Parameter>& given, CompiledTarget& made) {
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

}  // namespace bhi::mapping
