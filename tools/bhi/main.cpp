// bhi: the command line for people who connect an EHR. Everything it shows is computed by the rooms the daemon uses.
// Exit codes: 0 fine, 1 the input has errors, 2 usage or environment.
#include "bhi/commands.h"
#include "bhi/conformance.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace {

void add_map_options(CLI::App& command, bhi::tools::MapOptions& options) {
  command
      .add_option("files", options.files,
                  "resources and Bundles (JSON or XML) or NDJSON (.ndjson); '-' is standard input")
      ->required();
  command.add_flag("--json", options.json, "one JSON document instead of text");
  command.add_option("--source", options.source, "name of the source the files come from")->capture_default_str();
  command.add_option("--instance", options.instance, "instance_id for the identifiers in write-back requests")
      ->capture_default_str();
  command.add_option("--share", options.share,
                     "folder with mappings/ and fhir_profiles/ (default: where bhi was installed or built)");
  command.add_option("--maps", options.maps, "overlay that the source asks for, e.g. epic (option sources[].maps)");
  command.add_option("--maps-folder", options.maps_folder, "maps of the site (option maps.folder)");
  command.add_option("--now", options.now, "pretend it is this time, e.g. 2026-11-22T09:00:00Z");
}

void add_connection_options(CLI::App& command, bhi::tools::CapabilitiesOptions& options) {
  command.add_option("--token-file", options.token_file, "file with a bearer token");
  command.add_option("--ca-file", options.ca_file, "authorities to trust, as PEM, instead of the system's");
  auto* own_certificate = command.add_option("--cert-file", options.cert_file, "our certificate, for mutual TLS");
  auto* own_key = command.add_option("--key-file", options.key_file, "its private key");
  own_certificate->needs(own_key);
  own_key->needs(own_certificate);
  command.add_flag("--allow-plain-http", options.allow_plain_http, "http beyond this machine");
}

