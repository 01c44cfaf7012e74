// Handing out work: one piece per key at a time.
#include "service/board.h"

#include "service/delays.h"

#include <gtest/gtest.h>

#include <thread>

namespace bhi::service {
namespace {

TEST(Board, HandsOutAKeyOnceUntilItIsDone) {
  Board<int> board;
  std::stop_source stop;
  EXPECT_TRUE(board.offer("a", 1));
  EXPECT_FALSE(board.offer("a", 2));
  EXPECT_TRUE(board.offer("b", 3));
  EXPECT_EQ(board.waiting(), 2u);
  const auto first = board.take(stop.get_token());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->second, 1);
  EXPECT_FALSE(board.offer("a", 4)) << "it is being worked on";
  EXPECT_TRUE(board.busy().contains("a"));
  board.done("a");
  EXPECT_FALSE(board.busy().contains("a"));
  EXPECT_TRUE(board.offer("a", 5));
}

TEST(Board, GivesTheFirstThatFits) {
  Board<int> board;
  for (int n = 1; n <= 4; ++n) board.offer(std::to_string(n), n);
  const auto even = [](int n) { return n % 2 == 0; };
  EXPECT_EQ(board.take_if(even)->second, 2);
  EXPECT_EQ(board.take_if(even)->second, 4);
  EXPECT_FALSE(board.take_if(even));
  EXPECT_EQ(board.waiting(), 2u);
}

TEST(Board, LetsGoWhenItIsTimeToStop) {
  Board<int> board;
  std::jthread worker([&](std::stop_token stop) { EXPECT_FALSE(board.take(stop).has_value()); });
  worker.request_stop();
  worker.join();
}

TEST(Bell, KeepsARingForTheNextWait) {
  Bell bell;
  std::stop_source stop;
  bell.ring();
  const auto began = std::chrono::steady_clock::now();
  bell.wait(stop.get_token(), std::chrono::seconds(30));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(Delays, DoubleFromFailureToFailureUpToAMost) {
  Delays delays(std::chrono::seconds(1), std::chrono::seconds(3));
  const Delays::Clock::time_point start{};
  EXPECT_FALSE(delays.resting("a", start));
  delays.failed("a", start);
  EXPECT_TRUE(delays.resting("a", start + std::chrono::milliseconds(999)));
  EXPECT_FALSE(delays.resting("a", start + std::chrono::seconds(1)));
  delays.failed("a", start);
  EXPECT_TRUE(delays.resting("a", start + std::chrono::milliseconds(1999)));
  delays.failed("a", start);
  EXPECT_FALSE(delays.resting("a", start + std::chrono::seconds(3)));
  delays.worked("a");
  EXPECT_FALSE(delays.resting("a", start));
  EXPECT_EQ(delays.size(), 0u);
}

}  // namespace
}  // namespace bhi::service
