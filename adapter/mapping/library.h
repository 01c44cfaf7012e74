// Maps, loaded and compiled: the FHIR Mapping Language (https://build.fhir.org/ig/HL7/mapping-language-ig/, R4/R5 text
// and the 2026 grammar) and StructureMap JSON in the same structure. A Library is immutable; a new one replaces it
// whole.
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {
class Terminology;  // fhir/terminology.h
}

namespace bhi::fhirpath {
struct Item;  // fhirpath/expression.h
struct Environment;
}  // namespace bhi::fhirpath

namespace bhi::mapping {

struct CompiledMap;
struct Lineage;

struct MapText {
  std::string file;  // for messages: "mappings/core/screening.map"
  std::string text;  // FML, or StructureMap or ConceptMap JSON (R4 or R5 form)
  // Layers lie upon each other in the order in which they first appear: "" (core), "epic", "site". A map of a later
  // layer may take the place of one below, or of single groups of it (mapping/overlay.h).
  std::string layer = {};
};

struct MapParameter {
  std::string name;
  std::string type;  // name of the type, url of a logical model; empty: any
  bool source = true;
};

// What a library says of one of its maps.
struct MapInfo {
  std::string url;
  std::string name;
  std::string title;  // may be empty
  std::string file;
  std::vector<MapParameter> parameters;  // of its first group
};

// One thing wrong in a map: "screening.map:12:7: rule 'score': ...".
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string file;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string rule;  // name of the rule or group, may be empty
  std::string text;  // expected, found, suggestion
};

std::string to_text(const Diagnostic& diagnostic);

struct Input {
  std::string_view name;  // parameter of the entry group; empty: by position
  const fhir::Node* node = nullptr;
  const fhir::TypeInfo* type = nullptr;  // null: by resourceType
};

// What a run may ask of the world.
struct World {
  Instant now{};
  std::function<const fhir::Node*(std::string_view reference)> resolve;  // resource or canonical; null when unknown
  std::function<std::string()> new_uuid;  // for uuid(); absent: the transform is an error
  std::function<void(std::string_view message)> log;
  Lineage* lineage = nullptr;  // filled when the run ends well (mapping/lineage.h); null: none is kept
};

// conformsTo() of a profile, as fhirpath::Environment::conforms_to, with the environment that asks.
using ConformsTo = std::function<Result<std::optional<bool>>(const fhirpath::Item& item, std::string_view definition,
                                                             const fhirpath::Environment& environment)>;

struct Output {
  fhir::Node root;               // of the (first) target, in the arena of the run
  std::vector<fhir::Node> more;  // further targets of the entry group, in order
  Issues issues;                 // log messages, failed checks
};

class Library {
 public:
  // Compiles a set of maps that may import each other. All or nothing: any error diagnostic and there is no library.
  // Warnings are kept in diagnostics(). Error text holds every diagnostic, one a line.
  // `terminology` answers memberOf() and subsumes(); null: R4's own lists. `conforms_to`: empty, no profiles.
  static Result<std::shared_ptr<const Library>> compile(std::span<const MapText> maps,
                                                        std::shared_ptr<const fhir::Types> types,
                                                        std::shared_ptr<const fhir::Terminology> terminology = nullptr,
                                                        ConformsTo conforms_to = {});

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const std::vector<Diagnostic>& diagnostics() const;
  const fhir::Types& types() const;

  // Is there a map with this url (canonical, without version)?
  bool has(std::string_view map_url) const;
  std::vector<std::string> urls() const;
  // In the order of their urls; maps without one are not among them.
  const std::vector<MapInfo>& maps() const;
  // Null when there is no map with this url.
  const MapInfo* find(std::string_view map_url) const;

  // The map as a StructureMap resource of R4, with what overlays changed. Errors: NotFound; Unsupported (a rule that
  // StructureMap has no place for).
  Result<std::string> structure_map(std::string_view map_url) const;

  // Runs the first group of the map. Sources in the order of the group's source parameters. Targets are made by the
  // declared types of its target parameters. Errors: NotFound (no such map), Incorrect (the data breaks a rule of
  // the map: names file:line:col, rule and source path), Unsupported, Busy (budget).
  Result<Output> run(std::string_view map_url, std::span<const Input> sources, const World& world, Arena& arena) const;

 private:
  Library();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bhi::mapping
