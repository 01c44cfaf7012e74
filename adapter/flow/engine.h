// What every journey needs and nobody changes while running: types, compiled maps, rules' policy, our name.
// Immutable; a reload makes a new one and swaps the pointer.
#pragma once

#include "base/result.h"
#include "care/apply.h"
#include "fhir/types.h"
#include "mapping/library.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bhi::flow {

struct EngineTexts {
  std::vector<std::string> definitions;  // StructureDefinition JSON: the logical models of fhir_profiles/care
  std::vector<mapping::MapText> maps;    // mappings/core/*.map
};

// Source -> the base URLs under which it refers to its own resources. A source that is not here may use any.
using SourceBases = std::map<std::string, std::vector<std::string>, std::less<>>;

struct Engine {
  std::string instance_id;  // ours, in every identifier we write: "urn:bhi-adapter:<instance_id>"
  care::Policy policy;
  SourceBases bases;
  std::shared_ptr<const fhir::Types> types;
  std::shared_ptr<const mapping::Library> maps;

  // "urn:bhi-adapter:<instance_id>"
  std::string identifier_system() const;
};

// Errors: Incorrect, one line per diagnostic (file:line:col).
Result<std::shared_ptr<const Engine>> make_engine(std::string instance_id, const care::Policy& policy,
                                                  const EngineTexts& texts, SourceBases bases = {});

}  // namespace bhi::flow
