// One item that fails, or all of them.
#include "flow/lane_health.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");

OutboxItem item(std::int64_t seq, OutboxState state, std::string trouble = {}, std::string reason = {},
                int attempts = 1) {
  OutboxItem made;
  made.seq = seq;
  made.state = state;
  made.trouble = std::move(trouble);
  made.reason = std::move(reason);
  made.attempts = attempts;
  return made;
}

OutboxItem failing(int attempts) {
  return item(1, OutboxState::RetryAt, "transient", "Observation create: 500", attempts);
}

TEST(LaneHealth, ALoneFailureMakesWayAfterFiveTriesWhileOthersPass) {
  LaneHealth health;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    health.heard(failing(attempt), kNow);
    EXPECT_EQ(health.is_lone_failure(failing(attempt)), attempt == 5) << attempt;
    health.heard(item(10 + attempt, OutboxState::Verified), kNow);
  }
}

TEST(LaneHealth, WhileNothingPassesEverythingIsTriedWithoutALimit) {
  LaneHealth health;
  for (int attempt = 1; attempt <= 50; ++attempt) {
    for (int other = 0; other < 3; ++other) {
      health.heard(item(10 + other, OutboxState::RetryAt, "transient", "503", attempt), kNow);
    }
    health.heard(failing(attempt), kNow);
    EXPECT_FALSE(health.is_lone_failure(failing(attempt)));
    EXPECT_FALSE(health.stopped(kNow));
  }
}

TEST(LaneHealth, AnEhrThatFailsMoreThanItServesIsIllAndNotTheItem) {
  LaneHealth health;
  for (int attempt = 1; attempt <= 20; ++attempt) {
    health.heard(failing(attempt), kNow);
    health.heard(item(100 + attempt, OutboxState::RetryAt, "transient", "503"), kNow);
    health.heard(item(200 + attempt, OutboxState::RetryAt, "transient", "503"), kNow);
    health.heard(item(300 + attempt, OutboxState::Verified), kNow);
    EXPECT_FALSE(health.is_lone_failure(failing(attempt)));
  }
}

TEST(LaneHealth, A401StopsTheLaneAtOnceAndTheStopsGrowUntilOnePasses) {
  LaneHealth health;
  const auto refused = item(1, OutboxState::RetryAt, "auth", "Observation create: 401");
  const auto first = health.heard(refused, kNow);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->fresh);
  EXPECT_EQ(first->trouble, "auth");
  EXPECT_TRUE(health.stopped(kNow + 59s));
  EXPECT_FALSE(health.stopped(kNow + 60s));
  const auto second = health.heard(refused, kNow + 60s);
  EXPECT_FALSE(second->fresh);
  EXPECT_EQ(second->until, kNow + 60s + 2min);
  EXPECT_EQ(health.heard(refused, kNow + 61s)->until, second->until) << "another worker's";
  Instant now = second->until;
  for (int i = 0; i < 10; ++i) now = health.heard(refused, now)->until;
  EXPECT_EQ(health.heard(refused, now)->until, now + 15min);
  health.heard(item(1, OutboxState::Verified), kNow);
  EXPECT_FALSE(health.stopped(kNow));
  EXPECT_EQ(health.heard(refused, kNow)->until, kNow + 1min);
}

TEST(LaneHealth, A403OfOneItemIsItsOwnAndOfThreeInARowEverybodys) {
  LaneHealth health;
  const auto refused = [](std::int64_t seq) {
    return item(seq, OutboxState::Parked, "policy", "Observation create: 403 forbidden");
  };
  EXPECT_FALSE(health.heard(refused(1), kNow));
  EXPECT_FALSE(health.heard(refused(1), kNow)) << "the same again is no other";
  EXPECT_FALSE(health.heard(refused(2), kNow));
  health.heard(item(3, OutboxState::Verified), kNow);
  EXPECT_FALSE(health.heard(refused(4), kNow));
  EXPECT_FALSE(health.heard(refused(5), kNow));
  const auto stop = health.heard(refused(6), kNow);
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->trouble, "policy");
  EXPECT_TRUE(health.stopped(kNow));
  // What is not declared was never asked of the EHR.
  LaneHealth other;
  for (int seq = 1; seq < 10; ++seq) {
    EXPECT_FALSE(
        other.heard(item(seq, OutboxState::Parked, "policy", "CarePlan create is not declared by the EHR"), kNow));
  }
}

}  // namespace
}  // namespace bhi::flow
