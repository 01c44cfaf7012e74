// Sealing of the texts that tell of people: AES-256-GCM (NIST SP 800-38D) through OpenSSL, a fresh nonce for each text.
//
//   sealed/1 <key id> <base64 of nonce (12 bytes), ciphertext, tag (16 bytes)>
//
// The key id is the beginning of the key's SHA-256, so that a text says which key it needs. What the text is for
// ("care.body") is authenticated with it: a text moved to another column does not open. Texts of a store that was not
// sealed from the start stay readable beside sealed ones until `rekey`.
#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

using SealKey = std::array<std::uint8_t, 32>;

// 32 bytes, or 64 hexadecimal digits with or without a line end. Error Incorrect says what was found, never the key.
Result<SealKey> seal_key_from(std::string_view text);

std::string key_id_of(const SealKey& key);  // 12 hexadecimal digits

bool is_sealed(std::string_view text);
std::string_view key_id_in(std::string_view sealed);  // empty when it is not sealed

// Thread-safe once made.
class Keyring {
 public:
  // The first seals, all open. None: texts are kept as they are.
  explicit Keyring(std::vector<SealKey> keys);
  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  bool seals() const { return !keys_.empty(); }
  // As it is when there is no key, or nothing to hide.
  std::string seal(std::string_view plain, std::string_view what) const;
  // Errors: Incorrect (none of our keys; names the key id), Fault (it was changed, or is of another column).
  Result<std::string> unseal(std::string_view text, std::string_view what) const;
  bool is_newest(std::string_view text) const;  // as seal() would make it now

 private:
  struct Key {
    SealKey bytes;
    std::string id;
  };
  std::vector<Key> keys_;
};

}  // namespace bhi::store
