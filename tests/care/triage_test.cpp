// C-SSRS screener and ASQ: every row of the triage tables, what is missing, what a sender states, what outlives a later
// low result.
#include "care/triage.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

struct Row {
  const char* instrument;
  std::vector<int> answers;  // kBlank: not answered
  const char* severity;
  std::optional<bool> positive;
  const char* safety;
  bool complete;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.instrument;
  for (const int answer : row.answers) *out << ' ' << answer;
}

class TriageRowTest : public testing::TestWithParam<Row> {};

ScreeningReport answers_of(const Row& row) {
  const Instrument& table = *find_instrument(row.instrument);
  ScreeningReport report = report_of(row.instrument, {});
  for (std::size_t k = 0; k < row.answers.size(); ++k) {
    ReportedItem item;
    item.codes = {item_code(table, table.items[k])};
    if (row.answers[k] != kBlank) item.answers = {answer_code(row.answers[k] == 1 ? "LA33-6" : "LA32-8")};
    report.items.push_back(item);
  }
  return report;
}

TEST_P(TriageRowTest, GivesItsLevel) {
  const Row& row = GetParam();
  const Screening screening = screening_of(answers_of(row));
  EXPECT_EQ(screening.severity, row.severity);
  EXPECT_EQ(screening.positive, row.positive);
  EXPECT_EQ(screening.complete, row.complete);
  EXPECT_FALSE(screening.total);
  ASSERT_EQ(screening.safety.size(), 1U);
  EXPECT_EQ(screening.safety[0].level, row.safety);
}

constexpr int B = kBlank;

INSTANTIATE_TEST_SUITE_P(
    Table, TriageRowTest,
    testing::Values(Row{"c-ssrs-screener", {0, 0, B, B, B, 0, B}, "none", false, "negative", true},
                    Row{"c-ssrs-screener", {1, 0, B, B, B, 0, B}, "low", true, "negative", true},
                    Row{"c-ssrs-screener", {0, 1, 0, 0, 0, 0, B}, "low", true, "negative", true},
                    Row{"c-ssrs-screener", {1, 1, 1, 0, 0, 0, B}, "moderate", true, "positive", true},
                    Row{"c-ssrs-screener", {0, 0, B, B, B, 1, 0}, "moderate", true, "positive", true},
                    Row{"c-ssrs-screener", {1, 1, 0, 1, 0, 0, B}, "high", true, "positive", true},
                    Row{"c-ssrs-screener", {1, 1, 0, 0, 1, 0, B}, "high", true, "positive", true},
                    Row{"c-ssrs-screener", {0, 0, B, B, B, 1, 1}, "high", true, "positive", true},
                    // Behavior in a lifetime, recent not known: at least moderate.
                    Row{"c-ssrs-screener", {0, 0, B, B, B, 1, B}, "moderate", true, "positive", false},
                    // Left after the second question.
                    Row{"c-ssrs-screener", {1, 1, B, B, B, B, B}, "low", true, "unknown", false},
                    Row{"c-ssrs-screener", {0, 0, B, B, B, B, B}, "", {}, "unknown", false},
                    Row{"c-ssrs-screener", {B, B, B, B, B, B, B}, "", {}, "unknown", false},
                    Row{"c-ssrs-screener", {1, 0, B, B, B, B, B}, "low", true, "unknown", false},
                    // Answered beside its gate: the answer counts.
                    Row{"c-ssrs-screener", {0, 0, B, B, 1, 0, B}, "high", true, "positive", true},
                    Row{"asq", {0, 0, 0, 0, B}, "negative", false, "negative", true},
                    Row{"asq", {1, 0, 0, 0, 0}, "non-acute-positive", true, "positive", true},
                    Row{"asq", {0, 0, 0, 1, 0}, "non-acute-positive", true, "positive", true},
                    Row{"asq", {0, 1, 0, 0, 1}, "acute-positive", true, "positive", true},
                    Row{"asq", {0, 0, 1, 0, 1}, "acute-positive", true, "positive", true},
                    Row{"asq", {0, 0, 1, 0, B}, "non-acute-positive", true, "positive", false},
                    Row{"asq", {0, 0, 0, B, B}, "", {}, "unknown", false},
                    Row{"asq", {0, 0, 0, 0, 1}, "acute-positive", true, "positive", true}));

