#include "ehr_sim/authority.h"

#include "base/hash.h"
#include "ehr_sim/json_maker.h"
#include "ehr_sim/jwt_check.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr std::chrono::seconds kMostLife{300};  // of an assertion
constexpr std::chrono::seconds kClockSlack{5};
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::string value_of(const std::vector<Parameter>& form, std::string_view name) {
  const auto found = std::ranges::find(form, name, &Parameter::name);
  return found == form.end() ? std::string() : found->value;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) found.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

// May a client with `owned` have `asked`? Types by name or star, rights by v1's words or v2's letters.
struct Scope {
  std::string type;
  std::string rights;  // letters
};
std::optional<Scope> scope_of(std::string_view text) {
  text = text.substr(0, text.find('?'));
  const auto dot = text.find('.');
  if (!text.starts_with("system/") || dot == std::string_view::npos) return std::nullopt;
  std::string rights(text.substr(dot + 1));
  if (rights == "read") rights = "rs";
  if (rights == "write") rights = "cud";
  if (rights == "*") rights = "cruds";
  return Scope{std::string(text.substr(7, dot - 7)), rights};
}
bool allows(std::string_view owned, std::string_view type, std::string_view rights) {
  return std::ranges::all_of(rights, [&](char right) {
    return std::ranges::any_of(words(owned), [&](const std::string& one) {
      const auto scope = scope_of(one);
      return scope && (scope->type == "*" || scope->type == type) && scope->rights.find(right) != std::string::npos;
    });
  });
}

std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view header) {
  if (!header.starts_with("Basic ")) return std::nullopt;
  const auto plain = base64_decode(header.substr(6));
  if (!plain) return std::nullopt;
  const auto colon = plain->find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto id = percent_decode(std::string_view(*plain).substr(0, colon), true);
  const auto secret = percent_decode(std::string_view(*plain).substr(colon + 1), true);
  if (!id || !secret) return std::nullopt;
  return std::pair(*id, *secret);
}

std::optional<long long> number(const Node* node) {
  if (node == nullptr || node->kind() != fhir::NodeKind::Number) return std::nullopt;
  long long value = 0;
  const auto digits = node->text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Error wrong(std::string_view member, std::string_view expected) {
  return {Kind::Incorrect, "auth." + std::string(member) + ": expected " + std::string(expected)};
}

std::string server_of(std::string_view base) { return std::string(base.substr(0, base.find('/', 8))); }

}  // namespace

Authority::Authority(std::function<std::optional<std::string>(const std::string&)> fetch) : fetch_(std::move(fetch)) {}

