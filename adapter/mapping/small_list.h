// A growing list of plain values while a map runs: the first few lie in the object itself (on the stack), more in the
// arena. So the usual list of none, one or two values costs no allocation.
#pragma once

#include "base/arena.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace bhi::mapping {

template <typename T, std::size_t kInside>
class SmallList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit SmallList(Arena& arena) : arena_(&arena) {}
  SmallList(const SmallList&) = delete;
  SmallList& operator=(const SmallList&) = delete;

  void push_back(const T& value) {
    if (size_ == capacity_) widen(capacity_ * 2);
    data_[size_++] = value;
  }
  void reserve(std::size_t wanted) {
    if (wanted > capacity_) widen(wanted);
  }
  // Shorter only.
  void resize(std::size_t size) { size_ = std::min(size, size_); }
  void clear() { size_ = 0; }
  void assign(std::span<const T> values) {
    clear();
    reserve(values.size());
    for (const T& value : values) data_[size_++] = value;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t at) { return data_[at]; }
  const T& operator[](std::size_t at) const { return data_[at]; }
  T& front() { return data_[0]; }
  T& back() { return data_[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  void widen(std::size_t capacity) {
    T* wider = arena_->array<T>(capacity);
    std::memcpy(static_cast<void*>(wider), data_, size_ * sizeof(T));
    data_ = wider;
    capacity_ = capacity;
  }

  Arena* arena_;
  T* data_ = reinterpret_cast<T*>(inside_);
  std::size_t size_ = 0;
  std::size_t capacity_ = kInside;
  alignas(T) std::byte inside_[kInside * sizeof(T)];
};

}  // namespace bhi::mapping
