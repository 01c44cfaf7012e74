#include "service/ehr_auth.h"

#include "flow/ladder.h"
#include "service/files.h"
#include "service/outbox_folder.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace bhi::service {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kTokenTimeout{30};

// Its own origin each time: the address may be discovered anew. What is sent goes there and nowhere else.
ehr::Response post_form(const SourceSettings& source, const std::string& url, const std::vector<std::string>& headers,
                        const std::string& form) {
  auto settings = http_of(source);
  settings.base_url = url;
  settings.total_timeout = std::min<milliseconds>(settings.total_timeout, kTokenTimeout);
  settings.max_body_bytes = 1u << 20;
  auto http = ehr::Http::open(settings);
  if (!http) {
    ehr::Response response;
    response.reason = "token address: " + http.error().message;
    return response;
  }
  return (*http)->send(
      {.method = ehr::Method::Post, .url = (*http)->base(), .headers = headers, .bearer = {}, .body = form});
}

Result<ehr::SmartConfiguration> discover_at(const SourceSettings& source) {
  BHI_TRY(const auto http, ehr::Http::open(http_of(source)));
  return ehr::discover(*http, {});
}

}  // namespace

Result<std::string> read_secret(const std::string& file) {
  BHI_CHECK(check_secret_file(file));
  BHI_TRY(auto text, read_file(file));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) return Error{Kind::Forbidden, "secret file: expected one line of printable characters"};
  return text;
}

Result<std::vector<ehr::SigningKey>> read_keys(const SourceSettings& source) {
  std::vector<ehr::SigningKey> keys;
  for (std::size_t i = 0; i < source.auth.key_files.size(); ++i) {
    const auto& file = source.auth.key_files[i];
    BHI_CHECK(check_secret_file(file));
    BHI_TRY(const auto pem, read_file(file));
    const std::string kid = i < source.auth.key_ids.size() ? source.auth.key_ids[i] : "";
    auto key = ehr::SigningKey::from_pem(pem, kid);
    if (!key) return Error{Kind::Incorrect, "'" + file + "': " + key.error().message};
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<std::string> key_set_of(const Settings& settings) {
  std::vector<ehr::SigningKey> keys;
  for (const auto& source : settings.sources) {
    BHI_TRY(auto more, read_keys(source));
    std::ranges::move(more, std::back_inserter(keys));
    if (source.writing.outbox_key_file.empty()) continue;
    BHI_TRY(auto key, outbox_key(source.writing));
    keys.push_back(std::move(key));
  }
  return ehr::key_set(keys);
}

std::vector<ehr::ScopeLane> lanes_of(const SourceSettings& source) {
  std::vector<ehr::ScopeLane> lanes;
  for (const auto& type : source.types) lanes.push_back({type, true, false});
  const bool bulk_group = source.bulk.use != BulkUse::Off && source.bulk.level == flow::BulkLevel::Group;
  if (source.cohort == CohortType::Group || bulk_group) lanes.push_back({"Group", true, false});
  const bool manages = std::ranges::any_of(source.subscriptions, &SubscriptionSettings::manage);
  if (!source.subscriptions.empty()) lanes.push_back({"Subscription", true, manages});
  if (source.cohort == CohortType::Search) {
    const auto type = source.cohort_search.substr(0, source.cohort_search.find('?'));
    if (std::ranges::find(lanes, type, &ehr::ScopeLane::type) == lanes.end()) lanes.push_back({type, true, false});
  }
  if (!source.write_back) return lanes;
  if (source.provenance) lanes.push_back({"Provenance", true, true});
  for (const auto type : flow::written_types(wishes_of(source.writing))) {
    const auto found = std::ranges::find(lanes, type, &ehr::ScopeLane::type);
    if (found != lanes.end()) {
      found->write = true;
    } else {
      lanes.push_back({std::string(type), true, true});  // read too: a lost answer is looked up
    }
  }
  return lanes;
}

ehr::HttpSettings http_of(const SourceSettings& source) {
  ehr::HttpSettings http;
  http.base_url = source.base_url;
  http.allow_plain_http = source.allow_plain_http;
  http.ca_file = source.tls.ca_file;
  http.cert_file = source.tls.cert_file;
  http.key_file = source.tls.key_file;
  http.total_timeout = std::chrono::seconds(source.timeout_secs);
  http.file_origins = source.bulk.file_origins;
  return http;
}

std::shared_ptr<ehr::TokenSource> token_source_of(const SourceSettings& source) {
  const auto& auth = source.auth;
  ehr::TokenSettings settings;
  switch (auth.type) {
    case AuthType::None:
    case AuthType::Bearer: return nullptr;
    case AuthType::Smart: settings.how = ehr::ClientAuth::PrivateKey; break;
    case AuthType::SecretBasic: settings.how = ehr::ClientAuth::SecretBasic; break;
    case AuthType::SecretPost: settings.how = ehr::ClientAuth::SecretPost; break;
  }
  settings.source = source.name;
  settings.client_id = auth.client_id;
  settings.token_url = auth.token_url;
  settings.jku = auth.jwks_url;
  settings.lanes = lanes_of(source);
  settings.scopes = auth.scopes;
  settings.more_scopes = auth.more_scopes;
  if (auth.scope_version == ScopeChoice::V1) settings.version = ehr::ScopeVersion::V1;
  if (auth.scope_version == ScopeChoice::V2) settings.version = ehr::ScopeVersion::V2;
  if (auth.refresh_margin_secs > 0) settings.margin = std::chrono::seconds(auth.refresh_margin_secs);

  ehr::TokenWorld world;
  world.discover = [source] { return discover_at(source); };
  world.post = [source](const std::string& url, const std::vector<std::string>& headers, const std::string& form) {
    return post_form(source, url, headers, form);
  };
  world.key = [source]() -> Result<ehr::SigningKey> {
    BHI_TRY(auto keys, read_keys(source));
    if (keys.empty()) return Error{Kind::Incorrect, "auth.key_files: no key"};
    return std::move(keys.front());
  };
  world.secret = [file = auth.secret_file] { return read_secret(file); };
  world.id = ehr::random_id;
  world.wall = [] { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); };
  world.steady = [] {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
  };
  return std::make_shared<ehr::TokenSource>(std::move(settings), std::move(world));
}

}  // namespace bhi::service
