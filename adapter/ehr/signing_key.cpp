#include "ehr/signing_key.h"

#include "base/hash.h"
#include "ehr/base64url.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::ehr {

namespace {

constexpr int kLeastRsaBits = 2048;
constexpr int kNewRsaBits = 3072;
constexpr int kP384Bytes = 48;

template <auto free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const noexcept {
    free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_vfree>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

Error wrong(std::string text) { return {Kind::Incorrect, "private key: " + std::move(text)}; }

std::string_view algorithm_of(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return EVP_PKEY_get_bits(key) >= kLeastRsaBits ? "RS384" : "";
  std::array<char, 64> group{};
  std::size_t size = 0;
  const bool named =
      EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
  return named && std::string_view(group.data(), size) == "secp384r1" ? "ES384" : "";
}

// A number of the public half as base64url; `bytes`: its fixed width, 0: as short as it is.
std::string number_of(EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) return {};
  const Number number(found);
  std::vector<unsigned char> raw(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(number.get())));
  if (BN_bn2binpad(number.get(), raw.data(), static_cast<int>(raw.size())) < 0) return {};
  return base64url(raw);
}

// Members in the order of their names, without blanks: also what a thumbprint is made of (RFC 7638, 3.2).
std::string public_members(EVP_PKEY* key, std::string_view algorithm) {
  if (algorithm == "RS384") {
    return R"("e":")" + number_of(key, OSSL_PKEY_PARAM_RSA_E, 0) + R"(","kty":"RSA","n":")" +
           number_of(key, OSSL_PKEY_PARAM_RSA_N, 0) + '"';
  }
  return R"("crv":"P-384","kty":"EC","x":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, kP384Bytes) + R"(","y":")" +
         number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, kP384Bytes) + '"';
}

bool is_kid(std::string_view text) {
  return text.size() <= 200 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.' || c == ':';
         });
}

Result<std::string> fixed_width(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string raw(2 * kP384Bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kP384Bytes) != kP384Bytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kP384Bytes, kP384Bytes) != kP384Bytes) {
    return Error{Kind::Fault, "private key: a signature has an unexpected form"};
  }
  return raw;
}

// Never asks a terminal for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

struct SigningKey::Parts {
  Key key;
  std::string_view algorithm;
  std::string kid;
  std::string members;
};

Result<SigningKey> SigningKey::from_pem(std::string_view pem, std::string_view kid) {
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) return Error{Kind::Fault, "private key: no memory"};
  auto parts = std::make_shared<Parts>();
  parts->key.reset(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  if (!parts->key) return wrong("expected one private key as PEM without a passphrase");
  parts->algorithm = algorithm_of(parts->key.get());
  if (parts->algorithm.empty()) return wrong("expected RSA of at least 2048 bits, or EC on the curve P-384");
  if (!is_kid(kid)) return wrong("its id: expected letters, digits, '-', '_', '.' and ':'");
  parts->members = public_members(parts->key.get(), parts->algorithm);
  parts->kid = kid.empty() ? base64url(sha256("{" + parts->members + "}")) : std::string(kid);
  return SigningKey(std::move(parts));
}

std::string_view SigningKey::algorithm() const { return parts_->algorithm; }
const std::string& SigningKey::kid() const { return parts_->kid; }

Result<std::string> SigningKey::sign(std::string_view bytes) const {
  const DigestContext context(EVP_MD_CTX_new());
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, parts_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) != 1) {
    return Error{Kind::Fault, "private key: cannot sign"};
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data, bytes.size()) !=
      1) {
    return Error{Kind::Fault, "private key: cannot sign"};
  }
  signature.resize(size);
  if (parts_->algorithm == "ES384") return fixed_width(signature);
  return signature;
}

std::string SigningKey::public_jwk() const {
  return "{" + parts_->members + R"(,"alg":")" + std::string(parts_->algorithm) + R"(","kid":")" + parts_->kid +
         R"(","key_ops":["verify"],"use":"sig"})";
}

std::string key_set(std::span<const SigningKey> keys) {
  std::string text = R"({"keys":[)";
  std::vector<std::string_view> named;
  for (const SigningKey& key : keys) {
    if (std::ranges::find(named, key.kid()) != named.end()) continue;
    text += (named.empty() ? "" : ",") + key.public_jwk();
    named.emplace_back(key.kid());
  }
  return text + "]}";
}

Result<std::string> new_private_key(std::string_view algorithm) {
  if (algorithm != "RS384" && algorithm != "ES384") return wrong("expected the algorithm RS384 or ES384");
  const Key key(algorithm == "RS384" ? EVP_RSA_gen(static_cast<unsigned>(kNewRsaBits)) : EVP_EC_gen("P-384"));
  const Bio out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!key || !out || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Error{Kind::Fault, "private key: cannot make one"};
  }
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<std::string> random_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Error{Kind::Fault, "no random numbers to be had"};
  }
  return to_hex(bytes);
}

}  // namespace bhi::ehr