TEST(Triage, ARefusedAskQuestionCountsAsAYes) {
  ScreeningReport report = answers_of({"asq", {0, 0, 0, 0, 0}, "", {}, "", true});
  report.items[2].answers = {answer_text("Refused")};
  EXPECT_EQ(screening_of(report).severity, "non-acute-positive");
  report.items[4].answers = {answer_text("Refused")};
  EXPECT_EQ(screening_of(report).safety[0].level, "positive");
}

TEST(Triage, AnUnreadableAnswerCallsSomebody) {
  ScreeningReport report = answers_of({"c-ssrs-screener", {0, 0, B, B, B, 0, B}, "", {}, "", true});
  report.items[1].answers = {answer_text("it depends")};
  const Applied applied = apply_all({report});
  EXPECT_EQ(applied.after.screenings[0].safety[0].level, "unknown");
  EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U);
}

TEST(Triage, WhatTheSenderStatesIsComparedAndTheWorseCallsSomebody) {
  ScreeningReport report = answers_of({"c-ssrs-screener", {0, 0, B, B, B, 0, B}, "", {}, "", true});
  report.items.push_back(coded("93374-7", {answer_code("LA9193-9", "High")}));
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.severity, "none");
  EXPECT_EQ(screening.safety[0].level, "positive");
  EXPECT_TRUE(says(screening.issues, "stated level differs"));
}

TEST(Triage, ALevelAloneUnderThePanelIsKept) {
  ScreeningReport report = report_of("c-ssrs-screener", {});
  report.items = {coded("93374-7", {answer_code("LA6751-7", "Moderate")})};
  const Applied applied = apply_all({report});
  ASSERT_EQ(applied.after.screenings.size(), 1U);
  EXPECT_EQ(applied.after.screenings[0].severity, "LA6751-7");
  EXPECT_EQ(applied.after.screenings[0].positive, true);
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "positive");

  report.items = {coded("93374-7", {answer_code("LA9194-7", "Low")})};
  EXPECT_TRUE(apply_all({report}).after.safety.empty());
}

TEST(Triage, ALevelOutsideOfAnyFormOfOursIsNeverSilent) {
  ScreeningReport report = report_of("c-ssrs-screener", {});
  report.codes = {loinc("12345-6")};
  report.items = {coded("93374-7", {answer_code("LA9193-9", "High")})};
  const Applied applied = apply_all({report});
  EXPECT_TRUE(applied.after.screenings.empty());
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U);
}

TEST(Triage, APositiveOutlivesALaterLowerFormAndArrivesLateAllTheSame) {
  ScreeningReport bad = answers_of({"c-ssrs-screener", {1, 1, 0, 0, 1, 0, B}, "", {}, "", true});
  bad.authored = "2026-11-20T10:00:00Z";
  ScreeningReport good = answers_of({"c-ssrs-screener", {0, 0, B, B, B, 0, B}, "", {}, "", true});
  good.id = "scr2";
  good.authored = "2026-11-21T10:00:00Z";
  good.source = ehr("scr2");
  const Applied in_order = apply_all({bad, good});
  const Applied late = apply_all({good, bad});
  EXPECT_EQ(in_order.after, late.after);
  ASSERT_EQ(late.after.safety.size(), 1U);
  EXPECT_EQ(late.after.safety[0].state, "open");
  EXPECT_EQ(late.after.safety[0].level, "positive");
  EXPECT_EQ(late.after.safety[0].note, "triaged high by item 5, tier 3");
  EXPECT_EQ(intents_of(late, Intent::Artifact::SafetyNotice).size(), 1U);
}

TEST(Triage, AWorseTierIsRaisedAgainAfterItWasAcknowledged) {
  const ScreeningReport moderate = answers_of({"c-ssrs-screener", {1, 1, 1, 0, 0, 0, B}, "", {}, "", true});
  const Applied first = apply_all({moderate});
  const Applied seen = apply_all({AcknowledgeSafety{first.after.safety[0].id, "nurse"}}, first.after);
  ScreeningReport high = answers_of({"c-ssrs-screener", {1, 1, 1, 1, 0, 0, B}, "", {}, "", true});
  high.source = ehr("scr1", "2026-11-20T11:00:00Z", "2");
  const Applied again = apply_all({high}, seen.after);
  EXPECT_EQ(again.after.safety[0].state, "open");
  EXPECT_EQ(intents_of(again, Intent::Artifact::SafetyNotice).size(), 1U);
}

}  // namespace
}  // namespace bhi::care::test