// The acts of `bhi queue`; `list` when none is named.
CLI::App* add_queue(CLI::App& app, bhi::tools::QueueOptions& options) {
  using What = bhi::tools::QueueOptions::What;
  CLI::App* command =
      app.add_subcommand("queue", "what a running adapter was or is to write to EHRs, and what to do about it");
  command->add_option("--url", options.url, "address of the adapter's API")->capture_default_str();
  command->add_option("--token-file", options.token_file, "file with a token of role `operator`");
  command->add_option("--ca-file", options.ca_file, "authorities to trust, as PEM, instead of the system's");
  command->add_option("--cert-file", options.cert_file, "our certificate, for mutual TLS");
  command->add_option("--key-file", options.key_file, "its private key");
  command->add_flag("--json", options.json, "JSON instead of text");
  command->fallthrough();  // so that these may stand behind the act, too
  command->require_subcommand(0, 1);
  const auto act = [&](const char* name, const char* meaning, What what) {
    CLI::App* made = command->add_subcommand(name, meaning);
    made->callback([&options, what] { options.what = what; });
    return made;
  };
  const auto which = [&](CLI::App* of) {
    of->add_option("--destination", options.destination, "only to this EHR");
    of->add_option("--artifact", options.artifact, "only care-plan, screening-result or safety");
    of->add_option("--trouble", options.trouble, "only with this trouble: policy, person, dry-run, ...");
  };
  CLI::App* list = act("list", "items, newest first", What::List);
  which(list);
  list->add_option("--state", options.state, "states with commas, or all")->capture_default_str();
  list->add_option("--patient", options.patient, "only of this patient (care id)");
  list->add_option("--limit", options.limit, "most items")->capture_default_str();
  CLI::App* show = act("show", "one item, and the exact requests it would send (with patient data)", What::Show);
  show->add_option("seq", options.items, "its number")->required()->expected(1);
  show->add_flag("!--no-preview", options.preview, "without the requests");
  CLI::App* release = act("release", "parked or dead items go out again", What::Release);
  release->add_option("seq", options.items, "their numbers");
  release->add_flag("--all", options.all, "every parked item of a destination, artifact or trouble");
  which(release);
  CLI::App* discard = act("discard", "items are never sent", What::Discard);
  discard->add_option("seq", options.items, "their numbers")->required();
  discard->add_option("--reason", options.reason, "why, without patient data")->required();
  CLI::App* resolve = act("resolve", "of what both sides edited, one counts", What::Resolve);
  resolve->add_option("seq", options.items, "its number")->required()->expected(1);
  resolve->add_option("--keep", options.keep, "ours or theirs")->required();
  CLI::App* filed = act("filed", "an outbox file was filed by hand", What::Filed);
  filed->add_option("seq", options.items, "their numbers")->required();
  act("replicas", "which daemons share the work, and what each holds", What::Replicas);
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"bhi: look at what bhi-adapter makes of FHIR data"};
  app.set_version_flag("--version", "bhi " BHI_VERSION);
  app.require_subcommand(1);

  bhi::tools::MapOptions map;
  CLI::App* map_command = app.add_subcommand("map", "FHIR files in; care model, write-back requests and issues out");
  add_map_options(*map_command, map);
  map_command->add_flag("--fhir", map.fhir,
                        "print the care model as one FHIR collection Bundle, as the outbound maps write it (issues to "
                        "standard error)");
  map_command->add_flag("--part2", map.part2,
                        "with --fhir: label substance-use data as that of a 42 CFR Part 2 programme");
  bool dry_run = true;
  map_command->add_flag("--dry-run", dry_run, "accepted for clarity: bhi map never sends anything");

  bhi::tools::ExplainOptions explain;
  CLI::App* explain_command = app.add_subcommand(
      "explain", "FHIR files in; for each element of the write-back requests the answers and rules it came from");
  add_map_options(*explain_command, explain.map);
  explain_command->add_option("--element", explain.element, "only this element, e.g. Observation.valueQuantity");
  explain_command->add_option("--from", explain.from,
                              "only what was made from this resource, or element of it: 'QuestionnaireResponse/1 "
                              "item[8]'");

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

  CLI::App* keys = app.add_subcommand("keys", "private keys by which EHRs know us (SMART Backend Services)");
  keys->require_subcommand(1);
  std::string key_file;
  std::string algorithm = "ES384";
  CLI::App* keys_new = keys->add_subcommand("new", "make one, and show what to register at the EHR");
  keys_new->add_option("file", key_file, "where to write it; never replaces a file")->required();
  keys_new->add_option("--algorithm", algorithm, "RS384 or ES384")->capture_default_str();
  std::vector<std::string> key_files;
  CLI::App* keys_show = keys->add_subcommand("show", "the public key set of private key files");
  keys_show->add_option("files", key_files, "private keys (PEM)")->required();

  bhi::tools::CapabilitiesOptions ehr;
  CLI::App* capabilities_command = app.add_subcommand(
      "capabilities", "what an EHR can do for us: how news are found, what can be written, what to do about the rest");
  capabilities_command->add_option("url", ehr.url, "FHIR base of the EHR")->required();
  capabilities_command->add_option("--types", ehr.types, "resource types (default: those the daemon asks for)");
  capabilities_command->add_option("--patients", ehr.patients, "so many are of interest")->capture_default_str();
  capabilities_command->add_option("--calls-per-minute", ehr.calls_per_minute, "what the EHR allows");
  capabilities_command->add_flag("--cohort", ehr.cohort, "only certain patients are of interest");
  add_connection_options(*capabilities_command, ehr);

  bhi::tools::PlanOptions plan;
  CLI::App* plan_command = app.add_subcommand(
      "plan", "by which way care plans, screening results and safety events reach an EHR, and why not by others");
  plan_command->add_option("url", plan.ehr.url, "FHIR base of the EHR");
  add_connection_options(*plan_command, plan.ehr);
  auto* plan_config = plan_command->add_option("--config", plan.config,
                                               "the daemon's configuration: its authorisation, and what it wishes");
  plan_command->add_option("--source", plan.source, "which source of it, when there are several")->needs(plan_config);
  plan_command->add_option("--statement", plan.statement,
                           "a captured CapabilityStatement (JSON), instead of asking an EHR");
  plan_command->add_flag("--json", plan.json, "one JSON document instead of text");

  bhi::tools::QueueOptions queue;
  CLI::App* queue_command = add_queue(app, queue);

  bhi::tools::SendOptions send;
  CLI::App* send_command =
      app.add_subcommand("send", "FHIR files (JSON, XML or NDJSON, each also gzip) to a running adapter");
  send_command->add_option("files", send.files, "resources and Bundles")->required();
  send_command->add_option("--to", send.to, "address of the adapter's API")->capture_default_str();
  send_command->add_option("--source", send.source, "name of the source they come from, when there are several");
  send_command->add_option("--token-file", send.token_file, "file with a token of role `ehr`");

  bhi::tools::DoctorOptions doctor;
  CLI::App* doctor_command =
      app.add_subcommand("doctor", "what a configuration really meets: files, tokens, scopes, clocks, searches");
  doctor_command->add_option("--config", doctor.config, "the daemon's configuration file")->required();
  doctor_command->add_option("--patients", doctor.patients, "so many are of interest")->capture_default_str();

  CLI::App* store =
      app.add_subcommand("store", "the daemon's store: check it, copy it while it is in use, put a copy in place");
  store->require_subcommand(1);
  std::string store_path, store_copy;
  CLI::App* store_check =
      store->add_subcommand("check", "every page, key and link of the audit trail; changes nothing");
  store_check->add_option("store", store_path, "the file or postgres:// address (store.path)")->required();
  CLI::App* store_backup = store->add_subcommand("backup", "a complete, checked copy; the daemon may go on");
  store_backup->add_option("store", store_path, "the file (store.path)")->required();
  store_backup->add_option("to", store_copy, "the copy; never replaces a file")->required();
  CLI::App* store_restore = store->add_subcommand("restore", "makes a copy the store, where none is");
  store_restore->add_option("from", store_copy, "the copy")->required();
  store_restore->add_option("store", store_path, "the file (store.path); no daemon may run on it")->required();

  CLI::App* store_compact = store->add_subcommand(
      "compact", "writes it anew without the room that nothing uses; needs as much disk beside it");
  store_compact->add_option("store", store_path, "the file (store.path); no daemon may run on it")->required();

  CLI::App* store_migrate =
      store->add_subcommand("migrate", "moves a store in a file to PostgreSQL, whole or not at all; may be repeated");
  store_migrate->add_option("store", store_path, "the file (store.path); no daemon may run on it")->required();
  store_migrate->add_option("--to", store_copy, "postgres://user@host/database, without a store or with an empty one")
      ->required();

  std::vector<std::string> store_keys;
  bool store_plain = false;
  CLI::App* store_rekey =
      store->add_subcommand("rekey", "writes what is sealed anew, under a first or another key, or none");
  store_rekey->add_option("store", store_path, "the file (store.path); no daemon may run on it")->required();
  store_rekey->add_option("--key-file", store_keys, "keys, once each: the first seals, all open")->required();
  store_rekey->add_flag("--plain", store_plain, "seal nothing any more");
  bhi::tools::AuditOptions audit;
  CLI::App* audit_command = app.add_subcommand("audit", "the audit trail: is it whole, and as FHIR AuditEvents");
  audit_command->require_subcommand(1);
  CLI::App* audit_verify =
      audit_command->add_subcommand("verify", "walk its chain of hashes, beside a running daemon too");
  audit_verify->add_option("store", audit.store, "the store's file (option store.path)")->required();
  audit_verify->add_option("--hash", audit.hash,
                           "SEQ:HASH as the log told it (`audit trail sealed`): finds an end that was rewritten");
  CLI::App* audit_export =
      audit_command->add_subcommand("export", "AuditEvents (IHE BALP) of a running adapter, one a line, oldest first");
  audit_export->add_option("--url", audit.url, "address of the adapter's API")->capture_default_str();
  audit_export->add_option("--token-file", audit.token_file, "file with a token of role `operator`");
  audit_export->add_option("--ca-file", audit.ca_file, "authorities to trust, as PEM, instead of the system's");
  audit_export->add_option("--after", audit.after, "only records behind this seq")->capture_default_str();

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
  if (explain_command->parsed()) return bhi::tools::run_explain(explain);
  if (send_command->parsed()) return bhi::tools::run_send(send);
  if (capabilities_command->parsed()) return bhi::tools::run_capabilities(ehr);
  if (queue_command->parsed()) return bhi::tools::run_queue(queue);
  if (plan_command->parsed()) return bhi::tools::run_plan(plan);
  if (audit_verify->parsed()) return bhi::tools::run_audit_verify(audit);
  if (audit_export->parsed()) return bhi::tools::run_audit_export(audit);
  if (doctor_command->parsed()) return bhi::tools::run_doctor(doctor);
  if (keys_new->parsed()) return bhi::tools::run_keys_new(key_file, algorithm);
  if (keys_show->parsed()) return bhi::tools::run_keys_show(key_files);
  if (store_check->parsed()) return bhi::tools::run_store_check(store_path);
  if (store_backup->parsed()) return bhi::tools::run_store_backup(store_path, store_copy);
  if (store_compact->parsed()) return bhi::tools::run_store_compact(store_path);
  if (store_migrate->parsed()) return bhi::tools::run_store_migrate(store_path, store_copy);
  if (store_rekey->parsed()) return bhi::tools::run_store_rekey(store_path, store_keys, store_plain);
  if (store_restore->parsed()) return bhi::tools::run_store_restore(store_copy, store_path);
  if (token_command->parsed()) return bhi::tools::run_token(token);
  if (fhirpath_command->parsed()) return bhi::tools::run_fhirpath_conformance(suite, inputs);
  if (fml_command->parsed()) return bhi::tools::run_fml_conformance(suites);
  if (json_command->parsed()) return bhi::tools::run_json_conformance(suite);
  return 2;
}
