// bhi conformance: published suites, run on the code that the daemon runs. Exit codes: 0 all passed, 1 some did not, 2
// the suite could not be read.
#pragma once

#include <string>
#include <vector>

namespace bhi::tools {

// A suite in the official FHIRPath format (tests/group/test with expression and output). Lists each test that fails
// with expected and found, and ends with "passed N of M".
int run_fhirpath_conformance(const std::string& suite, const std::string& inputs);

// Files y_*.json (to be accepted), n_*.json (to be refused) and i_*.json (free) below a folder, read as plain JSON.
// "passed N of M", then what was decided on each free one, then what the FHIR policies refuse of the accepted.
int run_json_conformance(const std::string& folder);

// Files cases.json with mapping cases: map, models, source and either the expected result or assertions about it; or
// maps that must only be read. Lists each case that fails with expected and found, names those that need what is not
// here ("not supported", counted as not passed), and ends with "passed N of M" over all files.
int run_fml_conformance(const std::vector<std::string>& suites);

}  // namespace bhi::tools
