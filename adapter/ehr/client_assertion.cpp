#include "ehr/client_assertion.h"

#include "base/arena.h"
#include "ehr/base64url.h"
#include "fhir/json.h"

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::ehr {

namespace {

using fhir::Node;

std::string object(std::initializer_list<std::pair<std::string_view, Node>> members) {
  std::vector<fhir::Member> kept;
  for (const auto& [name, value] : members) {
    if (!value.is_null()) kept.push_back({&fhir::intern(name), value});
  }
  return fhir::write_json(Node::object(kept));
}

std::string seconds(Instant instant) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count());
}

}  // namespace

Result<std::string> client_assertion(const SigningKey& key, const Assertion& assertion) {
  const std::string issued = seconds(assertion.now);
  const std::string expires = seconds(assertion.now + kAssertionLife);
  const std::string header = object({{"alg", Node::string(key.algorithm())},
                                     {"kid", Node::string(key.kid())},
                                     {"typ", Node::string("JWT")},
                                     {"jku", assertion.jku.empty() ? Node() : Node::string(assertion.jku)}});
  const std::string claims = object({{"iss", Node::string(assertion.client_id)},
                                     {"sub", Node::string(assertion.client_id)},
                                     {"aud", Node::string(assertion.token_url)},
                                     {"iat", Node::number(issued)},
                                     {"exp", Node::number(expires)},
                                     {"jti", Node::string(assertion.jti)}});
  std::string text = base64url(header) + "." + base64url(claims);
  BHI_TRY(const std::string signature, key.sign(text));
  return text + "." + base64url(signature);
}

}  // namespace bhi::ehr
