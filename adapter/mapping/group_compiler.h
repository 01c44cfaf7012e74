// The rules of one group, resolved: variables to slots, elements checked against known types, calls to groups.
#pragma once

#include "mapping/compiled.h"
#include "mapping/diagnostic.h"
#include "mapping/type_names.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bhi::mapping {

// Static types handed to the parameters of groups; null where calls differ or do not know.
using ParameterTypes = std::map<const CompiledGroup*, std::vector<const fhir::TypeInfo*>>;

// Notes what one call, or all calls of one place, hand over; null where another call differs.
void note_call(ParameterTypes& to, const CompiledGroup& group, const std::vector<const fhir::TypeInfo*>& types);
// Stands for what a group hands on to itself: it says nothing of the type.
const fhir::TypeInfo* any_type();

// The first group of a map takes what a run is given, and a default group what the types lead to it.
bool may_be_inferred(const CompiledGroup& group);

// What the rules of a map may refer to outside of their group.
struct MapContext {
  const StructureMap& map;
  const fhir::Types& types;
  TypeNames type_names;
  // Null when there is none (or two); `why` then says so.
  std::function<const CompiledGroup*(std::string_view name, std::string& why)> find_group;
  std::function<const CodeTable*(std::string_view url, std::string& why)> find_codes;
  const CompiledMap& compiled;
  ParameterTypes& called;  // gets what the calls of the group hand over
  Arena& literals;         // memory of the program
  Reporter& reporter;
  // Types of the group's parameters as far as its calls tell, for those that say none; null: nothing is known.
  const std::vector<const fhir::TypeInfo*>* known = nullptr;
};

// Fills `to.rules` and `to.slots`; parameters and base group stand there already.
void compile_group(const Group& group, CompiledGroup& to, MapContext& context);

// An abstract type says too little to check names against it; null then.
const fhir::TypeInfo* static_type(const fhir::TypeInfo* type);

}  // namespace bhi::mapping
