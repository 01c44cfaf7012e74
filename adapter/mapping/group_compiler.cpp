#include "mapping/group_compiler.h"

#include "mapping/rule_compiler.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

constexpr std::array<std::string_view, 6> kAbstract = {"Any",     "BackboneElement", "Base", "DomainResource",
                                                       "Element", "Resource"};

}  // namespace

const fhir::TypeInfo* static_type(const fhir::TypeInfo* type) {
  if (type == nullptr || std::ranges::find(kAbstract, type->name) != kAbstract.end()) return nullptr;
  return type;
}

void compile_group(const Group& group, CompiledGroup& to, MapContext& context) {
  RuleCompiler(group, to, context).run();
}

}  // namespace bhi::mapping
