#include "care/scoring.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

// A report with this total, from as few high answers as it takes.
ScreeningReport with_total(std::string_view instrument, int total) {
  const Instrument& table = *find_instrument(instrument);
  ScreeningReport report = report_of(instrument, {});
  for (const InstrumentItem& item : table.items) {
    if (item.role != ItemRole::Scored) continue;
    const int value = std::min(total, item.max);
    total -= value;
    ReportedItem reported;
    reported.codes = {item_code(table, item)};
    reported.answers = {item.ordinal_only ? answer_ordinal(value) : answer_number(value)};
    report.items.push_back(reported);
  }
  EXPECT_EQ(total, 0);
  return report;
}

struct Edge {
  const char* instrument;
  int total;
  const char* severity;
  bool positive;
};

class BandEdge : public testing::TestWithParam<Edge> {};

TEST_P(BandEdge, GivesThePublishedSeverityAndCutOff) {
  const Edge& edge = GetParam();
  const Screening screening = screening_of(with_total(edge.instrument, edge.total), "female");
  EXPECT_EQ(screening.instrument, edge.instrument);
  EXPECT_TRUE(screening.complete);
  EXPECT_EQ(screening.total, edge.total);
  EXPECT_EQ(screening.severity, edge.severity);
  EXPECT_EQ(screening.positive, edge.positive);
}

INSTANTIATE_TEST_SUITE_P(
    Published, BandEdge,
    testing::Values(
        Edge{"phq-9", 0, "minimal", false}, Edge{"phq-9", 4, "minimal", false}, Edge{"phq-9", 5, "mild", false},
        Edge{"phq-9", 9, "mild", false}, Edge{"phq-9", 10, "moderate", true}, Edge{"phq-9", 14, "moderate", true},
        Edge{"phq-9", 15, "moderately-severe", true}, Edge{"phq-9", 19, "moderately-severe", true},
        Edge{"phq-9", 20, "severe", true}, Edge{"phq-9", 27, "severe", true}, Edge{"phq-2", 0, "negative", false},
        Edge{"phq-2", 2, "negative", false}, Edge{"phq-2", 3, "positive", true}, Edge{"phq-2", 6, "positive", true},
        Edge{"gad-7", 4, "minimal", false}, Edge{"gad-7", 5, "mild", false}, Edge{"gad-7", 9, "mild", false},
        Edge{"gad-7", 10, "moderate", true}, Edge{"gad-7", 14, "moderate", true}, Edge{"gad-7", 15, "severe", true},
        Edge{"gad-7", 21, "severe", true}, Edge{"audit-c", 2, "", false}, Edge{"audit-c", 3, "", true},
        Edge{"audit-c", 12, "", true}, Edge{"audit", 7, "low-risk", false}, Edge{"audit", 8, "hazardous", true},
        Edge{"audit", 15, "hazardous", true}, Edge{"audit", 16, "harmful", true}, Edge{"audit", 19, "harmful", true},
        Edge{"audit", 20, "possible-dependence", true}, Edge{"audit", 40, "possible-dependence", true},
        Edge{"dast-10", 0, "none", false}, Edge{"dast-10", 1, "low", false}, Edge{"dast-10", 2, "low", false},
        Edge{"dast-10", 3, "moderate", true}, Edge{"dast-10", 5, "moderate", true},
        Edge{"dast-10", 6, "substantial", true}, Edge{"dast-10", 8, "substantial", true},
        Edge{"dast-10", 9, "severe", true}, Edge{"dast-10", 10, "severe", true}));

TEST(Scoring, AuditCIsPositiveFromFourForMenAndFromThreeForEverybodyElse) {
  const ScreeningReport three = report_of("audit-c", {2, 1, 0});
  EXPECT_EQ(screening_of(three, "male").positive, false);
  EXPECT_EQ(screening_of(three, "female").positive, true);
  EXPECT_FALSE(says(screening_of(three, "female").issues, "sex not known"));
  for (const char* gender : {"", "other", "unknown"}) {
    const Screening screening = screening_of(three, gender);
    EXPECT_EQ(screening.positive, true) << gender;
    EXPECT_TRUE(says(screening.issues, "sex not known")) << gender;
  }
  EXPECT_EQ(screening_of(report_of("audit-c", {2, 1, 1}), "male").positive, true);
}

TEST(Scoring, AuditCPointsFromItemOneAloneAskForAReviewOfTheIntake) {
  EXPECT_TRUE(says(screening_of(report_of("audit-c", {4, 0, 0}), "male").issues, "all points come from item 1"));
  EXPECT_FALSE(says(screening_of(report_of("audit-c", {3, 1, 0}), "male").issues, "all points come from item 1"));
}

TEST(Scoring, TheFormsOrdinalWinsOverTheLoincAnswersScore) {
  ScreeningReport report = report_of("phq-2", {0, 0});
  report.items[0].answers = {answer_code("LA6568-5", "Not at all")};
  report.items[0].answers[0].ordinal = 2;
  EXPECT_EQ(screening_of(report).total, 2);
}

