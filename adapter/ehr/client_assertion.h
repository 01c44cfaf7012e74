// The signed statement by which a client shows who it is (private_key_jwt).
// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr/signing_key.h"

#include <string>

namespace bhi::ehr {

struct Assertion {
  std::string client_id;  // iss and sub
  std::string token_url;  // aud
  std::string jti;        // of this attempt alone
  std::string jku{};      // where our key set is registered; empty: not said
  Instant now{};          // by the server's clock as far as we know it
};

// Valid for four minutes, so that a clock that is a minute off still stays below the five that are allowed.
inline constexpr std::chrono::seconds kAssertionLife{240};

Result<std::string> client_assertion(const SigningKey& key, const Assertion& assertion);

}  // namespace bhi::ehr
