// Which events have come, which are missing, and when a count cannot be believed any more.
#include "flow/numbering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;

const Instant kStart = *instant_from("2026-11-22T09:00:00Z");

// Event n happened n seconds after the start.
EventNumber event(std::int64_t number) { return {number, kStart + std::chrono::seconds(number)}; }
HeardNumbers heard(std::vector<std::int64_t> numbers, std::optional<std::int64_t> count = std::nullopt) {
  HeardNumbers all;
  all.count = count;
  for (const auto number : numbers) all.events.push_back(event(number));
  return all;
}

class Counting : public testing::Test {
 protected:
  void hear(std::vector<std::int64_t> numbers, std::optional<std::int64_t> count = std::nullopt) {
    now += 1s;
    state = next(state, heard(std::move(numbers), count), Numbering::Monotonic, now);
  }
  std::string gaps() const {
    std::string text;
    for (const auto& gap : state.gaps) text += std::to_string(gap.first) + "-" + std::to_string(gap.last) + " ";
    return text;
  }

  Instant now = kStart + 1h;
  NumberState state{.begun = true};
};

TEST_F(Counting, D2_07_MonotonicAGapIsSeenAndIsOverdueAfterTheGraceTime) {
  hear({1}, 1);
  hear({2}, 2);
  EXPECT_EQ(gaps(), "");
  hear({5}, 5);
  EXPECT_EQ(gaps(), "3-4 ");
  EXPECT_EQ(state.contiguous(), 2);
  EXPECT_FALSE(overdue(state, 60s, now + 59s).has_value());
  const auto range = overdue(state, 60s, now + 60s);
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->first, 3);
  EXPECT_EQ(range->last, 4);
}

TEST_F(Counting, D2_10_OutOfOrderEventsFillTheirGapAndChangeNothingElse) {
  hear({1}, 1);
  hear({9}, 9);
  hear({4}, 4);
  EXPECT_EQ(gaps(), "2-3 5-8 ");
  EXPECT_FALSE(state.suspect) << "a late comer is no new count";
  for (const std::int64_t late : {8, 2, 5, 7, 3, 6}) hear({late}, late);
  EXPECT_EQ(gaps(), "");
  EXPECT_EQ(state.contiguous(), 9);
}

TEST_F(Counting, D2_10_RepeatedEventsChangeNothing) {
  hear({1}, 1);
  hear({2, 3}, 3);
  const auto before = text_of(state);
  hear({2}, 2);
  hear({3}, 3);
  hear({1, 2, 3}, 3);
  EXPECT_EQ(text_of(state), before);
}

TEST_F(Counting, D2_05_ALastEventThatNeverCameShowsInTheNextHeartbeat) {
  hear({1}, 1);
  hear({}, 3);
  EXPECT_EQ(gaps(), "2-3 ");
  hear({2}, 2);
  EXPECT_EQ(gaps(), "3-3 ");
}

TEST_F(Counting, D2_09_ANumberThatComesBackWithALaterTimeIsAResetAndNoErrorLoop) {
  hear({1}, 1);
  hear({2, 3, 4}, 4);
  state = next(state, {.count = 1, .events = {{1, kStart + 2h}}}, Numbering::Monotonic, now);
  EXPECT_TRUE(state.suspect);
  state = counted(state, 1, now);
  EXPECT_FALSE(state.suspect);
  EXPECT_EQ(state.wanted, Recovery::Everything);
  EXPECT_EQ(state.newest, 1);
  EXPECT_EQ(gaps(), "");
  hear({2}, 2);  // it goes on from there
  EXPECT_EQ(state.newest, 2);
  EXPECT_FALSE(state.suspect);
  state = recovered(state, now + 1s, true);
  EXPECT_EQ(state.wanted, Recovery::None);
}

TEST_F(Counting, D2_09_AnEhrThatDoesNotTellItsCountIsBelievedToHaveBegunAnew) {
  hear({1, 2, 3}, 3);
  state = next(state, {.count = 1, .events = {{1, std::nullopt}}}, Numbering::Monotonic, now);
  ASSERT_TRUE(state.suspect) << "without a time nobody can tell a repeat";
  state = began_anew(state, now);
  EXPECT_EQ(state.wanted, Recovery::Everything);
  hear({2}, 2);
  EXPECT_EQ(gaps(), "") << "counting goes on where it is";
}

