#include "mapping/group_compiler.h"

#include "mapping/rule_compiler.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

constexpr std::array<std::string_view, 6> kAbstract = {"Any",     "BackboneElement", "Base", "DomainResource",
                                                       "Element", "Resource"};

const fhir::TypeInfo kAnyType{};

}  // namespace

const fhir::TypeInfo* static_type(const fhir::TypeInfo* type) {
  if (type == nullptr || std::ranges::find(kAbstract, type->name) != kAbstract.end()) return nullptr;
  return type;
}

const fhir::TypeInfo* any_type() { return &kAnyType; }

void note_call(ParameterTypes& to, const CompiledGroup& group, const std::vector<const fhir::TypeInfo*>& types) {
  const auto [known, added] = to.emplace(&group, types);
  if (added) return;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const fhir::TypeInfo*& type = known->second[i];
    if (type == any_type()) {
      type = types[i];
    } else if (types[i] != any_type() && type != types[i]) {
      type = nullptr;
    }
  }
}

bool may_be_inferred(const CompiledGroup& group) {
  const bool untyped = std::ranges::any_of(group.parameters, [](const auto& one) { return one.type == nullptr; });
  return untyped && &group != &group.map->groups.front() && group.type_mode == TypeMode::None &&
         group.extends == nullptr;
}

void compile_group(const Group& group, CompiledGroup& to, MapContext& context) {
  RuleCompiler(group, to, context).run();
}

}  // namespace bhi::mapping
