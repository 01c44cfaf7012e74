#include "care/trend.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

Screening scored(std::string_view instrument, std::string_view on, int total, std::string_view id = "") {
  Screening screening;
  screening.id = id.empty() ? "s" + std::string(on) : std::string(id);
  screening.patient = "pat1";
  screening.instrument = instrument;
  screening.authored = on;
  screening.status = "completed";
  screening.items = {{1, "", "x", 0}};
  screening.total = total;
  screening.complete = true;
  return screening;
}

Screening stated(std::string_view instrument, std::string_view on, double total, std::string_view id) {
  Screening screening = scored(instrument, on, 0, id);
  screening.items.clear();
  screening.total.reset();
  screening.complete = false;
  screening.stated_total = total;
  return screening;
}

struct Scores {
  const char* instrument;
  std::vector<int> scores;  // every four weeks
  const char* flags;        // elevated, response, reached, remission, worsening, improved: their first letters
};

void PrintTo(const Scores& run, std::ostream* out) {
  *out << run.instrument;
  for (const int score : run.scores) *out << ' ' << score;
}

class ScoreRun : public testing::TestWithParam<Scores> {};

TEST_P(ScoreRun, IsReadByItsTargets) {
  const Scores& run = GetParam();
  const char* dates[] = {"2026-06-01", "2026-06-29", "2026-07-27", "2026-08-24"};
  std::vector<Screening> screenings;
  for (std::size_t i = 0; i < run.scores.size(); ++i)
    screenings.push_back(scored(run.instrument, dates[i], run.scores[i]));
  const Trend trend = trend_of(screenings, run.instrument, "2026-06-01", kNow);
  std::string flags;
  if (trend.elevated) flags += "e";
  if (trend.response) flags += "r";
  if (trend.reached) flags += "t";
  if (trend.remission) flags += "m";
  if (trend.worsening) flags += "w";
  if (trend.improved) flags += "i";
  EXPECT_EQ(flags, run.flags);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ScoreRun,
    testing::Values(Scores{"phq-9", {9}, ""}, Scores{"phq-9", {10}, "e"}, Scores{"phq-9", {10, 10}, "e"},
                    Scores{"phq-9", {20, 11}, "e"}, Scores{"phq-9", {20, 10}, "eri"}, Scores{"phq-9", {16, 9}, "eti"},
                    Scores{"phq-9", {18, 9}, "erti"}, Scores{"phq-9", {20, 5}, "erti"},
                    Scores{"phq-9", {20, 4}, "ertmi"}, Scores{"phq-9", {10, 15}, "ew"}, Scores{"phq-9", {10, 14}, "e"},
                    Scores{"phq-9", {14, 15}, "ew"}, Scores{"phq-9", {15, 19}, "e"}, Scores{"phq-9", {20, 24}, "e"},
                    Scores{"phq-9", {20, 25}, "ew"}, Scores{"phq-9", {4, 5}, "w"}, Scores{"phq-9", {20, 4, 5}, "ertwi"},
                    Scores{"phq-9", {9, 3}, ""}, Scores{"phq-9", {20, 12, 8, 4}, "ertmi"},
                    Scores{"phq-9m", {12, 6}, "erti"}, Scores{"gad-7", {10, 5}, "erti"},
                    Scores{"gad-7", {16, 8}, "erti"}, Scores{"gad-7", {10, 9}, "eti"}, Scores{"pcl-5", {50, 10}, ""}));

TEST(Trend, TellsBaselineLastPreviousAndChange) {
  const Trend trend = trend_of(std::vector{scored("phq-9", "2026-06-01", 20), scored("phq-9", "2026-07-01", 16),
                                           scored("phq-9", "2026-08-01", 12)},
                               "phq-9", "2026-06-01", kNow);
  EXPECT_EQ(trend.baseline->value, 20);
  EXPECT_EQ(trend.previous->value, 16);
  EXPECT_EQ(trend.last->value, 12);
  EXPECT_EQ(trend.change, -8);
  EXPECT_EQ(trend.percent, -40);
  EXPECT_EQ(trend.since_previous, -4);
  EXPECT_EQ(trend.last->severity, "moderate");
}

TEST(Trend, TheBaselineIsTheFirstAroundTheStartOfTreatment) {
  const std::vector<Screening> screenings{scored("phq-9", "2024-01-01", 4), scored("phq-9", "2026-05-10", 18),
                                          scored("phq-9", "2026-06-15", 14)};
  EXPECT_EQ(trend_of(screenings, "phq-9", "2026-06-01", kNow).baseline->value, 18);
  EXPECT_EQ(trend_of(screenings, "phq-9", "2026-06-14", kNow).baseline->value, 14);
  EXPECT_EQ(trend_of(screenings, "phq-9", "", kNow).baseline->value, 4);
  EXPECT_FALSE(trend_of(screenings, "phq-9", "2026-09-01", kNow).baseline);
}

TEST(Trend, AScoreOfAResponseIsNotASecondPoint) {
  const std::vector<Screening> screenings{
      scored("phq-9", "2026-06-01T10:00:00Z", 20, "response"), stated("phq-9", "2026-06-01T10:05:00Z", 20, "score"),
      stated("phq-9", "2026-07-01", 12, "alone"), stated("phq-9", "2026-07-01", 12, "again")};
  const Trend trend = trend_of(screenings, "phq-9", "", kNow);
  ASSERT_EQ(trend.points.size(), 2U);
  EXPECT_EQ(trend.points[0].id, "response");
  EXPECT_EQ(trend.points[1].value, 12);
}

TEST(Trend, WhatIsNotFinalImpossibleOrInTheFutureDoesNotCount) {
  std::vector<Screening> screenings{scored("phq-9", "2026-06-01", 20), scored("phq-9", "2027-06-01", 3),
                                    scored("phq-9", "2026-07-01", 1), stated("phq-9", "2026-08-01", 99, "x")};
  screenings[2].status = "entered-in-error";
  EXPECT_EQ(trend_of(screenings, "phq-9", "", kNow).points.size(), 1U);
}

TEST(Trend, LateDataTakesItsPlaceByDate) {
  std::vector<Screening> screenings{scored("phq-9", "2026-06-01", 20), scored("phq-9", "2026-07-01", 16),
                                    scored("phq-9", "2026-08-01", 12)};
  const Trend in_order = trend_of(screenings, "phq-9", "2026-06-01", kNow);
  std::ranges::reverse(screenings);
  EXPECT_EQ(trend_of(screenings, "phq-9", "2026-06-01", kNow), in_order);
}

TEST(Trend, AnInstrumentWithoutATargetIsNeverElevated) {
  const std::vector screenings{scored("who-5", "2026-06-01", 40), scored("phq-9", "2026-06-01", 20)};
  const Trend wellbeing = trend_of(screenings, "who-5", "", kNow);
  ASSERT_EQ(wellbeing.points.size(), 1U);
  EXPECT_FALSE(wellbeing.elevated) << "no target: higher is better there";
  EXPECT_TRUE(trend_of(screenings, "phq-9", "", kNow).elevated);
}

}  // namespace
}  // namespace bhi::care::test
