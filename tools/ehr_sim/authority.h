// The authorisation server beside the FHIR server: SMART Backend Services as a strict EHR does it.
// https://hl7.org/fhir/smart-app-launch/backend-services.html
//
//   {"clients": [{"id": "bhi", "scopes": "system/*.rs system/Observation.c",
//                 "jwks_url": "http://127.0.0.1:8420/.well-known/jwks.json",   fetched when a kid is not known
//                 "jwks": {"keys": [...]},                                     or given
//                 "secret": "...",                                             or a client secret
//                 "token": "..."}],                                            or a token that is simply good
//    "token_secs": 300,          life of a token
//    "discovery": "smart",       or "statement" (oauth-uris only), or "none"
//    "scope_forms": "v1 v2",     what the SMART configuration declares
//    "skew_secs": 0,             its clock is so far ahead of the true one: Date headers, exp, lastUpdated stay true
//    "strict": true,             false: any token error is 400 invalid_request, a jti may come again, exp may be far
//                                ahead, and 401 says nothing of how to sign in
//    "grant": "...",             grants these of the asked scopes instead of those of the client
//    "refuse": false,            every token is answered 401, also a fresh one
//    "revoke": true}             forgets all tokens given so far
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "fhir/json.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

inline constexpr std::string_view kTokenPath = "/auth/token";
inline constexpr std::string_view kSmartPath = "/fhir/.well-known/smart-configuration";

// Safe from any thread.
class Authority {
 public:
  // `fetch`: the document at an address, for key sets; empty when there is none.
  explicit Authority(std::function<std::optional<std::string>(const std::string& url)> fetch);

  // Sets what is named, keeps the rest. Error Incorrect names the member; then nothing has changed.
  Result<void> set(const fhir::Node& settings);
  bool on() const;
  std::chrono::seconds skew() const;
  void set_strict(bool strict);

  Response token(const Request& request, Instant now);
  Response configuration(const Request& request) const;
  // Why a FHIR request is refused (401 or 403); empty: it may pass. `interaction`: 'c' create, 'r' read, 'u' update,
  // 'd' delete, 's' search, of `type`; the CapabilityStatement is for everybody.
  std::optional<Response> check(const Request& request, std::string_view type, char interaction, Instant now);
  // The CapabilityStatement with the extension oauth-uris, unless nothing of us shall be discovered.
  Response with_oauth_uris(Response statement, const Request& request) const;

  // {"issued": 3, "expired_requests": 0, "refused": [{"reason": "signature", "count": 1}]}
  Response show() const;

 private:
  struct Client {
    std::string id, scopes, secret, jwks_url, token;
    fhir::DocumentPtr jwks;
  };
  struct Token {
    std::string scopes;
    Instant ends;
  };
  const Client* find(std::string_view id) const;
  Response refused(int status, std::string_view code, const std::string& reason);
  std::string assertion_problem(std::string_view text, std::string_view aud, Instant now, const Client*& client);
  std::string signature_problem(std::string_view text, const Client& client);
  Response issue(const Client& client, std::string_view asked, Instant now);

  const std::function<std::optional<std::string>(const std::string&)> fetch_;
  mutable std::mutex mutex_;
  std::vector<Client> clients_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::map<std::string, Instant, std::less<>> seen_;  // jti: until when it must not come again
  std::chrono::seconds life_{300};
  std::chrono::seconds skew_{0};
  std::string discovery_ = "smart";
  std::string forms_ = "v1 v2";
  std::optional<std::string> grant_;
  bool refuse_ = false;
  bool strict_ = true;
  std::uint64_t issued_ = 0;
  std::uint64_t expired_requests_ = 0;
  std::map<std::string, std::uint64_t> refusals_;
};

}  // namespace bhi::sim