Result<void> Authority::set(const Node& settings) {
  std::optional<std::vector<Client>> clients;
  for (const Node& one : fhir::each(settings.find("clients"))) {
    if (!clients) clients.emplace();
    Client client;
    client.id = one.text_of("id");
    client.scopes = one.text_of("scopes");
    client.secret = one.text_of("secret");
    client.jwks_url = one.text_of("jwks_url");
    client.token = one.text_of("token");
    if (client.id.empty()) return wrong("clients.id", "text");
    if (const Node* keys = one.find("jwks")) {
      auto copy = fhir::read_json(fhir::write_json(*keys));
      if (!copy) return wrong("clients.jwks", "an object");
      client.jwks = *std::move(copy);
    }
    clients->push_back(std::move(client));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, least, most, field] :
       {std::tuple("token_secs", 1LL, 86'400LL, &life_), std::tuple("skew_secs", -86'400LL, 86'400LL, &skew_)}) {
    if (settings.find(name) == nullptr) continue;
    const auto value = number(settings.find(name));
    if (!value || *value < least || *value > most) return wrong(name, "a whole number of seconds");
    *field = std::chrono::seconds(*value);
  }
  if (clients) clients_ = *std::move(clients);
  if (settings.find("discovery") != nullptr) discovery_ = settings.text_of("discovery");
  if (settings.find("scope_forms") != nullptr) forms_ = settings.text_of("scope_forms");
  if (const Node* grant = settings.find("grant")) {
    grant_ = grant->is_string() ? std::optional<std::string>(grant->text()) : std::nullopt;
  }
  const auto is_true = [&](const char* name) {
    const Node* node = settings.find(name);
    return node != nullptr && node->text() == "true";
  };
  if (settings.find("strict") != nullptr) strict_ = is_true("strict");
  if (settings.find("refuse") != nullptr) refuse_ = is_true("refuse");
  if (is_true("revoke")) tokens_.clear();
  return {};
}

bool Authority::on() const {
  const std::lock_guard lock(mutex_);
  return !clients_.empty();
}

void Authority::set_strict(bool strict) {
  const std::lock_guard lock(mutex_);
  strict_ = strict;
}

std::chrono::seconds Authority::skew() const {
  const std::lock_guard lock(mutex_);
  return skew_;
}

Response Authority::with_oauth_uris(Response statement, const Request& request) const {
  {
    const std::lock_guard lock(mutex_);
    if (clients_.empty() || discovery_ == "none" || statement.status != 200) return statement;
  }
  const auto read = fhir::read_json(statement.body);
  const Node* rests = read ? (*read)->root().find("rest") : nullptr;
  if (rests == nullptr || rests->elements().empty()) return statement;
  JsonMaker make;
  const Node uri = make.object({make.member("url", make.text("token")),
                                make.member("valueUri", make.text(server_of(request.base) + std::string(kTokenPath)))});
  const Node extension = make.object({
      make.member("url", make.text("http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris")),
      make.member("extension", make.array({uri})),
  });
  const Node security = make.object({make.member("extension", make.array({extension}))});
  const Node rest = fhir::with(rests->elements().front(), fhir::intern("security"), security, make.arena());
  statement.body =
      fhir::write_json(fhir::with((*read)->root(), fhir::intern("rest"), make.array({rest}), make.arena()));
  return statement;
}

const Authority::Client* Authority::find(std::string_view id) const {
  const auto found = std::ranges::find(clients_, id, &Client::id);
  return found == clients_.end() ? nullptr : &*found;
}

// https://www.rfc-editor.org/rfc/rfc6749#section-5.2
Response Authority::refused(int status, std::string_view code, const std::string& reason) {
  ++refusals_[reason];
  if (!strict_) status = 400, code = "invalid_request";
  JsonMaker make;
  Response response;
  response.status = status;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(
      make.object({make.member("error", make.text(code)), make.member("error_description", make.text(reason))}));
  return response;
}

std::string Authority::signature_problem(std::string_view text, const Client& client) {
  const auto jwt = read_jwt(text);
  if (!jwt) return jwt.error().message;
  const auto& header = (*jwt).header->root();
  const auto kid = header.text_of("kid");
  if (header.text_of("typ") != "JWT") return "typ: expected JWT";
  if (kid.empty()) return "kid: missing";
  if (!client.jwks_url.empty() && header.find("jku") != nullptr && header.text_of("jku") != client.jwks_url) {
    return "jku: not the registered address";
  }
  fhir::DocumentPtr keys = client.jwks;
  if (!keys && !client.jwks_url.empty()) {
    const auto body = fetch_(client.jwks_url);
    auto read = body ? fhir::read_json(*body) : Result<fhir::DocumentPtr>(Error{Kind::Unavailable, ""});
    if (!read) return "the key set cannot be fetched";
    keys = *std::move(read);
  }
  if (!keys) return "no key set is registered";
  const auto key = find_key(keys->root(), kid);
  if (!key) return key.error().message;
  if (*key == nullptr) return "kid: not in the key set";
  const auto checked = check_signature(*jwt, **key);
  return checked ? std::string() : "signature: " + checked.error().message;
}

std::string Authority::assertion_problem(std::string_view text, std::string_view aud, Instant now,
                                         const Client*& client) {
  const auto jwt = read_jwt(text);
  if (!jwt) return jwt.error().message;
  const Node& claims = (*jwt).claims->root();
  client = find(claims.text_of("iss"));
  if (client == nullptr) return "iss: not a client of ours";
  if (claims.text_of("sub") != claims.text_of("iss")) return "sub: expected the same as iss";
  if (claims.text_of("aud") != aud) return "aud: expected the address of this token endpoint";
  const auto exp = number(claims.find("exp"));
  if (!exp) return "exp: missing";
  const Instant ends = Instant(std::chrono::seconds(*exp));
  if (ends <= now) return "exp: in the past";
  if (strict_ && ends > now + kMostLife + kClockSlack) return "exp: more than five minutes ahead";
  const auto jti = claims.text_of("jti");
  if (jti.empty()) return "jti: missing";
  const Client known = *client;
  if (auto problem = signature_problem(text, known); !problem.empty()) return problem;
  std::erase_if(seen_, [&](const auto& one) { return one.second < now; });
  if (!seen_.emplace(std::string(jti), now + 2 * kMostLife).second && strict_) return "jti: used before";
  return {};
}

Response Authority::issue(const Client& client, std::string_view asked, Instant now) {
  std::string granted;
  const std::string_view owned = grant_ ? std::string_view(*grant_) : std::string_view(client.scopes);
  for (const std::string& one : words(asked)) {
    const auto scope = scope_of(one);
    if (scope && allows(owned, scope->type, scope->rights)) granted += (granted.empty() ? "" : " ") + one;
  }
  if (granted.empty()) return refused(400, "invalid_scope", "scope: none of them is registered");
  const std::string token = stable_id({client.id, std::to_string(++issued_), to_text(now), "access"});
  tokens_[token] = {granted, now + life_};
  JsonMaker make;
  Response response;
  response.content_type = kPlainJson;
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = fhir::write_json(make.object({
      make.member("access_token", make.text(token)),
      make.member("token_type", make.text("bearer")),
      make.member("expires_in", make.number(static_cast<std::uint64_t>(life_.count()))),
      make.member("scope", make.text(granted)),
  }));
  return response;
}

Response Authority::token(const Request& request, Instant now) {
  if (request.method != "POST") return refuse(405, "not-supported", "token: expected POST");
  const auto form = parse_query(request.body);
  // Fetching a key set under the lock is slow and simple; this server has few clients.
  const std::lock_guard lock(mutex_);
  now += skew_;
  if (!form) return refused(400, "invalid_request", "form");
  if (value_of(*form, "grant_type") != "client_credentials") {
    return refused(400, "unsupported_grant_type", "grant_type: expected client_credentials");
  }
  const std::string scope = value_of(*form, "scope");
  const std::string assertion = value_of(*form, "client_assertion");
  const Client* client = nullptr;
  if (!assertion.empty()) {
    if (value_of(*form, "client_assertion_type") != kJwtBearer) {
      return refused(400, "invalid_request", "client_assertion_type");
    }
    const std::string problem =
        assertion_problem(assertion, server_of(request.base) + std::string(kTokenPath), now, client);
    if (!problem.empty()) return refused(400, "invalid_client", problem);
    return issue(*client, scope, now);
  }
  const auto basic = basic_credentials(header(request.headers, "Authorization"));
  const std::string id = basic ? basic->first : value_of(*form, "client_id");
  const std::string secret = basic ? basic->second : value_of(*form, "client_secret");
  client = find(id);
  if (client == nullptr || client->secret.empty() || client->secret != secret) {
    return refused(401, "invalid_client", "client secret");
  }
  return issue(*client, scope, now);
}

Response Authority::configuration(const Request& request) const {
  const std::lock_guard lock(mutex_);
  if (clients_.empty() || discovery_ != "smart") return refuse(404, "not-found", "no SMART configuration");
  JsonMaker make;
  std::vector<Node> capabilities = {make.text("client-confidential-asymmetric")};
  for (const std::string& form : words(forms_)) capabilities.push_back(make.text("permission-" + form));
  Response response;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(make.object({
      make.member("token_endpoint", make.text(server_of(request.base) + std::string(kTokenPath))),
      make.member("grant_types_supported", make.array({make.text("client_credentials")})),
      make.member("token_endpoint_auth_methods_supported",
                  make.array({make.text("private_key_jwt"), make.text("client_secret_basic"),
                              make.text("client_secret_post")})),
      make.member("token_endpoint_auth_signing_alg_values_supported",
                  make.array({make.text("RS384"), make.text("ES384")})),
      make.member("capabilities", make.array(capabilities)),
  }));
  return response;
}

std::optional<Response> Authority::check(const Request& request, std::string_view type, char interaction, Instant now) {
  const std::lock_guard lock(mutex_);
  if (clients_.empty() || type == "metadata") return std::nullopt;
  now += skew_;
  const auto unauthorised = [&](const std::string& reason) {
    ++refusals_[reason];
    Response response = refuse(401, "login", reason);
    if (strict_) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  };
  const auto given = header(request.headers, "Authorization");
  if (!given.starts_with("Bearer ")) return unauthorised("no token");
  const auto text = given.substr(7);
  const auto simple = std::ranges::find(clients_, text, &Client::token);
  if (refuse_) return unauthorised("tokens are refused");
  if (simple != clients_.end()) return std::nullopt;
  const auto found = tokens_.find(text);
  if (found == tokens_.end()) return unauthorised("unknown token");
  if (found->second.ends <= now) {
    ++expired_requests_;
    return unauthorised("expired token");
  }
  if (interaction == '-' || allows(found->second.scopes, type, std::string(1, interaction))) return std::nullopt;
  ++refusals_["scope"];
  return refuse(403, "forbidden", "the scopes of the token do not cover this");
}

Response Authority::show() const {
  const std::lock_guard lock(mutex_);
  JsonMaker make;
  std::vector<Node> reasons;
  for (const auto& [reason, count] : refusals_) {
    reasons.push_back(
        make.object({make.member("reason", make.text(reason)), make.member("count", make.number(count))}));
  }
  Response response;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(make.object({
      make.member("issued", make.number(issued_)),
      make.member("expired_requests", make.number(expired_requests_)),
      make.member("refused", make.array(reasons)),
  }));
  return response;
}

}  // namespace bhi::sim
