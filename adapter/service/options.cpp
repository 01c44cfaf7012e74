#include "service/options.h"

#include "service/option_checks.h"
#include "service/option_texts.h"
#include "service/options_bulk.h"
#include "service/options_on_call.h"
#include "service/options_privacy.h"
#include "service/options_subscriptions.h"
#include "service/options_writing.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bhi::service {

namespace {

const Words<bool> kYesNo = {{"true", true}, {"false", false}};
const Words<Role> kRoles = {{"ehr", Role::Ehr}, {"bhi-app", Role::BhiApp}, {"operator", Role::Operator}};
const Words<AuthType> kAuthTypes = {{"none", AuthType::None},
                                    {"bearer", AuthType::Bearer},
                                    {"smart", AuthType::Smart},
                                    {"client-secret-basic", AuthType::SecretBasic},
                                    {"client-secret-post", AuthType::SecretPost}};
const Words<CohortType> kCohorts = {{"everybody", CohortType::Everybody}, {"known", CohortType::Known},
                                    {"enrolled", CohortType::Enrolled},   {"list", CohortType::List},
                                    {"group", CohortType::Group},         {"search", CohortType::Search}};
const Words<ScopeChoice> kScopeChoices = {
    {"auto", ScopeChoice::Auto}, {"v1", ScopeChoice::V1}, {"v2", ScopeChoice::V2}};
const Words<LogLevel> kLevels = {
    {"debug", LogLevel::Debug}, {"info", LogLevel::Info}, {"warn", LogLevel::Warn}, {"error", LogLevel::Error}};

constexpr std::string_view kRequired = "required";

template <typename Owner>
Option row(std::string where, std::string_view fallback, std::string meaning, Check<Owner> check) {
  Option option;
  option.path = std::move(where);
  option.required = fallback == kRequired;
  if (!option.required) option.fallback = fallback;
  option.list = check.list;
  option.expected = std::move(check.expected);
  option.meaning = std::move(meaning);
  option.set = std::move(check.set);
  return option;
}

Option secret(Option option) {
  option.secret = true;
  return option;
}

#define BHI_FIELD(owner, field) \
  [](owner & o) -> auto& { return o.field; }

std::vector<Option> make_table() {
  using S = Settings;
  using T = TokenSettings;
  using E = SourceSettings;
  return {
      row("instance_id", kRequired,
          "our name in every identifier we write (`urn:bhi-adapter:<instance_id>`); never change it later",
          name_text<S>(BHI_FIELD(S, instance_id))),
      row("listen", "127.0.0.1:8420", "address of the API; off loopback at least one token is needed",
          read_by<S>(BHI_FIELD(S, listen), "an address as host:port", read_address)),
      row("management", "127.0.0.1:8421", "address of `/healthz`, `/readyz` and `/metrics`, which ask for no token",
          read_by<S>(BHI_FIELD(S, management), "an address as host:port", read_address)),
      row("assets", "",
          "folder with `mappings/` and `fhir_profiles/`; found from where the program stands when not given",
          path<S>(BHI_FIELD(S, assets), "the path of a folder")),
      row("workers", "2", "threads that map and apply what was received", whole<S>(BHI_FIELD(S, workers), 1, 64)),
      row("delivery_workers", "2", "writes under way at once, for each source with `write_back`",
          whole<S>(BHI_FIELD(S, delivery_workers), 1, 64)),
      row("drain_secs", "20", "how long a stop waits for work in progress; what is left continues at the next start",
          whole<S>(BHI_FIELD(S, drain_secs), 1, 600)),
      row("store.path", kRequired,
          "file of the SQLite database; its folder is made when it is missing, but not the folder above. Or "
          "`postgres://user@host/database?option=value` as libpq reads it, for a PostgreSQL database; its password "
          "comes "
          "from the file that `passfile=` names, or from `~/.pgpass`",
          path<S>(BHI_FIELD(S, store_path), "the path of a file, or an address postgres://...")),
      row("store.key_files", "",
          "files with the keys (32 bytes, or 64 hexadecimal digits: `openssl rand -hex 32`) under which what tells of "
          "people is sealed in the store (AES-256-GCM); the first one seals, all of them open, so that a new key is "
          "put "
          "first and the old one goes after `bhi store rekey`; without a key the store cannot be read by anybody, so "
          "keep "
          "a copy elsewhere",
          list_of<S>(BHI_FIELD(S, store_key_files), "a list of paths of files", is_path)),
      row("store.keep_days", "400",
          "how long settled items of inbox and outbox are kept; what waits for somebody, the care model, the copies of "
          "the EHR's resources and the audit trail are never forgotten",
          whole<S>(BHI_FIELD(S, store_keep_days), 1, 36500)),
      row("store.max_mib", "0",
          "size from which settled items are forgotten before their time, down to one day; 0: as large as it gets",
          whole<S>(BHI_FIELD(S, store_max_mib), 0, 1 << 24)),
      row("replicas.lease_secs", "15",
          "of several daemons on one PostgreSQL database: after so long what one that died or stands still was working "
          "on is taken over by the others; each renews three times as often",
          whole<S>(BHI_FIELD(S, replicas.lease_secs), 1, 300)),
      row("replicas.name", "", "our name among them, for people; that of the host when not given",
          name_text<S>(BHI_FIELD(S, replicas.name))),
      row("events.keep_days", "365",
          "how long `/care/events` tells of a change; a follower that was away longer begins anew",
          whole<S>(BHI_FIELD(S, events_keep_days), 1, 36500)),
      row("maps.folder", "",
          "the site's own maps: FML (`.map`, `.fml`), StructureMaps and logical models (`.json`), FHIR packages "
          "(`.tgz`); see `mappings/README.md`",
          path<S>(BHI_FIELD(S, maps_folder), "the path of a folder")),
      row("maps.watch", "true",
          "changes in `maps.folder` come into use by themselves; SIGHUP reads all maps again in any case",
          one_of<S>(BHI_FIELD(S, maps_watch), kYesNo)),
      row("log.level", "info", "least level that is logged (JSON lines on standard error, without patient data)",
          one_of<S>(BHI_FIELD(S, log_level), kLevels)),
      row("limits.max_body_bytes", "16777216", "largest request body; more is answered 413",
          whole<S>(BHI_FIELD(S, limits.max_body_bytes), 1024, 1 << 30)),
      row("limits.max_depth", "64", "deepest nesting of a JSON document",
          whole<S>(BHI_FIELD(S, limits.max_depth), 8, 1000)),
      row("limits.max_values", "4000000", "most values in one JSON document",
          whole<S>(BHI_FIELD(S, limits.max_values), 1000, 100'000'000)),
      row("limits.max_header_bytes", "16384", "largest request line and header fields together; more is answered 431",
          whole<S>(BHI_FIELD(S, limits.max_header_bytes), 1024, 1 << 20)),
      row("limits.max_connections", "128", "connections served at a time; one more is answered 503",
          whole<S>(BHI_FIELD(S, limits.max_connections), 1, 4096)),
      row("limits.max_buffered_bytes", "134217728", "bytes of all bodies held at a time; beyond it 503",
          whole<S>(BHI_FIELD(S, limits.max_buffered_bytes), 1024, 1LL << 40)),
      row("limits.head_timeout_secs", "10", "from the first byte of a request to the end of its header",
          whole<S>(BHI_FIELD(S, limits.head_timeout_secs), 1, 600)),
      row("limits.body_timeout_secs", "60", "for the whole body of a request",
          whole<S>(BHI_FIELD(S, limits.body_timeout_secs), 1, 3600)),
      row("limits.idle_timeout_secs", "5", "how long a connection may be silent between two requests",
          whole<S>(BHI_FIELD(S, limits.idle_timeout_secs), 1, 600)),
      row("policy.safety_recent_days", "14",
          "a safety event older than this at first sight is for review instead of open",
          whole<S>(BHI_FIELD(S, policy.safety_recent_days), 0, 3650)),
      row("policy.review_interval_days", "28", "days from a screening to the next plan review",
          whole<S>(BHI_FIELD(S, policy.review_interval_days), 1, 3650)),
      row("policy.review_interval_positive_days", "14", "the same after a positive screening",
          whole<S>(BHI_FIELD(S, policy.review_interval_positive_days), 1, 3650)),
      row("policy.write_scores_of_ehr_responses", "true",
          "send a score Observation for a questionnaire response that came from the EHR itself",
          one_of<S>(BHI_FIELD(S, policy.write_scores_of_ehr_responses), kYesNo)),
      row("policy.tick_interval_hours", "6",
          "how often all patients are looked at for what time alone asks for: a consultation in week 8, a score that "
          "is "
          "due again; once more a minute after the start",
          whole<S>(BHI_FIELD(S, tick_interval_hours), 1, 168)),
      row("policy.forms", "",
          "the site's own forms, YAML or JSON: a list of `questionnaire`, `instrument` and `items` (linkId: number in "
          "the instrument, or `total`); SIGHUP reads it again",
          path<S>(BHI_FIELD(S, forms_file), "the path of a file")),
      row("identity.link_systems", "",
          "systems of identifiers (`urn:oid:...` of a national or an enterprise id) by which a patient of one source "
          "and "
          "one of another are told to be the same person; none: nobody is",
          list_of<S>(BHI_FIELD(S, link_systems), "a list of identifier systems", is_id)),
      row("tokens[].name", kRequired, "who the caller is, in audit and log", name_text<T>(BHI_FIELD(T, name))),
      row("tokens[].role", kRequired,
          "`ehr` sends FHIR, `bhi-app` works with `/care`, `operator` sees queues and replays",
          one_of<T>(BHI_FIELD(T, role), kRoles)),
      secret(
          row("tokens[].hash", kRequired,
              "SHA-256 of the token in hex: `printf %s \"$TOKEN\" \\| sha256sum`; a token has at least 128 random bits",
              read_by<T>(BHI_FIELD(T, hash), "64 hex digits (SHA-256 of the token)", read_hash))),
      row("tokens[].source", "", "the one source that an `ehr` token may speak for; any when not given",
          name_text<T>(BHI_FIELD(T, source))),
      row("tokens[].member", "",
          "the one team member that a `bhi-app` token acts for; whoever `X-BHI-Member` names when not given",
          name_text<T>(BHI_FIELD(T, member))),
      row("sources[].name", kRequired, "name of the EHR, part of every lane and id; never change it later",
          name_text<E>(BHI_FIELD(E, name))),
      row("sources[].base_url", "",
          "FHIR base of the EHR; without it the source is not polled, it only sends to `/fhir`",
          text_if<E>(BHI_FIELD(E, base_url), "an http or https URL without user, query and fragment", is_base_url)),
      row("sources[].other_base_urls", "",
          "further addresses under which this EHR refers to its own resources, behind a proxy for example; an absolute "
          "reference to any other server is not taken for one of its patients",
          list_of<E>(BHI_FIELD(E, other_base_urls), "a list of http or https URLs without user, query and fragment",
                     is_base_url)),
      row("sources[].drop_folder", "",
          "folder in which files for this source are laid: `.json`, `.xml`, `.ndjson`, each also `.gz`; what was taken "
          "goes to `done/` in it, what was refused to `failed/` with the reasons beside it",
          path<E>(BHI_FIELD(E, drop_folder), "the path of a folder")),
      row("sources[].drop_settle_secs", "5",
          "how long a dropped file must be the same before it counts as complete; names that begin with `.` or end "
          "with "
          "`.part`, `.tmp`, `~` are left until they are renamed",
          whole<E>(BHI_FIELD(E, drop_settle_secs), 1, 3600)),
      row("sources[].drop_max_file_bytes", "1073741824",
          "largest dropped file of lines, unpacked; for one document `limits.max_body_bytes` counts",
          whole<E>(BHI_FIELD(E, drop_max_file_bytes), 1024, 1LL << 40)),
      row("sources[].auth.type", "none",
          "how we show who we are: `smart` is SMART Backend Services (a signed assertion); `none` is for loopback and "
          "mutual TLS",
          one_of<E>(BHI_FIELD(E, auth.type), kAuthTypes)),
      row("sources[].auth.token_file", "", "file that holds the bearer token, readable by nobody but its owner",
          path<E>(BHI_FIELD(E, auth.token_file), "the path of a file")),
      row("sources[].auth.client_id", "", "the id under which the EHR knows us",
          text_if<E>(BHI_FIELD(E, auth.client_id), "an id of printable characters", is_id)),
      row("sources[].auth.secret_file", "", "file that holds the client secret, readable by nobody but its owner",
          path<E>(BHI_FIELD(E, auth.secret_file), "the path of a file")),
      row("sources[].auth.key_files", "",
          "private keys of `smart` as PEM, RSA (RS384) or EC P-384 (ES384), readable by nobody but their owner; the "
          "first one signs, all of them stand in `/.well-known/jwks.json`, so a new key is added behind the old one, "
          "and put first once the EHR has fetched it (`bhi keys new` makes one)",
          list_of<E>(BHI_FIELD(E, auth.key_files), "a list of paths of files", is_path)),
      row("sources[].auth.key_ids", "",
          "`kid` of the key files, in their order, when other ones than their RFC 7638 thumbprints are registered",
          list_of<E>(BHI_FIELD(E, auth.key_ids), "a list of ids of printable characters", is_id)),
      row("sources[].auth.token_url", "",
          "address of the token endpoint, where the EHR's SMART configuration does not say it",
          text_if<E>(BHI_FIELD(E, auth.token_url), "an http or https URL without user, query and fragment",
                     is_base_url)),
      row("sources[].auth.jwks_url", "",
          "where our key set is registered, if the EHR wants it repeated in each assertion (`jku`)",
          text_if<E>(BHI_FIELD(E, auth.jwks_url), "an http or https URL without user, query and fragment",
                     is_base_url)),
      row("sources[].auth.scopes", "",
          "the scopes to ask for, exactly; when not given: to read every one of `types`, and with `write_back` to "
          "write what is written back; where an EHR refuses scopes that it has not registered, list `types` or these",
          list_of<E>(BHI_FIELD(E, auth.scopes), "a list of scopes", is_scope)),
      row("sources[].auth.more_scopes", "", "scopes to ask for beside these",
          list_of<E>(BHI_FIELD(E, auth.more_scopes), "a list of scopes", is_scope)),
      row("sources[].auth.scope_version", "auto",
          "form of the scopes: `v1` (`system/X.read`), `v2` (`system/X.rs`); `auto` takes v1 unless the EHR declares "
          "v2 only",
          one_of<E>(BHI_FIELD(E, auth.scope_version), kScopeChoices)),
      row("sources[].auth.refresh_margin_secs", "0",
          "how long before its end a token is renewed, at most half of its life; 0: a minute or a fifth of its life, "
          "whichever is longer",
          whole<E>(BHI_FIELD(E, auth.refresh_margin_secs), 0, 3600)),
      row("sources[].tls.ca_file", "", "authorities to trust for this EHR, as PEM, instead of the system's",
          path<E>(BHI_FIELD(E, tls.ca_file), "the path of a file")),
      row("sources[].tls.cert_file", "", "our certificate for mutual TLS, as PEM",
          path<E>(BHI_FIELD(E, tls.cert_file), "the path of a file")),
      row("sources[].tls.key_file", "", "its private key, as PEM, readable by nobody but its owner",
          path<E>(BHI_FIELD(E, tls.key_file), "the path of a file")),
      row("sources[].types",
          "Patient, EpisodeOfCare, Encounter, Questionnaire, Condition, Goal, Medication, Consent, CareTeam, CarePlan, "
          "MedicationRequest, ServiceRequest, Task, Flag, Communication, QuestionnaireResponse, Observation",
          "resource types that are polled, in this order (what others refer to comes first); when not given, those of "
          "the maps' types that the EHR does not declare are left without a warning",
          list_of<E>(BHI_FIELD(E, types), "a list of FHIR R4 resource types", is_resource_type)),
      row("sources[].cohort.type", "everybody",
          "whose records are asked for: everybody's, those of patients already in the care model (`known`) or on the "
          "caseload (`enrolled`), of a `list`, of a `group` of the EHR, or of whom a `search` finds; all but the first "
          "ask for each patient apart",
          one_of<E>(BHI_FIELD(E, cohort), kCohorts)),
      row("sources[].cohort.file", "", "ids of patients at the EHR, one a line; read anew for every round",
          path<E>(BHI_FIELD(E, cohort_file), "the path of a file")),
      row("sources[].cohort.group", "", "id of a Group at the EHR; read anew for every round",
          name_text<E>(BHI_FIELD(E, cohort_group))),
      row("sources[].cohort.search", "",
          "a search whose results are the cohort, or are about it: `Patient?active=true`, `Condition?code=...`; asked "
          "anew for every round",
          text_if<E>(BHI_FIELD(E, cohort_search), "a text as Type?parameter=value", is_filter)),
      row("sources[].sweep_types", "",
          "types of which everything is asked for again each time, though the EHR declares `_lastUpdated`: finds "
          "deletions",
          list_of<E>(BHI_FIELD(E, sweep_types), "a list of FHIR R4 resource types", is_resource_type)),
      row("sources[].created_date_types", "",
          "types that are asked for by the date of the record (`authored`, `date`, ...): cheap where `_lastUpdated` is "
          "missing, but edits of older records are not seen",
          list_of<E>(BHI_FIELD(E, created_date_types), "a list of FHIR R4 resource types", is_resource_type)),
      row("sources[].filters", "",
          "further parameters for all searches of a type, encoded as in an address: `Observation?category=survey`",
          list_of<E>(BHI_FIELD(E, filters), "a list of texts as Type?parameter=value", is_filter)),
      row("sources[].calls_per_minute", "0",
          "most requests in a minute of the clock, a tenth of them kept for what is urgent; 0: no limit of ours",
          whole<E>(BHI_FIELD(E, calls_per_minute), 0, 100'000)),
      row("sources[].quiet_hours", "",
          "hours of the day in which the EHR is left alone but for urgent writes (safety), `22:00-06:00` for example",
          read_by<E>(BHI_FIELD(E, quiet_hours), "two times as hh:mm-hh:mm",
                     [](std::string_view text, QuietHours& hours) {
                       const auto read = QuietHours::read(text);
                       if (read) hours = *read;
                       return read.has_value();
                     })),
      row("sources[].time_zone", "UTC", "whose clock `quiet_hours` goes by, `America/New_York` for example",
          text_if<E>(BHI_FIELD(E, time_zone), "the name of a time zone", is_time_zone)),
      row("sources[].poll_interval_secs", "60", "from the end of one poll of a type to the start of the next",
          whole<E>(BHI_FIELD(E, poll_interval_secs), 1, 86'400)),
      row("sources[].overlap_secs", "150",
          "how far a poll looks back behind the last one, for records that became visible late",
          whole<E>(BHI_FIELD(E, overlap_secs), 0, 86'400)),
      row("sources[].page_size", "100", "`_count` of a search", whole<E>(BHI_FIELD(E, page_size), 1, 1000)),
      row("sources[].timeout_secs", "30", "for one request to the EHR", whole<E>(BHI_FIELD(E, timeout_secs), 1, 600)),
      row("sources[].allow_plain_http", "false", "http beyond loopback: patient data then travels in the clear",
          one_of<E>(BHI_FIELD(E, allow_plain_http), kYesNo)),
      row("sources[].maps", "",
          "the overlay of maps for this EHR, a folder of `mappings/` or of `maps.folder`: `epic` for example",
          name_text<E>(BHI_FIELD(E, maps))),
  };
}

Texts split(std::string_view list) {
  Texts texts;
  for (std::size_t at = 0; at <= list.size();) {
    const auto comma = std::min(list.find(", ", at), list.size());
    texts.emplace_back(list.substr(at, comma - at));
    at = comma + 2;
  }
  return texts;
}

template <typename Owner>
void apply(Owner& owner) {
  for (const auto& option : options()) {
    const auto* set = std::get_if<Set<Owner>>(&option.set);
    if (set == nullptr || option.fallback.empty()) continue;
    [[maybe_unused]] const bool good = (*set)(owner, option.list ? split(option.fallback) : Texts{option.fallback});
    assert(good);
  }
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> table = [] {
    auto rows = make_table();
    for (auto more : {writing_options(), bulk_options(), subscription_options(), privacy_options(), on_call_options()})
      std::ranges::move(more, std::back_inserter(rows));
    return rows;
  }();
  return table;
}

std::string print_options() {
  std::string text = "| option | default | allowed | meaning |\n|---|---|---|---|\n";
  for (const auto& option : options()) {
    const std::string fallback = option.required           ? "required"
                                 : option.fallback.empty() ? "-"
                                                           : "`" + option.fallback + "`";
    text += "| `" + option.path + "` | " + fallback + " | " + option.expected + " | " + option.meaning + " |\n";
  }
  return text;
}

void apply_defaults(Settings& settings) { apply(settings); }
void apply_defaults(TokenSettings& token) { apply(token); }
void apply_defaults(SourceSettings& source) { apply(source); }
void apply_defaults(SubscriptionSettings& subscription) { apply(subscription); }

}  // namespace bhi::service
