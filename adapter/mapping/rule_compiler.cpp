#include "mapping/rule_compiler.h"

#include "fhirpath/suggestion.h"
#include "fhirpath/value.h"
#include "mapping/expression_compiler.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;
using Kind = Parameter::Kind;

}  // namespace

void RuleCompiler::run() {
  for (std::size_t i = 0; i < to_.parameters.size(); ++i) {
    const CompiledGroupParameter& parameter = to_.parameters[i];
    const bool told = parameter.type == nullptr && context_.known != nullptr;
    const TypeInfo* type = told ? (*context_.known)[i] : parameter.type;
    scope_.add(parameter.name, parameter.mode, type == any_type() ? nullptr : static_type(type));
  }
  to_.rules = rules(group_.rules);
  to_.slots = scope_.slots();
}

std::vector<CompiledRule> RuleCompiler::rules(const std::vector<Rule>& written) {
  std::vector<CompiledRule> made;
  for (const Rule& rule : written) {
    context_.reporter.rule = rule.name;
    made.push_back(compile(rule));
  }
  return made;
}

CompiledRule RuleCompiler::compile(const Rule& rule) {
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
bool RuleCompiler::is_implied_copy(const Rule& rule) {
  if (rule.sources.size() != 1 || rule.targets.size() != 1 || !rule.dependents.empty() || !rule.rules.empty())
    return false;
  const RuleTarget& target = rule.targets.front();
  const bool made = !target.transform || (*target.transform == Transform::Create && target.parameters.empty());
  return made && !target.invocation && !target.path.empty() && !rule.sources.front().variable.empty() &&
         !target.variable.empty() && target.list_mode == TargetListMode::None;
}

void RuleCompiler::warn_of_unused(std::size_t mark) {
  for (const ScopeEntry& entry : scope_.added_since(mark)) {
    if (entry.used || entry.name.empty() || entry.name.starts_with("vvv")) continue;  // made up for JSON
    context_.reporter.warning(entry.at, "expected a use of variable '" + entry.name + "', found none");
  }
}

MaybeExpression RuleCompiler::expression(const ExpressionText& text, const TypeInfo* focus) {
  return compile_expression(text, focus, scope_, context_.types, context_.reporter);
}

CompiledParameter RuleCompiler::parameter(const Parameter& given) {
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

fhirpath::Item RuleCompiler::literal(const Parameter& given) {
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

CompiledCall RuleCompiler::compile(const Invocation& call) {
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

void RuleCompiler::note_types(const CompiledGroup& group, const Invocation& call) {
  if (group.parameters.size() != call.parameters.size()) return;
  std::vector<const TypeInfo*> types;
  for (std::size_t i = 0; i < call.parameters.size(); ++i) {
    const Parameter& given = call.parameters[i];
    const ScopeEntry* entry =
        given.kind == Kind::Variable ? scope_.find(given.text, group.parameters[i].mode) : nullptr;
    // A group that calls itself with what it was given says nothing new of that.
    const bool own = &group == &to_ && entry != nullptr && entry->slot == i;
    types.push_back(own ? any_type() : entry == nullptr ? nullptr : entry->type);
  }
  note_call(context_.called, group, types);
}

CompiledParameter RuleCompiler::target_argument(const Parameter& given, const CompiledGroupParameter& wanted) {
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

}  // namespace bhi::mapping
