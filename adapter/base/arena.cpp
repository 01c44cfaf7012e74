#include "base/arena.h"

namespace bhi {

namespace {
constexpr std::size_t kLargestGrowth = std::size_t{4} << 20;
}

void* Arena::allocate_slow(std::size_t bytes, std::size_t align) {
  const std::size_t size = std::max(next_block_, bytes + align);
  blocks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[size]));  // not zeroed: the caller fills it
  cursor_ = blocks_.back().get();
  end_ = cursor_ + size;
  last_block_ = size;
  reserved_ += size;
  next_block_ = std::min(next_block_ * 2, kLargestGrowth);
  return allocate(bytes, align);
}

void Arena::reset() {
  if (blocks_.empty()) return;
  blocks_.erase(blocks_.begin(), blocks_.end() - 1);
  cursor_ = blocks_.back().get();
  end_ = cursor_ + last_block_;
  reserved_ = last_block_;
}

}  // namespace bhi
