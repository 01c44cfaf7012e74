// A clock that somebody sets: what waits for a time of the old clock does not wait longer for it.
#include "service/clock_step.h"

#include <gtest/gtest.h>

namespace bhi::service {
namespace {

using namespace std::chrono_literals;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
const ClockStep::Steady kAt{100h};

TEST(ClockStep, SeesNothingInAClockThatRuns) {
  ClockStep step;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(step.ahead(kNow + i * 1s, kAt + i * 1s), 0ms);
}

TEST(ClockStep, RemembersForAWhileHowFarAClockWasAhead) {
  ClockStep step;
  EXPECT_EQ(step.ahead(kNow, kAt), 0ms);
  EXPECT_EQ(step.ahead(kNow + 1s - 1h, kAt + 1s), 1h);
  EXPECT_EQ(step.ahead(kNow + 5min - 1h, kAt + 5min), 1h);
  EXPECT_EQ(step.ahead(kNow + 11min - 1h, kAt + 11min), 0ms);
}

TEST(ClockStep, AStepForwardNeedsNothing) {
  ClockStep step;
  EXPECT_EQ(step.ahead(kNow, kAt), 0ms);
  EXPECT_EQ(step.ahead(kNow + 1h, kAt + 1s), 0ms);
}

}  // namespace
}  // namespace bhi::service
