// One case of a map: a folder of files that people write by hand (mappings/README.md, "Cases").
#pragma once

#include "base/result.h"
#include "fhir/json.h"
#include "mapping/library.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bhi::tools {

struct MapCase {
  std::string folder;
  std::string map;                                 // url
  std::map<std::string, fhir::DocumentPtr> files;  // by name without .json: "input", "form", "resolve"
  fhir::DocumentPtr expected;                      // may be null
  Instant now{};
  std::string error;                // text that the error of the run holds; empty: it must succeed
  std::vector<std::string> issues;  // text that each issue of the run holds, in order
};

// Errors: Incorrect (a file of it is wrong), Unavailable.
Result<MapCase> read_case(const std::string& folder);

struct CaseOutcome {
  std::vector<std::string> wrong;       // what differs; empty: it passed
  std::optional<std::string> to_bless;  // what expected.json should hold to pass
};

CaseOutcome run_case(const MapCase& one, const mapping::Library& library);

}  // namespace bhi::tools
