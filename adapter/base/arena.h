// Memory that lives and dies together: bump allocation, no single frees, no destructors run.
// One arena belongs to one thread at a time. What lies in it must be trivially destructible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bhi {

class Arena {
 public:
  explicit Arena(std::size_t first_block_bytes = 4096) : next_block_(first_block_bytes) {}
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes, std::size_t align) {
    auto at = (reinterpret_cast<std::uintptr_t>(cursor_) + align - 1) & ~(std::uintptr_t{align} - 1);
    if (cursor_ == nullptr || at + bytes > reinterpret_cast<std::uintptr_t>(end_)) return allocate_slow(bytes, align);
    cursor_ = reinterpret_cast<std::byte*>(at + bytes);
    return reinterpret_cast<void*>(at);
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  // Uninitialised room for `count` values; the caller fills it.
  template <typename T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
  }

  template <typename T>
  std::span<T> copy(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (values.empty()) return {};
    T* to = array<T>(values.size());
    std::memcpy(static_cast<void*>(to), values.data(), values.size_bytes());
    return {to, values.size()};
  }

  std::string_view copy(std::string_view text) {
    const auto kept = copy(std::span<const char>(text.data(), text.size()));
    return {kept.data(), kept.size()};
  }

  // Bytes taken from the system so far.
  std::size_t reserved_bytes() const { return reserved_; }

  // Forgets everything but keeps the newest (largest) block for the next use.
  void reset();

 private:
  struct BlockDeleter {
    void operator()(std::byte* block) const { std::free(block); }
  };
  using Block = std::unique_ptr<std::byte, BlockDeleter>;

  static Block take_block(std::size_t bytes);
  void* allocate_slow(std::size_t bytes, std::size_t align);

  std::vector<Block> blocks_;
  std::byte* cursor_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t next_block_;
  std::size_t last_block_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace bhi