TEST(Scoring, AnswersAreReadFromCodesLabelsAndNumbers) {
  ScreeningReport report = report_of("gad-7", {0, 0, 0, 0, 0, 0, 0});
  report.items[0].answers = {answer_code("LA6571-9")};
  report.items[1].answers = {answer_local("Several-days", "Several days")};
  report.items[2].answers = {answer_local("More than half the days", "")};
  report.items[3].answers = {answer_text(" nearly EVERY day ")};
  report.items[4].answers = {answer_text("2")};
  report.items[5].answers = {answer_local("1", "")};
  report.items[6].answers = {answer_number(3)};
  const Screening screening = screening_of(report);
  std::vector<std::optional<int>> scores;
  for (const ScreeningItem& item : screening.items) scores.push_back(item.score);
  EXPECT_EQ(scores, (std::vector<std::optional<int>>{3, 1, 2, 3, 2, 1, 3}));
  EXPECT_EQ(screening.total, 15);
  EXPECT_TRUE(screening.issues.empty());
}

TEST(Scoring, ALaCodeOfAnotherSystemIsNotALoincAnswer) {
  ScreeningReport report = report_of("phq-2", {0, 0});
  report.items[0].answers = {answer_local("LA6571-9", "something")};
  const Screening screening = screening_of(report);
  EXPECT_FALSE(screening.total);
  EXPECT_TRUE(says(screening.issues, "item 1: answered with a code of another system, not one of its options"));
}

TEST(Scoring, ATotalNeedsEveryScoredItem) {
  const Screening screening = screening_of(report_of("phq-9", {1, 1, 1, 1, kBlank, 1, 1, 1, 0}));
  EXPECT_FALSE(screening.total);
  EXPECT_FALSE(screening.complete);
  EXPECT_EQ(screening.severity, "");
  EXPECT_FALSE(screening.positive);
  EXPECT_EQ(screening.items.size(), 9U);
  EXPECT_TRUE(says(screening.issues, "item 5 missing, total not computed"));
}

TEST(Scoring, MoreThanOneMissingItemIsNamed) {
  EXPECT_TRUE(
      says(screening_of(report_of("phq-9", {1, 1, kBlank, 1, kBlank})).issues, "items 3, 5, 6, 7, 8, 9 missing"));
}

TEST(Scoring, TheDifficultyItemIsNeverAdded) {
  ScreeningReport report = report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0});
  report.items.push_back(coded("69722-7", {answer_code("LA6574-3")}));
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.total, 8);
  EXPECT_EQ(screening.items.size(), 9U);
  EXPECT_TRUE(screening.issues.empty());
}

TEST(Scoring, ADifficultyItemAnsweredWithAFrequencyIsNamed) {
  ScreeningReport report = report_of("phq-9", {0, 1, 1, 1, 0, 0, 0, 0, 0});
  ReportedItem difficulty = coded("44256-6", {answer_code("LA6568-5", "Not at all")});
  difficulty.text = "If you checked off any problems, how difficult have these problems made it for you?";
  report.items.push_back(difficulty);
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.total, 3);
  EXPECT_TRUE(says(screening.issues, "difficulty item: answered with LA6568-5 (not at all), not one of its options"));
}

TEST(Scoring, AnAnswerThatTheFormDoesNotOfferIsNamed) {
  ScreeningReport report = report_of("phq-2", {1, 1});
  report.items[1].option_known = false;
  const Screening screening = screening_of(report);
  ASSERT_TRUE(says(screening.issues, "item 2: answered with 1, not one of the form's options"));
  EXPECT_EQ(screening.issues[0].path, "Screening/scr1.items[1]");
  EXPECT_EQ(screening.total, 2);
}

TEST(Scoring, AContradictingStatedTotalIsKeptAndSaid) {
  ScreeningReport report = report_of("phq-9", {0, 0, 0, 1, 2, 1, 3, 2, 1});
  report.items.push_back(total_item("44261-6", 13));
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.total, 10);
  EXPECT_EQ(screening.stated_total, 13);
  EXPECT_EQ(screening.severity, "moderate");
  ASSERT_EQ(screening.issues.size(), 1U);
  EXPECT_EQ(screening.issues[0].severity, Severity::Warning);
  EXPECT_EQ(screening.issues[0].code, "business-rule");
  EXPECT_EQ(screening.issues[0].text, "stated total differs: 13 stated, 10 computed; both kept");
}

TEST(Scoring, AnEqualStatedTotalIsNoIssue) {
  ScreeningReport report = report_of("phq-9", {2, 2, 2, 2, 1, 1, 2, 0, 0});
  report.items.push_back(total_item("44261-6", 12));
  EXPECT_TRUE(screening_of(report).issues.empty());
}

TEST(Scoring, OutOfRangeAndBrokenNumbersGiveNoScore) {
  for (const double number : {4.0, -1.0, 1.5, 1e9}) {
    const ScreeningReport report = [&] {
      ScreeningReport r = report_of("phq-2", {1, 1});
      r.items[0].answers = {answer_number(number)};
      return r;
    }();
    const Screening screening = screening_of(report);
    EXPECT_FALSE(screening.total) << number;
    EXPECT_TRUE(says(screening.issues, "item 1: expected")) << number;
    EXPECT_TRUE(says(screening.issues, "item 1 without a score, total not computed")) << number;
  }
}

