#include "fhir/name.h"

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::fhir {

namespace {

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

Key key_of(std::string_view text) {
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

const Entry* look_up(const Slots& slots, std::string_view text, const Key& key) {
  for (std::size_t at = key.hash & slots.mask;; at = (at + 1) & slots.mask) {
    const Entry* const entry = slots.entries[at].load(std::memory_order_acquire);
    if (entry == nullptr) return nullptr;
    if (entry->key.head != key.head || entry->key.tail != key.tail || entry->name.text.size() != text.size()) continue;
    if (text.size() <= 16 || std::memcmp(entry->name.text.data(), text.data(), text.size()) == 0) return entry;
  }
}

// "x" and "_x" belong together; what starts with two underscores, or is one, stands alone.
bool has_companion(std::string_view text) {
  if (text.empty()) return false;
  return text.front() != '_' || (text.size() > 1 && text[1] != '_');
}

// Readers follow `current` without a lock. Writers hold the mutex; a full table is replaced by one of twice the size,
// and the old one is kept, because a reader may still stand in it.
class Table {
 public:
  Table() { publish(std::make_unique<Slots>(std::size_t{1} << 14)); }

  const Entry* find(std::string_view text) const {
    return look_up(*current_.load(std::memory_order_acquire), text, key_of(text));
  }

  const Entry& make(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (const Entry* known = find(text)) return *known;
    if (!has_companion(text)) return insert(make_entry(text));
    const bool underscored = text.front() == '_';
    Entry& plain = make_entry(underscored ? text.substr(1) : text);
    Entry& companion = make_entry("_" + std::string(plain.name.text));
    plain.name.companion = &companion.name;
    companion.name.companion = &plain.name;
    insert(plain);
    insert(companion);
    return underscored ? companion : plain;
  }

 private:
  Entry& make_entry(std::string_view text) {
    auto kept = std::make_unique<char[]>(text.size());
    if (!text.empty()) std::memcpy(kept.get(), text.data(), text.size());
    auto entry = std::make_unique<Entry>();
    entry->name = Name{{kept.get(), text.size()}, nullptr, true};
    entry->key = key_of(text);
    texts_.push_back(std::move(kept));
    entries_.push_back(std::move(entry));
    return *entries_.back();
  }

  const Entry& insert(const Entry& entry) {
    if (++used_ * 2 > slots_.back()->mask) {
      auto larger = std::make_unique<Slots>((slots_.back()->mask + 1) * 2);
      for (std::size_t i = 0; i <= slots_.back()->mask; ++i) {
        if (const Entry* old = slots_.back()->entries[i].load(std::memory_order_relaxed)) place(*larger, *old);
      }
      publish(std::move(larger));
    }
    place(*slots_.back(), entry);
    return entry;
  }

  static void place(Slots& slots, const Entry& entry) {
    std::size_t at = entry.key.hash & slots.mask;
    while (slots.entries[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & slots.mask;
    slots.entries[at].store(&entry, std::memory_order_release);
  }

  void publish(std::unique_ptr<Slots> slots) {
    slots_.push_back(std::move(slots));
    current_.store(slots_.back().get(), std::memory_order_release);
  }

  std::mutex mutex_;
  std::atomic<const Slots*> current_ = nullptr;
  std::vector<std::unique_ptr<Slots>> slots_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<std::unique_ptr<char[]>> texts_;
  std::size_t used_ = 0;
};

// Never destroyed: names are used by static objects whose end we do not order.
Table& table() {
  static Table* const kept = std::make_unique<Table>().release();
  return *kept;
}

}  // namespace

const Name& intern(std::string_view text) {
  if (const Entry* known = table().find(text)) return known->name;
  return table().make(text).name;
}

const Name* find_name(std::string_view text) {
  const Entry* const known = table().find(text);
  return known == nullptr ? nullptr : &known->name;
}

}  // namespace bhi::fhir
