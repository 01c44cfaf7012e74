// Maps with everything resolved: variables are slots, names are interned, types, groups and code tables are pointers.
// Made by mapping/compiler.h, run by mapping/executor.h; never changed afterwards and shared between threads.
#pragma once

#include "base/arena.h"
#include "fhir/name.h"
#include "fhir/terminology.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"
#include "mapping/code_table.h"
#include "mapping/library.h"
#include "mapping/structure_map.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bhi::mapping {

struct CompiledMap;
struct CompiledGroup;

// What a name of a map stands for: a slot of the group's frame, or a constant of its map.
struct VariableUse {
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::string name;
  std::uint32_t slot = kNone;
  std::uint32_t constant = kNone;

  bool exists() const { return slot != kNone || constant != kNone; }
};

struct CompiledExpression {
  fhirpath::Expression expression;
  std::vector<VariableUse> variables;  // only those that the expression may mention
};

using MaybeExpression = std::optional<CompiledExpression>;

struct CompiledParameter {
  fhirpath::Item literal;  // when its node is set
  VariableUse variable;    // when it exists
  MaybeExpression expression;
};

struct CompiledSource {
  VariableUse context;
  std::vector<const fhir::Name*> path;
  const fhir::TypeInfo* type = nullptr;  // filter; null: any
  bool has_cardinality = false;
  std::uint32_t min = 0;
  std::uint32_t max = RuleSource::kUnbounded;
  MaybeExpression default_value;
  SourceListMode list_mode = SourceListMode::All;
  std::uint32_t slot = VariableUse::kNone;
  MaybeExpression where, check, log;
  Place at;
};

struct CompiledCall {
  const CompiledGroup* group = nullptr;
  std::vector<CompiledParameter> parameters;
  Place at;
};

struct CompiledTarget {
  VariableUse context;  // exists unless the value only becomes a variable
  std::vector<const fhir::Name*> path;
  std::optional<Transform> transform;  // none: the element is made (or, without a path, only named)
  std::vector<CompiledParameter> parameters;
  const fhir::TypeInfo* type = nullptr;    // of create() and cast()
  const CodeTable* codes = nullptr;        // of translate()
  std::optional<CompiledCall> invocation;  // instead of all that
  std::uint32_t slot = VariableUse::kNone;
  bool names_source = false;  // the variable is a source: the value of an evaluate() that is put nowhere
  TargetListMode list_mode = TargetListMode::None;
  std::string share_id;
  Place at;
};

struct CompiledRule {
  std::string name;
  std::vector<CompiledSource> sources;
  std::vector<CompiledTarget> targets;
  bool simple_copy = false;
  std::vector<CompiledCall> calls;
  std::vector<CompiledRule> rules;
  Place at;
};

struct CompiledGroupParameter {
  ParameterMode mode = ParameterMode::Source;
  std::string name;
  const fhir::TypeInfo* type = nullptr;  // null: any
};

struct CompiledGroup {
  std::string name;
  const CompiledMap* map = nullptr;
  std::vector<CompiledGroupParameter> parameters;  // the first slots of the frame
  const CompiledGroup* extends = nullptr;          // run first, with
  std::vector<std::uint32_t> extends_slots;        // these parameters of ours
  TypeMode type_mode = TypeMode::None;
  std::vector<CompiledRule> rules;
  std::uint32_t slots = 0;
  Place at;
};

struct CompiledConstant {
  std::string name;
  MaybeExpression value;
};

using TypePair = std::pair<const fhir::TypeInfo*, const fhir::TypeInfo*>;

struct CompiledMap {
  std::uint32_t index = 0;  // in its library
  bool imported = false;    // by another map of the library
  std::string file;
  std::string url;
  std::string name;
  std::string hash;  // of its text, see lineage.h
  std::deque<CompiledGroup> groups;
  std::vector<CompiledConstant> constants;
  std::deque<CodeTable> code_tables;
  // Default groups that this map and its imports declare: by source and target type, and (<<type+>>) by source type.
  std::map<TypePair, const CompiledGroup*> by_types;
  std::map<const fhir::TypeInfo*, const CompiledGroup*> by_source_type;
};

// Everything that was compiled together, and the memory that literals lie in.
struct Program {
  std::shared_ptr<const fhir::Types> types;
  std::shared_ptr<const fhir::Terminology> terminology;  // null: R4's own lists
  ConformsTo conforms_to;
  std::deque<CompiledMap> maps;
  std::map<std::string, const CompiledMap*, std::less<>> by_url;
  std::deque<CodeTable> code_tables;  // ConceptMap resources
  Arena literals;
};

}  // namespace bhi::mapping
