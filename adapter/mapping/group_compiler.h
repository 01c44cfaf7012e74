// The rules of one group, resolved: variables to slots, elements checked against known types, calls to groups.
#pragma once

#include "mapping/compiled.h"
#include "mapping/diagnostic.h"
#include "mapping/type_names.h"

#include <functional>
#include <map>
#include <string>

namespace bhi::mapping {

// Static types handed to the parameters of groups; null where calls differ or do not know.
using ParameterTypes = std::map<const CompiledGroup*, std::vector<const fhir::TypeInfo*>>;

// What the rules of a map may refer to outside of their group.
struct MapContext {
  const StructureMap& map;
  const fhir::Types& types;
  TypeNames type_names;
  // Null when there is none (or two); `why` then says so.
  std::function<const CompiledGroup*(std::string_view name, std::string& why)> find_group;
  std::function<const CodeTable*(std::string_view url, std::string& why)> find_codes;
  const CompiledMap& compiled;
  const ParameterTypes& inferred;  // of groups whose parameters say no type
  ParameterTypes& called;          // gets what the calls of this map hand over
  Arena& literals;                 // memory of the program
  Reporter& reporter;
};

// Fills `to.rules` and `to.slots`; parameters and base group stand there already.
void compile_group(const Group& group, CompiledGroup& to, MapContext& context);

// An abstract type says too little to check names against it; null then.
const fhir::TypeInfo* static_type(const fhir::TypeInfo* type);

}  // namespace bhi::mapping
