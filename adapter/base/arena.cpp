#include "base/arena.h"

#include <sys/mman.h>

namespace bhi {

namespace {
constexpr std::size_t kLargestGrowth = std::size_t{4} << 20;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
}  // namespace

// A large block lies on huge pages where the system gives them: filling it page by page costs more than what is
// written there.
Arena::Block Arena::take_block(std::size_t bytes) {
  const bool large = bytes >= kHugePage;
  void* made =
      large ? std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage) : std::malloc(bytes);
  if (made == nullptr) throw std::bad_alloc();
  if (large) madvise(made, bytes, MADV_HUGEPAGE);  // a wish; nothing is lost when it is refused
  return Block(static_cast<std::byte*>(made));     // not zeroed: the caller fills it
}

void* Arena::allocate_slow(std::size_t bytes, std::size_t align) {
  const std::size_t size = std::max(next_block_, bytes + align);
  blocks_.push_back(take_block(size));
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
