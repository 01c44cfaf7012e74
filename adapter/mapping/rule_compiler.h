// The rules of one group while they are compiled; group_compiler.h is the door.
#pragma once

#include "mapping/group_compiler.h"
#include "mapping/scope.h"
#include "mapping/type_check.h"

#include <optional>
#include <string>
#include <vector>

namespace bhi::mapping {

class RuleCompiler {
 public:
  RuleCompiler(const Group& group, CompiledGroup& to, MapContext& context)
      : group_(group), to_(to), context_(context), scope_(context.map.constants) {}

  void run();

 private:
  using TypeInfo = fhir::TypeInfo;

  std::vector<CompiledRule> rules(const std::vector<Rule>& written);
  CompiledRule compile(const Rule& rule);
  static bool is_implied_copy(const Rule& rule);
  void warn_of_unused(std::size_t mark);
  void error(const Place& at, std::string text) { context_.reporter.error(at, std::move(text)); }
  MaybeExpression expression(const ExpressionText& text, const TypeInfo* focus);
  CompiledParameter parameter(const Parameter& given);
  fhirpath::Item literal(const Parameter& given);
  CompiledCall compile(const Invocation& call);
  void note_types(const CompiledGroup& group, const Invocation& call);
  CompiledParameter target_argument(const Parameter& given, const CompiledGroupParameter& wanted);

  // Sources: rule_compiler_sources.cpp
  CompiledSource compile(const RuleSource& source);
  void check_type(const RuleSource& source, const TypeInfo* wanted, const TypeInfo* known);
  void check_cardinality(const RuleSource& source);
  std::string path_of(const RuleSource& source) const;
  const TypeInfo* element_type(const TypeInfo* parent, const fhir::Name& name, const Place& at);

  // Targets: rule_compiler_targets.cpp
  CompiledTarget compile(const RuleTarget& target);
  void named_call(const RuleTarget& target, CompiledTarget& made);
  const TypeInfo* target_context(const RuleTarget& target, CompiledTarget& made);
  const TypeInfo* transform(const RuleTarget& target, CompiledTarget& made, const TypeInfo* element);
  const TypeInfo* type_made(Transform transform, const std::vector<Parameter>& given);
  void check_value(const RuleTarget& target, const StaticElement& place, const TypeInfo* value, bool converted);
  void mismatch(const RuleTarget& target, const StaticElement& place, const std::string& found);
  static std::string origin_of(const RuleTarget& target);
  const TypeInfo* named_type(const std::vector<Parameter>& given, std::size_t at);
  void escape_formats(const std::vector<Parameter>& given);
  std::optional<std::string> constant_text(const Parameter& given) const;
  void translate(const std::vector<Parameter>& given, CompiledTarget& made, const TypeInfo* element);
  void evaluate(const std::vector<Parameter>& given, CompiledTarget& made);

  const Group& group_;
  CompiledGroup& to_;
  MapContext& context_;
  Scope scope_;
  const TypeInfo* focus_ = nullptr;        // static type of the first source of the rule at work
  StaticElement element_;                  // the element looked up last
  const TypeInfo* source_type_ = nullptr;  // static type of the source compiled last
};

}  // namespace bhi::mapping
