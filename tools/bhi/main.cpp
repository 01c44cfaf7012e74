// bhi: the command line for people who connect an EHR. Everything it shows is computed by the rooms the daemon uses.
// Exit codes: 0 fine, 1 the input has errors, 2 usage or environment.
#include "bhi/commands.h"
#include "bhi/conformance.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  CLI::App app{"bhi: look at what bhi-adapter makes of FHIR data"};
  app.set_version_flag("--version", "bhi " BHI_VERSION);
  app.require_subcommand(1);

  bhi::tools::MapOptions map;
  CLI::App* map_command = app.add_subcommand("map", "FHIR files in; care model, write-back requests and issues out");
  map_command
      ->add_option("files", map.files, "resources and Bundles (JSON or XML) or NDJSON (.ndjson); '-' is standard input")
      ->required();
  map_command->add_flag("--json", map.json, "one JSON document instead of text");
  bool dry_run = true;
  map_command->add_flag("--dry-run", dry_run, "accepted for clarity: bhi map never sends anything");
  map_command->add_option("--source", map.source, "name of the source the files come from")->capture_default_str();
  map_command->add_option("--instance", map.instance, "instance_id for the identifiers in write-back requests")
      ->capture_default_str();
  map_command->add_option("--share", map.share,
                          "folder with mappings/ and fhir_profiles/ (default: where bhi was installed or built)");
  map_command->add_option("--maps", map.maps, "overlay that the source asks for, e.g. epic (option sources[].maps)");
  map_command->add_option("--maps-folder", map.maps_folder, "maps of the site (option maps.folder)");
  map_command->add_option("--now", map.now, "pretend it is this time, e.g. 2026-11-22T09:00:00Z");

  bhi::tools::TestOptions test;
  CLI::App* test_command = app.add_subcommand("test", "the cases of maps: cases/NAME beside each map");
  test_command->add_option("folder", test.folder,
                           "where they are, or above (default: the mappings that come with bhi)");
  test_command->add_flag("--bless", test.bless, "write what was found as expected.json, and say what changed");
  test_command->add_option("--only", test.only, "only cases with this in their path");
  test_command->add_option("--share", test.share, "folder with mappings/ and fhir_profiles/");
  test_command->add_option("--maps-folder", test.maps_folder, "maps of the site that the cases belong to");

  bhi::tools::TokenOptions token;
  CLI::App* token_command =
      app.add_subcommand("token", "make a token for the daemon's HTTP API and the line for its configuration");
  token_command->add_option("name", token.name, "who will use it")->required();
  token_command->add_option("--role", token.role, "ehr, bhi-app or operator")->capture_default_str();

  CLI::App* conformance = app.add_subcommand("conformance", "published suites on the code that the daemon runs");
  conformance->require_subcommand(1);
  std::string suite;
  std::string inputs;
  CLI::App* fhirpath_command = conformance->add_subcommand("fhirpath", "a FHIRPath suite in the official format");
  fhirpath_command->add_option("suite", suite, "the suite (.xml)")->required();
  fhirpath_command->add_option("inputs", inputs, "folder with its input resources")->required();
  CLI::App* json_command =
      conformance->add_subcommand("json", "files y_*, n_* and i_*.json: to be accepted, to be refused, free");
  json_command->add_option("folder", suite, "where they are, or above")->required();
  std::vector<std::string> suites;
  CLI::App* fml_command = conformance->add_subcommand("fml", "mapping cases: maps with the results they must give");
  fml_command->add_option("cases", suites, "cases.json, one or more; other files lie beside it")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (map_command->parsed()) return bhi::tools::run_map(map);
  if (test_command->parsed()) return bhi::tools::run_test(test);
  if (token_command->parsed()) return bhi::tools::run_token(token);
  if (fhirpath_command->parsed()) return bhi::tools::run_fhirpath_conformance(suite, inputs);
  if (fml_command->parsed()) return bhi::tools::run_fml_conformance(suites);
  if (json_command->parsed()) return bhi::tools::run_json_conformance(suite);
  return 2;
}
