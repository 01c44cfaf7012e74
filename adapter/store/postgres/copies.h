// Tables resource, body and cursor: our picture of what the EHR holds, and how far we have read.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/pipeline.h"
#include "store/rules.h"
#include "store/seal.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

// source, type and id as one key.
std::string key_of(const flow::ResourceCopy& copy);

// The resources that one job decides about: asked for together, held in memory while it decides, written together.
class CopyBook {
 public:
  explicit CopyBook(const Keyring& keys) : keys_(keys) {}

  // Round trip 1: what is held of these, locked, and as many new numbers. Copies are lent.
  void ask(Pipeline& line, const std::vector<const flow::ResourceCopy*>& copies);
  void hear(const Pipeline& line);

  std::optional<Held> held(const flow::ResourceCopy& copy) const;
  std::int64_t next_number() { return numbers_[used_++]; }

  // The id of the text as it will be kept; none for a deletion.
  std::optional<std::int64_t> add_body(std::int64_t number, const flow::ResourceCopy& copy);
  // Makes `copy` the one at hand. shared: its text, when an inbox row keeps it too.
  void replace(const flow::ResourceCopy& copy, std::optional<std::int64_t> shared);

  // Round trip 2. Guarded: another writer made one of them first, so nothing of this holds any more.
  void write(Pipeline& line);

 private:
  struct Entry {
    std::optional<Held> held;                  // now
    bool stored = false;                       // there is a row
    const flow::ResourceCopy* copy = nullptr;  // set when it is to be written
    std::optional<std::int64_t> body{};
    bool own_body = false;
  };
  const Keyring& keys_;
  std::map<std::string, Entry> entries_;
  std::vector<std::int64_t> numbers_;
  std::size_t used_ = 0;
  Numbers body_ids_, dead_bodies_;
  Blobs body_texts_;
  std::size_t asked_ = 0;  // place of the statement
};

void move_cursors(Pipeline& line, const std::vector<const flow::Cursor*>& cursors);

Result<std::optional<flow::ResourceCopy>> find_copy(Pipeline& line, const Keyring& keys, std::string_view source,
                                                    std::string_view type, std::string_view id);
// The one received last when several resources state the url; deleted ones do not count.
Result<std::optional<flow::ResourceCopy>> find_canonical(Pipeline& line, const Keyring& keys, std::string_view source,
                                                         std::string_view url);
Result<std::optional<std::string>> find_cursor(Pipeline& line, std::string_view source, std::string_view name);
Result<std::vector<flow::Cursor>> cursors_named(Pipeline& line, std::string_view source, std::string_view prefix);

}  // namespace bhi::store::postgres
