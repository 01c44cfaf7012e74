// How long what failed for want of a store rests.
#include "service/delays.h"

#include <gtest/gtest.h>

namespace bhi::service {
namespace {

using namespace std::chrono_literals;

const Delays::Clock::time_point kAt{100h};

TEST(Delays, AStoreThatWasFullMakesNobodyRestForMinutes) {
  Delays delays(5s, 300s);
  for (int i = 0; i < 10; ++i) delays.busy("lane", kAt);
  EXPECT_TRUE(delays.resting("lane", kAt + 4s));
  EXPECT_FALSE(delays.resting("lane", kAt + 5s));
}

}  // namespace
}  // namespace bhi::service
