// Signed tokens (JWS, compact form) as a server checks them: the signature against a key set, nothing assumed.
// https://www.rfc-editor.org/rfc/rfc7515, rfc7517, rfc7518
#pragma once

#include "base/result.h"
#include "fhir/json.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::sim {

std::optional<std::string> base64url_decode(std::string_view text);
std::optional<std::string> base64_decode(std::string_view text);  // with or without padding

struct Jwt {
  fhir::DocumentPtr header, claims;
  std::string signed_part, signature;
};
// Error Incorrect: not three parts of base64url with two JSON objects in front.
Result<Jwt> read_jwt(std::string_view text);

// The key of `kid` in a JSON Web Key Set; null when there is none. A private member in it is an Error.
Result<const fhir::Node*> find_key(const fhir::Node& key_set, std::string_view kid);

// RS384 and ES384 (r and s of 48 bytes each). Error Forbidden: says what does not fit.
Result<void> check_signature(const Jwt& jwt, const fhir::Node& key);

}  // namespace bhi::sim
