// The commands of bhi, one function each: options in, exit code out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bhi::tools {

struct MapOptions {
  std::vector<std::string> files;
  bool json = false;
  std::string source = "file";
  std::string instance = "example";
  std::string share;
  std::string maps;         // overlay
  std::string maps_folder;  // of the site
  std::string now;
  bool fhir = false;   // the care model as a FHIR Bundle, through the outbound maps
  bool part2 = false;  // label substance-use data as 42 CFR Part 2
};

struct TestOptions {
  std::string folder;
  std::string only;  // part of a case's path
  std::string share;
  std::string maps_folder;
  bool bless = false;
};

struct ExplainOptions {
  MapOptions map;
  std::string element;  // "Observation.valueQuantity"; empty: every element
  std::string from;     // "QuestionnaireResponse/r1", or with a path: "QuestionnaireResponse/r1 item[8]"
};

struct TokenOptions {
  std::string name;
  std::string role = "bhi-app";
};

struct CapabilitiesOptions {
  std::string url;
  std::string token_file;
  std::string ca_file, cert_file, key_file;  // TLS
  std::vector<std::string> types;
  int patients = 1000;
  int calls_per_minute = 0;
  bool cohort = false;
  bool allow_plain_http = false;
};

struct PlanOptions {
  CapabilitiesOptions ehr;  // its address and how we get there
  std::string config;       // instead: a source of the daemon's configuration
  std::string source;
  std::string statement;  // a captured CapabilityStatement; nobody is asked
  bool json = false;
};

struct DoctorOptions {
  std::string config;
  int patients = 1000;
};

struct SendOptions {
  std::vector<std::string> files;
  std::string to = "http://127.0.0.1:8420";
  std::string source;
  std::string token_file;
};

struct QueueOptions {
  enum class What { List, Show, Release, Discard, Resolve, Filed, Replicas };
  What what = What::List;
  std::string url = "http://127.0.0.1:8420";
  std::string token_file;
  std::string ca_file, cert_file, key_file;  // TLS
  std::vector<std::int64_t> items;
  bool all = false;
  bool json = false;
  bool preview = true;
  std::string state = "planned,sent,unknown,retry-at,parked,dead";
  std::string destination, patient, artifact, trouble;
  std::size_t limit = 100;
  std::string reason;
  std::string keep;
};

int run_queue(const QueueOptions& options);
struct AuditOptions {
  std::string store;
  std::string hash;  // "SEQ:HASH", kept elsewhere
  std::string url = "http://127.0.0.1:8420";
  std::string token_file;
  std::string ca_file;
  long long after = 0;
};

int run_audit_verify(const AuditOptions& options);
int run_audit_export(const AuditOptions& options);
int run_send(const SendOptions& options);
int run_capabilities(const CapabilitiesOptions& options);
int run_plan(const PlanOptions& options);
int run_doctor(const DoctorOptions& options);
int run_map(const MapOptions& options);
int run_test(const TestOptions& options);
int run_explain(const ExplainOptions& options);
int run_token(const TokenOptions& options);
int run_store_check(const std::string& path);
int run_store_backup(const std::string& path, const std::string& to);
int run_store_rekey(const std::string& path, const std::vector<std::string>& key_files, bool plain);
int run_store_compact(const std::string& path);
int run_store_migrate(const std::string& path, const std::string& to);
int run_store_restore(const std::string& from, const std::string& path);
int run_keys_new(const std::string& path, const std::string& algorithm);
int run_keys_show(const std::vector<std::string>& paths);

}  // namespace bhi::tools