TEST(Scoring, AnItemAnsweredTwiceAndDifferentlyIsNotScored) {
  ScreeningReport report = report_of("phq-2", {1, 1});
  report.items[0].answers = {answer_number(1), answer_number(3)};
  const Screening differently = screening_of(report);
  EXPECT_FALSE(differently.total);
  EXPECT_TRUE(says(differently.issues, "item 1: answered 2 times and differently"));
  report.items[0].answers = {answer_number(1), answer_number(1)};
  const Screening alike = screening_of(report);
  EXPECT_EQ(alike.total, 2);
  EXPECT_TRUE(says(alike.issues, "answered 2 times, always alike"));
}

TEST(Scoring, OnlyFinalStatusesGiveATotal) {
  for (const char* status : {"in-progress", "stopped", "entered-in-error"}) {
    ScreeningReport report = report_of("phq-9", {3, 3, 3, 3, 3, 3, 3, 3, 0});
    report.status = status;
    const Screening screening = screening_of(report);
    EXPECT_FALSE(screening.total) << status;
    EXPECT_FALSE(screening.complete) << status;
    EXPECT_FALSE(screening.positive) << status;
    EXPECT_EQ(screening.severity, "") << status;
    EXPECT_EQ(screening.items.size(), 9U) << status;
  }
  ScreeningReport amended = report_of("phq-9", {3, 3, 3, 3, 3, 3, 3, 3, 0});
  amended.status = "amended";
  EXPECT_EQ(screening_of(amended).total, 24);
}

TEST(Scoring, StatusesOfObservationsAreReadAsThoseOfResponses) {
  const auto status_of = [](const char* stated) {
    ScreeningReport report = score_only("70274-6", 12);
    report.status = stated;
    return screening_of(report).status;
  };
  EXPECT_EQ(status_of("final"), "completed");
  EXPECT_EQ(status_of("corrected"), "amended");
  EXPECT_EQ(status_of("amended"), "amended");
  EXPECT_EQ(status_of("preliminary"), "in-progress");
  EXPECT_EQ(status_of("cancelled"), "stopped");
  EXPECT_EQ(status_of("entered-in-error"), "entered-in-error");
  ScreeningReport report = score_only("70274-6", 12);
  report.status = "final";
  EXPECT_EQ(screening_of(report).positive, true);
}

TEST(Scoring, MessagesShowOurLabelsNotTheSendersTexts) {
  ScreeningReport report = report_of("phq-2", {1, 1});
  report.items[0].answers = {answer_code("LA33-6", "Jane said yes")};
  const Screening screening = screening_of(report);
  EXPECT_TRUE(says(screening.issues, "item 1: answered with LA33-6 (yes), not one of its options"));
  EXPECT_FALSE(says(screening.issues, "Jane"));
}

TEST(Scoring, AScoreAloneKeepsWhatIsStatedAndIsNeverComplete) {
  const Screening screening = screening_of(score_only("44261-6", 13));
  EXPECT_EQ(screening.instrument, "phq-9");
  EXPECT_TRUE(screening.items.empty());
  EXPECT_FALSE(screening.total);
  EXPECT_EQ(screening.stated_total, 13);
  EXPECT_FALSE(screening.complete);
  EXPECT_EQ(screening.severity, "moderate");
  EXPECT_EQ(screening.positive, true);
}

TEST(Scoring, AScoreAloneThatIsOutOfRangeHasNoBand) {
  const Screening screening = screening_of(score_only("70274-6", 22));
  EXPECT_EQ(screening.stated_total, 22);
  EXPECT_EQ(screening.severity, "");
  EXPECT_FALSE(screening.positive);
  EXPECT_TRUE(says(screening.issues, "expected a total from 0 to 21, found 22"));
}

TEST(Scoring, AStatedTotalBesideMissingAnswersCanShowAPositiveButNoNegative) {
  ScreeningReport report = report_of("gad-7", {3, 3, 3, kBlank, 0, 0, 0});
  report.items.push_back(total_item("70274-6", 9));
  EXPECT_FALSE(screening_of(report).positive);
  EXPECT_EQ(screening_of(report).severity, "");
  report.items.back() = total_item("70274-6", 11);
  EXPECT_EQ(screening_of(report).positive, true);
  EXPECT_EQ(screening_of(report).severity, "moderate");
}

TEST(Scoring, DastItemThreeNeedsTheFormsOwnScore) {
  ScreeningReport report = report_of("dast-10", {1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  report.items[2].answers = {answer_code("LA32-8", "No")};
  const Screening without = screening_of(report);
  EXPECT_FALSE(without.total);
  EXPECT_TRUE(says(without.issues, "item 3: what counts depends on the form's wording"));
  report.items[2].answers[0].ordinal = 1;
  EXPECT_EQ(screening_of(report).total, 2);
}

}  // namespace
}  // namespace bhi::care::test
