// What every journey needs and nobody changes while running: types, compiled maps, rules' policy, our name.
// Immutable; a reload makes a new one and swaps the pointer.
#pragma once

#include "base/result.h"
#include "care/apply.h"
#include "fhir/terminology.h"
#include "fhir/types.h"
#include "mapping/library.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bhi::flow {

struct EngineTexts {
  std::vector<std::string>
      definitions;  // StructureDefinition JSON: fhir_profiles/care, and the site's models and profiles
  std::vector<std::string> terminology;  // CodeSystem and ValueSet JSON of the site: what memberOf() looks into
  // By layer (mapping/library.h): "" is core; a name is the overlay that sources ask for; "site" is what the site has
  // for every source, "site:NAME" what it adds to the overlay NAME. Applied in that order.
  std::vector<mapping::MapText> maps;
};

// Overlays that sources may ask for, in order of the alphabet.
std::vector<std::string> overlays_in(const EngineTexts& texts);

// Source -> the overlay that its resources are mapped with, in and out. A source that is not here has none.
using SourceMaps = std::map<std::string, std::string, std::less<>>;

// Source -> the base URLs under which it refers to its own resources. A source that is not here may use any.
using SourceBases = std::map<std::string, std::vector<std::string>, std::less<>>;

struct Engine {
  std::string instance_id;  // ours, in every identifier we write: "urn:bhi-adapter:<instance_id>"
  care::Policy policy;
  SourceBases bases;
  std::shared_ptr<const fhir::Types> types;
  std::shared_ptr<const mapping::Library> maps;  // of every source without an overlay
  SourceMaps overlay_of;
  std::map<std::string, std::shared_ptr<const mapping::Library>, std::less<>> overlays;  // those in use

  const mapping::Library& maps_of(std::string_view source) const;

  // "urn:bhi-adapter:<instance_id>"
  std::string identifier_system() const;
};

// Errors: Incorrect, one line per diagnostic (file:line:col), or an overlay that there is not.
Result<std::shared_ptr<const Engine>> make_engine(std::string instance_id, const care::Policy& policy,
                                                  const EngineTexts& texts, SourceBases bases = {},
                                                  SourceMaps overlays = {});

}  // namespace bhi::flow
