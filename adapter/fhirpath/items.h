// A growing list of items during evaluation: the first few lie in the object itself (on the stack), more in the arena.
// So the usual collection of none, one or two items costs no allocation.
#pragma once

#include "base/arena.h"
#include "fhirpath/expression.h"

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace bhi::fhirpath {

class Items {
 public:
  explicit Items(Arena& arena) : arena_(&arena) {}
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;

  void push_back(const Item& item) {
    if (size_ == capacity_) grow();
    data_[size_++] = item;
  }

  void append(Collection items) {
    for (const Item& item : items) push_back(item);
  }

  Collection all() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Item& operator[](std::size_t at) const { return data_[at]; }
  const Item* begin() const { return data_; }
  const Item* end() const { return data_ + size_; }
  Item* begin() { return data_; }
  Item* end() { return data_ + size_; }
  void clear() { size_ = 0; }

  // A copy that outlives this object: in the arena.
  Collection keep() const { return arena_->copy(Collection(data_, size_)); }

 private:
  static constexpr std::size_t kInside = 4;

  void grow() {
    Item* wider = arena_->array<Item>(capacity_ * 2);
    std::memcpy(static_cast<void*>(wider), data_, size_ * sizeof(Item));
    data_ = wider;
    capacity_ *= 2;
  }

  Arena* arena_;
  Item* data_ = reinterpret_cast<Item*>(inside_);
  std::size_t size_ = 0;
  std::size_t capacity_ = kInside;
  alignas(Item) std::byte inside_[kInside * sizeof(Item)];
};

static_assert(std::is_trivially_copyable_v<Item>);

}  // namespace bhi::fhirpath
