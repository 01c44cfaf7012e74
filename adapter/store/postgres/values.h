// Values on their way to PostgreSQL, in its binary format: nothing is escaped, and a text may hold any byte that its
// column may. A column of many rows travels as one array, to be opened by unnest().
// https://www.postgresql.org/docs/15/libpq-exec.html (paramFormats), src/backend/utils/adt/arrayfuncs.c (array_recv)
#pragma once

#include "base/instant.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

using Oid = unsigned int;
inline constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kText = 25;  // catalog/pg_type.dat
inline constexpr Oid kBoolArray = 1000, kByteaArray = 1001, kTextArray = 1009, kInt8Array = 1016;

// Bytes as they are (BYTEA), in which a NUL may stand: the texts that tell of people, sealed or not.
struct Blob {
  std::string_view bytes;
};

inline void add_int32(std::string& to, std::int32_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(bits >> shift & 0xff);
}
inline void add_int64(std::string& to, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) to += static_cast<char>(bits >> shift & 0xff);
}

// One column of many rows.
class Column {
 public:
  std::size_t size() const { return static_cast<std::size_t>(count_); }
  bool empty() const { return count_ == 0; }
  Oid type() const { return type_; }
  // As it travels.
  std::string bytes() const {
    std::string whole;
    whole.reserve(20 + cells_.size());
    add_int32(whole, count_ == 0 ? 0 : 1);  // dimensions
    add_int32(whole, nulls_ ? 1 : 0);
    add_int32(whole, static_cast<std::int32_t>(element_));
    if (count_ == 0) return whole;
    add_int32(whole, count_);
    add_int32(whole, 1);  // the first index
    return whole += cells_;
  }

 protected:
  Column(Oid type, Oid element) : type_(type), element_(element) {}
  void cell(std::string_view bytes) {
    add_int32(cells_, static_cast<std::int32_t>(bytes.size()));
    cells_ += bytes;
    ++count_;
  }
  void null() {
    add_int32(cells_, -1);
    nulls_ = true;
    ++count_;
  }

 private:
  Oid type_, element_;
  std::int32_t count_ = 0;
  bool nulls_ = false;
  std::string cells_;
};

class Texts : public Column {
 public:
  Texts() : Column(kTextArray, kText) {}
  template <typename Range>
  explicit Texts(const Range& texts) : Texts() {
    for (const auto& text : texts) add(text);
  }
  void add(std::string_view text) { cell(text); }
};

class Blobs : public Column {
 public:
  Blobs() : Column(kByteaArray, kBytea) {}
  void add(std::string_view bytes) { cell(bytes); }
};

class Numbers : public Column {
 public:
  Numbers() : Column(kInt8Array, kInt8) {}
  void add(std::int64_t value) {
    std::string bytes;
    add_int64(bytes, value);
    cell(bytes);
  }
  void add(Instant value) { add(std::int64_t{value.time_since_epoch().count()}); }
  void add(std::optional<std::int64_t> value) {
    if (value)
      add(*value);
    else
      null();
  }
};

class Flags : public Column {
 public:
  Flags() : Column(kBoolArray, kBool) {}
  void add(bool value) { cell(value ? std::string_view("\1", 1) : std::string_view("\0", 1)); }
};

// The values of one statement, in the order of $1, $2, ...
class Parameters {
 public:
  void put(std::string_view value) { add(kText, std::string(value)); }
  void put(const std::string& value) { add(kText, value); }
  void put(const char* value) { add(kText, value); }
  void put(Blob value) { add(kBytea, std::string(value.bytes)); }
  void put(bool value) { add(kBool, std::string(1, value ? '\1' : '\0')); }
  void put(std::int64_t value) {
    std::string bytes;
    add_int64(bytes, value);
    add(kInt8, std::move(bytes));
  }
  void put(int value) { put(std::int64_t{value}); }
  void put(std::size_t value) {
    put(static_cast<std::int64_t>(value > INT64_MAX ? INT64_MAX : value));  // a limit without a limit
  }
  void put(Instant value) { put(std::int64_t{value.time_since_epoch().count()}); }
  void put(const Column& column) { add(column.type(), column.bytes()); }

  const std::vector<Oid>& types() const { return types_; }
  const std::vector<std::string>& values() const { return values_; }

 private:
  void add(Oid type, std::string bytes) {
    types_.push_back(type);
    values_.push_back(std::move(bytes));
  }
  std::vector<Oid> types_;
  std::vector<std::string> values_;
};

}  // namespace bhi::store::postgres
