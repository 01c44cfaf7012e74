#include "store/seal.h"

#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace bhi::store {

namespace {

constexpr std::string_view kMark = "sealed/1 ";
constexpr std::size_t kIdSize = 12;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

struct ContextCloser {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextCloser>;

int size_of(std::size_t size) { return static_cast<int>(size); }
const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

// OpenSSL fails here only without memory or without randomness: neither is the caller's to deal with.
void must(bool done) {
  if (!done) throw std::runtime_error("store: OpenSSL refused to work");
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(text.data()), bytes.data(), size_of(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Empty when it is no base64.
std::vector<std::uint8_t> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::vector<std::uint8_t> bytes(text.size() / 4 * 3);
  if (EVP_DecodeBlock(bytes.data(), bytes_of(text), size_of(text.size())) < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

Error changed() { return Error{Kind::Fault, "store: a sealed text was changed or stands where it does not belong"}; }

}  // namespace

Result<SealKey> seal_key_from(std::string_view text) {
  SealKey key{};
  if (text.size() == key.size()) {
    std::ranges::copy(text, key.begin());
    return key;
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const bool hexadecimal = std::ranges::all_of(text, [](char digit) { return value_of(digit) >= 0; });
  if (text.size() != 2 * key.size() || !hexadecimal) {
    return Error{Kind::Incorrect, "store key: expected 32 bytes or 64 hexadecimal digits, found " +
                                      std::to_string(text.size()) + (hexadecimal ? " digits" : " bytes")};
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(value_of(text[2 * i]) * 16 + value_of(text[2 * i + 1]));
  }
  return key;
}

std::string key_id_of(const SealKey& key) {
  return to_hex(sha256({reinterpret_cast<const char*>(key.data()), key.size()})).substr(0, kIdSize);
}

bool is_sealed(std::string_view text) { return text.starts_with(kMark); }

std::string_view key_id_in(std::string_view sealed) {
  if (!is_sealed(sealed)) return {};
  sealed.remove_prefix(kMark.size());
  return sealed.substr(0, std::min(sealed.find(' '), sealed.size()));
}

Keyring::Keyring(std::vector<SealKey> keys) {
  for (SealKey& key : keys) {
    keys_.push_back({key, key_id_of(key)});
    OPENSSL_cleanse(key.data(), key.size());
  }
}

Keyring::~Keyring() {
  for (Key& key : keys_) OPENSSL_cleanse(key.bytes.data(), key.bytes.size());
}

bool Keyring::is_newest(std::string_view text) const {
  if (text.empty()) return true;
  return keys_.empty() ? !is_sealed(text) : key_id_in(text) == keys_.front().id;
}

std::string Keyring::seal(std::string_view plain, std::string_view what) const {
  if (keys_.empty() || plain.empty()) return std::string(plain);
  const Key& key = keys_.front();
  std::vector<std::uint8_t> sealed(kNonce + plain.size() + kTag);
  must(RAND_bytes(sealed.data(), size_of(kNonce)) == 1);
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  must(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), sealed.data()) == 1);
  must(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(what), size_of(what.size())) == 1);
  std::uint8_t* out = sealed.data() + kNonce;
  must(EVP_EncryptUpdate(context.get(), out, &size, bytes_of(plain), size_of(plain.size())) == 1);
  must(EVP_EncryptFinal_ex(context.get(), out + size, &size) == 1);
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, size_of(kTag), out + plain.size()) == 1);
  return std::string(kMark) + key.id + " " + to_base64(sealed);
}

Result<std::string> Keyring::unseal(std::string_view text, std::string_view what) const {
  if (!is_sealed(text)) return std::string(text);
  const std::string_view id = key_id_in(text);
  const auto key = std::ranges::find(keys_, id, &Key::id);
  if (key == keys_.end()) {
    return Error{Kind::Incorrect, "store: sealed with key " + std::string(id.substr(0, kIdSize)) +
                                      ", which is none of the configured ones (store.key_files)"};
  }
  const auto sealed = from_base64(text.substr(std::min(text.size(), kMark.size() + id.size() + 1)));
  if (sealed.size() < kNonce + kTag) return changed();
  const std::size_t length = sealed.size() - kNonce - kTag;
  std::array<std::uint8_t, kTag> tag{};
  std::ranges::copy_n(sealed.end() - kTag, kTag, tag.begin());
  std::string plain(length, '\0');
  auto* out = reinterpret_cast<std::uint8_t*>(plain.data());
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  must(context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key->bytes.data(), sealed.data()) == 1);
  must(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(what), size_of(what.size())) == 1);
  must(EVP_DecryptUpdate(context.get(), out, &size, sealed.data() + kNonce, size_of(length)) == 1);
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, size_of(kTag), tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), out + size, &size) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return changed();
  }
  return plain;
}

}  // namespace bhi::store
