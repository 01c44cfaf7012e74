#include "base/arena.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace bhi {
namespace {

struct Pair {
  int first;
  double second;
};

TEST(Arena, GivesMemoryThatIsAlignedAndOursAlone) {
  Arena arena(64);
  std::vector<Pair*> pairs;
  for (int i = 0; i < 1000; ++i) {
    *static_cast<char*>(arena.allocate(1, 1)) = 'x';
    pairs.push_back(arena.make<Pair>(i, i * 0.5));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pairs.back()) % alignof(Pair), 0U);
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(pairs[static_cast<std::size_t>(i)]->first, i);
    EXPECT_EQ(pairs[static_cast<std::size_t>(i)]->second, i * 0.5);
  }
}

TEST(Arena, HandsOutMoreThanABlock) {
  Arena arena(16);
  const auto large = arena.copy(std::string(100'000, 'a'));
  EXPECT_EQ(large, std::string(100'000, 'a'));
  EXPECT_GE(arena.reserved_bytes(), 100'000U);
}

TEST(Arena, CopiesAreIndependentOfTheirSource) {
  Arena arena;
  std::string text = "item 9";
  const std::string_view kept = arena.copy(text);
  text[0] = 'x';
  EXPECT_EQ(kept, "item 9");
  EXPECT_TRUE(arena.copy(std::string_view{}).empty());
}

TEST(Arena, ArraysHoldWhatIsPutIntoThem) {
  Arena arena(32);
  int* numbers = arena.array<int>(500);
  std::iota(numbers, numbers + 500, 0);
  EXPECT_EQ(numbers[499], 499);
  const auto copy = arena.copy(std::span<const int>(numbers, 500));
  EXPECT_EQ(copy[250], 250);
}

TEST(Arena, ResetKeepsTheNewestBlockAndUsesItAgain) {
  Arena arena(64);
  for (int i = 0; i < 1000; ++i) arena.make<Pair>(i, 0.0);
  const std::size_t before = arena.reserved_bytes();
  arena.reset();
  EXPECT_GT(arena.reserved_bytes(), 0U);
  EXPECT_LT(arena.reserved_bytes(), before);
  const std::size_t kept = arena.reserved_bytes();
  arena.copy(std::string(kept / 2, 'b'));
  EXPECT_EQ(arena.reserved_bytes(), kept);
  Arena empty;
  empty.reset();
  EXPECT_EQ(empty.reserved_bytes(), 0U);
}

TEST(Arena, MovesWithItsMemory) {
  Arena first;
  const std::string_view kept = first.copy(std::string_view("kept"));
  const Arena second = std::move(first);
  EXPECT_EQ(kept, "kept");
  EXPECT_GT(second.reserved_bytes(), 0U);
}

}  // namespace
}  // namespace bhi
