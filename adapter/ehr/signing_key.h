// A client's private key: it signs, and it says its public half. The one door to OpenSSL's keys in this room.
// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
#pragma once

#include "base/result.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bhi::ehr {

// Cheap to copy; any thread may sign.
class SigningKey {
 public:
  // `pem`: one private key without a passphrase, RSA of at least 2048 bits (RS384) or EC on P-384 (ES384).
  // `kid`: the id under which it is registered; empty: its thumbprint (RFC 7638), the same for ever.
  // Error Incorrect: what was expected; never any of the text.
  static Result<SigningKey> from_pem(std::string_view pem, std::string_view kid = {});

  std::string_view algorithm() const;  // "RS384" or "ES384"
  const std::string& kid() const;

  // Raw bytes. ES384: r and s of 48 bytes each, as JOSE wants them (RFC 7518, 3.4), not DER.
  Result<std::string> sign(std::string_view bytes) const;

  // A JSON object (RFC 7517) with kty, kid, use, alg, key_ops and n, e or crv, x, y; no private member.
  std::string public_jwk() const;

 private:
  struct Parts;
  explicit SigningKey(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

// {"keys": [...]}: what an EHR fetches to check our signatures. The same key is named once.
std::string key_set(std::span<const SigningKey> keys);

// PEM (PKCS 8) of a new key for "RS384" (3072 bits) or "ES384". Error Incorrect: another algorithm.
Result<std::string> new_private_key(std::string_view algorithm);

// 128 random bits as 32 hex digits. Error Fault: no randomness to be had.
Result<std::string> random_id();

}  // namespace bhi::ehr
