// The table of interned names from inside: readers of documents look every name up here, so the look-up is inline.
#pragma once

#include "fhir/name.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace bhi::fhir::name_table {

// The text of a name as two words. Up to sixteen bytes they and the size say all of it, so that the usual comparison
// is three registers; a longer text is compared in full after they agree.
struct Key {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint32_t hash = 0;
};

template <typename Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

inline Key key_of(std::string_view text) {
  Key key;
  const char* const begin = text.data();
  const std::size_t size = text.size();
  if (size >= 8) {
    key.head = load<std::uint64_t>(begin);
    key.tail = load<std::uint64_t>(begin + size - 8);
  } else if (size >= 4) {
    key.head = load<std::uint32_t>(begin);
    key.tail = load<std::uint32_t>(begin + size - 4);
  } else if (size > 0) {
    key.head = static_cast<unsigned char>(begin[0]);
    key.tail = static_cast<std::uint64_t>(static_cast<unsigned char>(begin[size / 2])) << 8 |
               static_cast<unsigned char>(begin[size - 1]);
  }
  std::uint64_t mixed = (key.head ^ size) * 0x9e3779b97f4a7c15u ^ (key.tail * 0xc2b2ae3d27d4eb4fu);
  mixed ^= mixed >> 32;
  mixed *= 0xd6e8feb86659fd93u;
  key.hash = static_cast<std::uint32_t>(mixed >> 32);
  return key;
}

struct alignas(64) Entry {
  Name name;  // first, so that a Name is found in the line that the look-up has just read
  Key key;
};
static_assert(sizeof(Entry) == 64);

struct Slots {
  explicit Slots(std::size_t count) : mask(count - 1), entries(new std::atomic<const Entry*>[count]()) {}
  std::size_t mask;
  std::unique_ptr<std::atomic<const Entry*>[]> entries;
};

inline const Entry* look_up(const Slots& slots, std::string_view text) {
  const Key key = key_of(text);
  for (std::size_t at = key.hash & slots.mask;; at = (at + 1) & slots.mask) {
    const Entry* const entry = slots.entries[at].load(std::memory_order_acquire);
    if (entry == nullptr) return nullptr;
    if (entry->key.head != key.head || entry->key.tail != key.tail || entry->name.text.size() != text.size()) continue;
    if (text.size() <= 16 || std::memcmp(entry->name.text.data(), text.data(), text.size()) == 0) return entry;
  }
}

// The slots of this moment; never freed, so one reader may keep them for a whole document (and miss what was interned
// meanwhile: such a name is then the document's own). Null before the first name.
extern constinit std::atomic<const Slots*> current;

}  // namespace bhi::fhir::name_table