TEST_F(Counting, ACountThatTheEhrConfirmsClearsTheSuspicion) {
  hear({1, 2, 3}, 3);
  state = next(state, {.count = 1, .events = {{1, std::nullopt}}}, Numbering::Monotonic, now);
  state = counted(state, 5, now);
  EXPECT_FALSE(state.suspect);
  EXPECT_EQ(state.wanted, Recovery::None);
  EXPECT_EQ(gaps(), "4-5 ");
}

TEST_F(Counting, D2_08_PerNotificationNumbersSayNothing) {
  state = next({}, heard({1}, 1), Numbering::PerNotification, now);
  state = next(state, heard({7}, 7), Numbering::PerNotification, now);
  state = next(state, heard({1}, 1), Numbering::PerNotification, now);
  EXPECT_FALSE(state.begun);
  EXPECT_TRUE(state.gaps.empty());
  EXPECT_FALSE(state.suspect);
}

TEST_F(Counting, TheFirstNumberOfAnAdoptedSubscriptionIsWhereCountingBegins) {
  state = next({}, heard({41}, 41), Numbering::Monotonic, now);
  EXPECT_EQ(state.contiguous(), 41);
  EXPECT_TRUE(state.gaps.empty());
}

TEST_F(Counting, APollMakesGoodOnlyWhatWasMissedBeforeItBegan) {
  hear({1}, 1);
  hear({3}, 3);
  const Instant asked = now;
  hear({5}, 5);
  state = recovered(state, asked, false);
  EXPECT_EQ(gaps(), "4-4 ");
  state = want(state, Recovery::Poll, now);
  EXPECT_EQ(recovered(state, now - 1s, false).wanted, Recovery::Poll);
  EXPECT_EQ(recovered(state, now, false).wanted, Recovery::None);
  state = want(state, Recovery::Everything, now);
  EXPECT_EQ(recovered(state, now, false).wanted, Recovery::Everything) << "news alone are not everything";
}

TEST_F(Counting, MoreGapsThanWeKeepBecomeOne) {
  for (std::int64_t number = 2; number <= 1000; number += 2) hear({number}, number);
  EXPECT_LE(state.gaps.size(), 201u);
  EXPECT_EQ(state.gaps.front().first, 1);
  EXPECT_EQ(state.gaps.back().last, 999);
}

TEST_F(Counting, IsKeptAsAText) {
  hear({1}, 1);
  hear({5, 9}, 9);
  state = want(state, Recovery::Poll, now);
  const auto again = number_state_from(text_of(state));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(text_of(*again), text_of(state));
  EXPECT_EQ(again->gaps.size(), 2u);
  EXPECT_EQ(again->newest_at, state.newest_at);
  EXPECT_EQ(text_of(*number_state_from(text_of(NumberState{}))), text_of(NumberState{}));
  for (const char* broken :
       {"", "x", "1", "1 - sure 0", "1 - sure 9 2026-11-22T09:00:00Z", "1 - sure 0 2026-11-22T09:00:00Z 4"})
    EXPECT_FALSE(number_state_from(broken).has_value()) << broken;
}

// B5: doubled and shuffled, whatever came is known and whatever did not is a gap.
TEST_F(Counting, D2_10_AnyOrderWithRepeatsAndLossesEndsInTheSamePicture) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::int64_t> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    numbers.erase(numbers.begin() + 40, numbers.begin() + 45);  // 41 to 45 are lost
    for (int i = 0; i < 20; ++i) numbers.push_back(numbers[random() % numbers.size()]);
    std::ranges::shuffle(numbers, random);
    state = NumberState{.begun = true};
    for (const auto number : numbers) hear({number}, number);
    EXPECT_EQ(gaps(), "41-45 ") << seed;
    EXPECT_EQ(state.newest, 100);
    EXPECT_FALSE(state.suspect) << seed;
  }
}

}  // namespace
}  // namespace bhi::flow
