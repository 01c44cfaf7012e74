// Access tokens of one EHR, for all threads: one renewal at a time, before the old token ends, and none of them ever
// sent after its end. https://hl7.org/fhir/smart-app-launch/backend-services.html
//
// Private key (private_key_jwt), client secret in the header or in the form. Every failure is an Error of kind
// Unavailable (it may pass; nothing was sent to the EHR), remembered for a while so that no thread hammers the server.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr/http.h"
#include "ehr/scopes.h"
#include "ehr/signing_key.h"
#include "ehr/smart_discovery.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::ehr {

enum class ClientAuth { PrivateKey, SecretBasic, SecretPost };

struct TokenSettings {
  std::string source;  // name, for messages
  std::string client_id;
  ClientAuth how = ClientAuth::PrivateKey;
  std::string token_url{};  // empty: discovered
  std::string jku{};
  std::vector<ScopeLane> lanes{};
  std::vector<std::string> scopes{};       // instead of those of the lanes
  std::vector<std::string> more_scopes{};  // beside them
  std::optional<ScopeVersion> version{};   // empty: v1 unless only v2 is declared
  // How long before its end a token is renewed; empty: a minute or a fifth of its life, whichever is longer. Never more
  // than half of its life.
  std::optional<std::chrono::seconds> margin{};
};

// The outside, so that a test needs neither a server nor time.
struct TokenWorld {
  std::function<Result<SmartConfiguration>()> discover;
  // POSTs a form to an address; `headers`: "Name: value".
  std::function<Response(const std::string& url, const std::vector<std::string>& headers, const std::string& form)>
      post;
  std::function<Result<SigningKey>()> key;            // of the moment: a rotated one needs no restart
  std::function<Result<std::string>()> secret;        // likewise
  std::function<Result<std::string>()> id;            // never the same twice (jti)
  std::function<Instant()> wall;                      // our clock
  std::function<std::chrono::milliseconds()> steady;  // a clock that never goes back
};

// What people want to know of it; holds no secret.
struct TokenState {
  bool have = false;
  std::chrono::seconds left{0};
  std::string token_endpoint, said_by, asked, granted;
  std::optional<std::chrono::seconds> skew{};  // of the server's clock against ours
  std::string problem{};                       // of the last attempt; empty: it worked
};

class TokenSource {
 public:
  TokenSource(TokenSettings settings, TokenWorld world);

  // A token that is good for this request. Waits while the first one, or the one after an end, is fetched.
  Result<std::string> token();
  // The EHR answered 401 to this token: it is not used again. When the token after it is refused too, the EHR is left
  // alone for five minutes, then for twice as long, up to an hour.
  void refused(std::string_view token);
  // The EHR took this token.
  void worked(std::string_view token);

  std::optional<Grant> grant() const;
  ScopeVersion scope_version() const;
  TokenState state() const;

 private:
  struct Fetched {
    std::string token, granted;
    std::chrono::milliseconds life{0};
  };
  Result<Fetched> fetch();
  Result<Fetched> ask(const SmartConfiguration& where, std::chrono::seconds offset, bool& again_with_their_time);
  Result<std::string> form_for(const SmartConfiguration& where, std::chrono::seconds offset,
                               std::vector<std::string>& headers);
  Result<SmartConfiguration> where();
  void keep(Result<Fetched> fetched, std::chrono::milliseconds asked);

  const TokenSettings settings_;
  const TokenWorld world_;

  mutable std::mutex mutex_;
  std::condition_variable settled_;  // guarded by mutex_, as is all that follows
  bool fetching_ = false;
  std::string token_;
  std::chrono::milliseconds renew_at_{0};  // by `steady`
  std::chrono::milliseconds end_{0};       // no request with it from here on
  std::chrono::milliseconds dies_{0};      // as the server said
  std::chrono::milliseconds quiet_until_{0};
  std::optional<Error> failure_;
  int failures_ = 0;
  int refusals_ = 0;  // tokens refused one after the other
  std::string granted_, asked_;
  std::optional<std::chrono::milliseconds> told_to_wait_;
  std::optional<std::chrono::seconds> skew_;
  std::optional<SmartConfiguration> found_;
  std::chrono::milliseconds find_again_{0};
};

}  // namespace bhi::ehr
