#include "ehr_sim/jwt_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr std::size_t kP384Bytes = 48;
constexpr std::array<std::string_view, 8> kPrivate = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

template <auto free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const noexcept {
    free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Build = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

Error wrong(std::string text) { return {Kind::Forbidden, std::move(text)}; }

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<std::string> decode(std::string_view text, char sixty_two, char sixty_three) {
  std::string out;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == sixty_two)
      value = 62;
    else if (c == sixty_three)
      value = 63;
    else
      return std::nullopt;
    buffer = (buffer << 6 | value) & 0xfffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(buffer >> bits & 0xff);
    }
  }
  return out;
}

Key make_key(const char* kind, OSSL_PARAM_BLD* build) {
  const Params params(OSSL_PARAM_BLD_to_param(build));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return Key(key);
}

Key rsa_key(const Node& jwk) {
  const auto n = base64url_decode(jwk.text_of("n"));
  const auto e = base64url_decode(jwk.text_of("e"));
  if (!n || !e || n->size() < 256 || e->empty()) return nullptr;
  const Build build(OSSL_PARAM_BLD_new());
  const Number modulus(BN_bin2bn(bytes(*n), static_cast<int>(n->size()), nullptr));
  const Number exponent(BN_bin2bn(bytes(*e), static_cast<int>(e->size()), nullptr));
  if (OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return make_key("RSA", build.get());
}

Key ec_key(const Node& jwk) {
  const auto x = base64url_decode(jwk.text_of("x"));
  const auto y = base64url_decode(jwk.text_of("y"));
  if (jwk.text_of("crv") != "P-384" || !x || !y || x->size() != kP384Bytes || y->size() != kP384Bytes) return nullptr;
  const std::string point = "\x04" + *x + *y;
  const Build build(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return make_key("EC", build.get());
}

// From the fixed width of JOSE to the form that the library checks.
std::string der_of(const std::string& raw) {
  const EcSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(raw), kP384Bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw) + kP384Bytes, kP384Bytes, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s);  // owns both from here
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::optional<std::string> base64url_decode(std::string_view text) { return decode(text, '-', '_'); }

std::optional<std::string> base64_decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return decode(text, '+', '/');
}

Result<Jwt> read_jwt(std::string_view text) {
  const Error error{Kind::Incorrect, "expected a signed token of three parts"};
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) return error;
  auto header = base64url_decode(text.substr(0, first));
  auto claims = base64url_decode(text.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(text.substr(second + 1));
  if (!header || !claims || !signature || signature->empty()) return error;
  Jwt jwt;
  auto head = fhir::read_json(*std::move(header));
  auto body = fhir::read_json(*std::move(claims));
  if (!head || !body) return error;
  jwt.header = *std::move(head);
  jwt.claims = *std::move(body);
  jwt.signed_part = text.substr(0, second);
  jwt.signature = *std::move(signature);
  return jwt;
}

Result<const Node*> find_key(const Node& key_set, std::string_view kid) {
  for (const Node& key : fhir::each(key_set.find("keys"))) {
    for (const auto name : kPrivate) {
      if (key.find(name) != nullptr) return wrong("the key set holds a private key");
    }
    if (key.text_of("kid") == kid && !kid.empty()) return &key;
  }
  return static_cast<const Node*>(nullptr);
}

Result<void> check_signature(const Jwt& jwt, const Node& jwk) {
  const auto algorithm = jwt.header->root().text_of("alg");
  const bool rsa = algorithm == "RS384";
  if (!rsa && algorithm != "ES384") return wrong("alg: expected RS384 or ES384");
  if (jwk.text_of("kty") != (rsa ? "RSA" : "EC")) return wrong("alg does not fit the key");
  const Key key = rsa ? rsa_key(jwk) : ec_key(jwk);
  if (!key) return wrong("the key cannot be used");
  if (!rsa && jwt.signature.size() != 2 * kP384Bytes) return wrong("an ES384 signature has 96 bytes");
  const std::string signature = rsa ? jwt.signature : der_of(jwt.signature);
  const DigestContext context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(jwt.signed_part),
                                     jwt.signed_part.size()) == 1;
  if (!good) return wrong("the signature does not fit");
  return {};
}

}  // namespace bhi::sim
