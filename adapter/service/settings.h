// What an operator can decide: the configuration file as values. Names, defaults, meanings and checks stand in one
// table (options.h); read_settings.h fills these structs from YAML.
#pragma once

#include "base/hash.h"
#include "care/apply.h"
#include "flow/bulk_settings.h"
#include "flow/privacy.h"
#include "service/on_call_settings.h"
#include "service/quiet_hours.h"
#include "service/subscription_settings.h"
#include "service/writing_settings.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bhi::service {

struct Address {
  std::string host;
  std::uint16_t port = 0;    // 0: any free port, for tests
  std::string text() const;  // "127.0.0.1:8420"
  bool loopback() const;     // 127.0.0.0/8, ::1, localhost
};

enum class Role : std::uint8_t { Ehr, BhiApp, Operator };

// A caller we know. The token itself is never in the file, only the SHA-256 of it.
struct TokenSettings {
  std::string name;
  Role role = Role::Ehr;
  Digest hash{};
  std::string source;    // an EHR's token may be bound to the one source it speaks for; empty: to none
  std::string member{};  // a bhi-app's token may be bound to the one team member it acts for; empty: to none
};

enum class AuthType : std::uint8_t { None, Bearer, Smart, SecretBasic, SecretPost };
enum class ScopeChoice : std::uint8_t { Auto, V1, V2 };

// How we show an EHR who we are. Secrets and keys are files, never text of the configuration.
struct AuthSettings {
  AuthType type = AuthType::None;
  std::string token_file;              // bearer
  std::string client_id;               // smart and client secrets
  std::string secret_file;             // client secrets
  std::vector<std::string> key_files;  // smart: the first one signs, all are published
  std::vector<std::string> key_ids;    // of the key files, in their order; none: their thumbprints
  std::string token_url;               // empty: discovered
  std::string jwks_url;                // where our key set is registered, said as `jku`; empty: not said
  std::vector<std::string> scopes;     // empty: those of the types
  std::vector<std::string> more_scopes;
  ScopeChoice scope_version = ScopeChoice::Auto;
  int refresh_margin_secs = 0;  // 0: by the token's life
};

struct TlsSettings {
  std::string ca_file;    // empty: the system's authorities
  std::string cert_file;  // with key_file: mutual TLS
  std::string key_file;
};

enum class CohortType : std::uint8_t { Everybody, Known, Enrolled, List, Group, Search };

enum class BulkUse : std::uint8_t { Off, FirstLoad, Only };

// Loading by Bulk Data export; the rule how it goes together with polling stands in the README.
struct BulkOptions {
  BulkUse use = BulkUse::Off;
  flow::BulkLevel level = flow::BulkLevel::Group;
  flow::BulkForm kick_off = flow::BulkForm::Auto;
  std::string group;
  std::vector<std::string> types;  // empty: those of the source
  std::string since;               // of the first export; empty: everything
  int interval_secs = 0;
  int longest_poll_secs = 0;
  int give_up_days = 0;
  std::vector<std::string> file_origins;
};

struct SourceSettings {
  std::string name;
  std::string base_url;  // empty: the source only sends to us
  std::vector<std::string> other_base_urls;
  std::string drop_folder;  // empty: none
  int drop_settle_secs = 0;
  std::size_t drop_max_file_bytes = 0;
  AuthSettings auth;
  TlsSettings tls;
  std::vector<std::string> types;
  bool types_listed = false;  // by the site; else those that the maps read, as far as the EHR has them
  CohortType cohort = CohortType::Everybody;
  std::string cohort_file;
  std::string cohort_group;
  std::string cohort_search;  // "Condition?code=..."
  std::vector<std::string> sweep_types;
  std::vector<std::string> created_date_types;
  std::vector<std::string> filters;  // "Observation?category=survey"
  int calls_per_minute = 0;          // 0: no budget
  QuietHours quiet_hours;
  std::string time_zone;
  int poll_interval_secs = 0;
  int overlap_secs = 0;
  int page_size = 0;
  int timeout_secs = 0;
  bool allow_plain_http = false;
  std::string maps;  // overlay; empty: none
  bool write_back = false;
  bool dry_run = false;  // with write_back: everything but the sending
  WritingOptions writing;
  bool part2 = false;  // a Part 2 programme's
  bool consent_required = false;
  flow::Privacy privacy;    // what both and Settings come to (settle_privacy)
  bool provenance = false;  // a Provenance for each write, where the EHR takes it
  BulkOptions bulk;
  std::string notify_url;  // where the EHR reaches our /notify
  std::vector<SubscriptionSettings> subscriptions;
};

struct LimitSettings {
  std::size_t max_body_bytes = 0;
  std::size_t max_depth = 0;
  std::size_t max_values = 0;
  std::size_t max_header_bytes = 0;
  std::size_t max_connections = 0;
  std::size_t max_buffered_bytes = 0;  // of all bodies being read at one moment
  int head_timeout_secs = 0;           // from the first byte of a request to the end of its head
  int body_timeout_secs = 0;           // for the whole body
  int idle_timeout_secs = 0;           // of a kept connection between two requests
};

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };

struct ReplicaSettings {
  std::string name;    // among the replicas; empty: that of the host
  int lease_secs = 0;  // after so long what a dead replica worked on is another's
};

struct Settings {
  std::string instance_id;
  ReplicaSettings replicas;
  Address listen;
  Address management;
  std::string assets;  // folder with mappings/ and fhir_profiles/; empty: found from where the program stands
  std::string store_path;
  std::vector<std::string> store_key_files;  // the first seals the store, all open it; none: it is not sealed
  int store_keep_days = 0;
  int store_max_mib = 0;  // 0: no limit
  int events_keep_days = 0;
  std::string maps_folder;  // the site's own maps; empty: none
  bool maps_watch = false;
  LogLevel log_level = LogLevel::Info;
  int workers = 0;
  int delivery_workers = 0;  // writes under way at once, per destination
  int drain_secs = 0;
  LimitSettings limits;
  care::Policy policy;     // its forms are read from the file when maps are (load_engine.h)
  std::string forms_file;  // the site's own forms (read_forms.h); empty: none
  int tick_interval_hours = 0;
  flow::Part2 part2_program = flow::Part2::Unstated;
  std::string redisclosure_notice;
  std::string consent_scope;
  std::vector<std::string> link_systems;  // of identifiers by which people of several sources are linked; none: nobody
  OnCallSettings on_call;
  std::vector<TokenSettings> tokens;
  std::vector<SourceSettings> sources;
};

// A source by name; null when there is none.
const SourceSettings* find_source(const Settings& settings, std::string_view name);

}  // namespace bhi::service
