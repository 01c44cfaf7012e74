// Budget, pauses and circuit under a clock that only the test moves.
#include "ehr/traffic.h"

#include <gtest/gtest.h>

#include <map>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;

const Instant kNow = *instant_from("2026-11-22T09:00:12Z");

Response answered(int status, std::string retry_after = {}, std::string date = {}) {
  Response response;
  response.what = Response::What::Answered;
  response.status = status;
  response.retry_after = std::move(retry_after);
  response.date = std::move(date);
  return response;
}

TEST(TrafficTest, D4_13_NeverGoesAboveTheBudgetInAnyMinuteOfTheClock) {
  Traffic traffic({.calls_per_minute = 250});
  std::map<std::chrono::sys_time<std::chrono::minutes>, int> minutes;
  Instant now = kNow;
  for (int calls = 0; calls < 4000;) {
    const bool urgent = calls % 7 == 0;
    const auto leave = traffic.ask(now, urgent);
    if (!leave.go) {
      now += leave.wait;
      continue;
    }
    ++minutes[std::chrono::floor<std::chrono::minutes>(now)];
    ++calls;
    now += 37ms;
  }
  for (const auto& [minute, count] : minutes) EXPECT_LE(count, 250);
  EXPECT_GE(minutes.size(), 16u);
  EXPECT_LE(minutes.size(), 19u);
}

TEST(TrafficTest, KeepsATenthForWhatIsUrgent) {
  Traffic traffic({.calls_per_minute = 10});
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(traffic.ask(kNow, false).go);
  const auto leave = traffic.ask(kNow, false);
  EXPECT_FALSE(leave.go);
  EXPECT_EQ(leave.wait, 48s);
  EXPECT_TRUE(traffic.ask(kNow, true).go);
  EXPECT_FALSE(traffic.ask(kNow, true).go);
  EXPECT_TRUE(traffic.ask(kNow + 48s, false).go);
}

TEST(TrafficTest, AClockThatGoesBackGivesNoSecondBudget) {
  Traffic traffic({.calls_per_minute = 1});
  EXPECT_TRUE(traffic.ask(kNow, true).go);
  EXPECT_FALSE(traffic.ask(kNow - 70s, true).go);
}

TEST(TrafficTest, AClockThatGoesBackMakesNoPauseLonger) {
  Traffic traffic({});
  traffic.heard(answered(503, "30"), kNow);
  EXPECT_EQ(traffic.ask(kNow, false).wait, 30s);
  EXPECT_EQ(*traffic.state(kNow - 1h).until, kNow - 1h + 30s);
  EXPECT_EQ(traffic.ask(kNow - 1h, false).wait, 30s);
  EXPECT_TRUE(traffic.ask(kNow - 1h + 30s, false).go);
}

TEST(TrafficTest, CallsThatOverlapAreNoStepOfTheClock) {
  Traffic traffic({});
  traffic.heard(answered(503, "30"), kNow);
  EXPECT_EQ(traffic.ask(kNow - 20s, false).wait, 50s);
}

TEST(TrafficTest, HonoursThePauseInEveryFormItIsAskedFor) {
  const auto pause = [](int status, std::string text) {
    Traffic traffic({});
    traffic.heard(answered(status, std::move(text), "Sun, 22 Nov 2026 09:00:12 GMT"), kNow);
    const auto leave = traffic.ask(kNow, false);
    return leave.go ? 0ms : leave.wait;
  };
  EXPECT_EQ(pause(429, "30"), 30s);
  EXPECT_EQ(pause(503, "7200"), 1h);  // hours: up to one at a time
  EXPECT_EQ(pause(429, "Sun, 22 Nov 2026 09:00:42 GMT"), 30s);
  EXPECT_EQ(pause(429, "1795338042"), 30s);     // a moment, in seconds
  EXPECT_EQ(pause(429, "1795338042000"), 30s);  // in milliseconds
  EXPECT_EQ(pause(429, ""), 48s);               // not said: until the next minute
  EXPECT_EQ(pause(503, ""), 0s);
  EXPECT_EQ(pause(200, "30"), 0s);
}

TEST(TrafficTest, QuietHoursHoldWhatIsNotUrgent) {
  TrafficSettings settings;
  settings.quiet_until = [](Instant now) { return now < kNow + 1h ? std::optional(kNow + 1h) : std::nullopt; };
  Traffic traffic(settings);
  EXPECT_EQ(traffic.ask(kNow, false).wait, 1h);
  EXPECT_TRUE(traffic.ask(kNow, true).go);
  EXPECT_TRUE(traffic.ask(kNow + 1h, false).go);
  EXPECT_EQ(traffic.state(kNow).reason, "quiet hours");
}

TEST(TrafficTest, FiveFailuresOpenTheCircuitAndOneTrialClosesIt) {
  Traffic traffic({});
  Response lost;
  lost.what = Response::What::Lost;
  for (int i = 0; i < 4; ++i) traffic.heard(lost, kNow);
  EXPECT_TRUE(traffic.ask(kNow, false).go);
  traffic.heard(answered(500), kNow);
  EXPECT_EQ(traffic.state(kNow).circuit, Circuit::Open);
  EXPECT_EQ(traffic.ask(kNow, true).wait, 10s);
  EXPECT_EQ(traffic.state(kNow + 10s).circuit, Circuit::HalfOpen);
  EXPECT_TRUE(traffic.ask(kNow + 10s, false).go);
  EXPECT_FALSE(traffic.ask(kNow + 10s, false).go);  // one at a time
  traffic.heard(answered(502), kNow + 11s);
  EXPECT_EQ(traffic.ask(kNow + 11s, false).wait, 20s);  // twice as long
  EXPECT_TRUE(traffic.ask(kNow + 31s, false).go);
  traffic.heard(answered(404), kNow + 31s);  // it answers
  EXPECT_EQ(traffic.state(kNow + 31s).circuit, Circuit::Closed);
  EXPECT_TRUE(traffic.ask(kNow + 31s, false).go);
  EXPECT_TRUE(traffic.ask(kNow + 31s, false).go);
}

TEST(TrafficTest, ATrialThatWasNeverSentDoesNotKeepTheCircuitOpen) {
  Traffic traffic({});
  for (int i = 0; i < 5; ++i) traffic.heard(answered(500), kNow);
  EXPECT_TRUE(traffic.ask(kNow + 10s, false).go);  // and then there was no token
  EXPECT_FALSE(traffic.ask(kNow + 60s, false).go);
  EXPECT_TRUE(traffic.ask(kNow + 131s, false).go);
}

}  // namespace
}  // namespace bhi::ehr
