#include "fhir/name.h"

#include "fhir/name_table.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::fhir {

constinit std::atomic<const name_table::Slots*> name_table::current = nullptr;

namespace {

using name_table::Entry;
using name_table::Slots;

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

  const Entry& make(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (const Entry* known = look_up(*slots_.back(), text)) return *known;
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
    entry->key = name_table::key_of(text);
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
    name_table::current.store(slots_.back().get(), std::memory_order_release);
  }

  std::mutex mutex_;
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
  if (const Name* known = find_name(text)) return *known;
  return table().make(text).name;
}

const Name* find_name(std::string_view text) {
  const Slots* const slots = name_table::current.load(std::memory_order_acquire);
  const Entry* const known = slots == nullptr ? nullptr : look_up(*slots, text);
  return known == nullptr ? nullptr : &known->name;
}

}  // namespace bhi::fhir
