#include "care/measures.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

const MeasurePeriod k2026{"2026-01-01", "2026-12-31"};

ScreeningReport phq9(std::string_view id, double total, std::string_view authored) {
  ScreeningReport report = score_only("44261-6", total, authored, id);
  report.source.updated = "2027-01-01T00:00:00Z";
  return report;
}

Record record_of(std::vector<Change> changes, std::string_view birth_date = "1980-05-05") {
  Patient patient = patient_of("female");
  patient.birth_date = birth_date;
  changes.emplace_back(patient);
  return apply_all(changes).after;
}

Verdict judge(std::string_view id, const Record& record, std::vector<Fact> facts = {}) {
  const auto verdict = measure(id, record, facts, k2026);
  EXPECT_TRUE(verdict.ok());
  return verdict.ok() ? *verdict : Verdict{};
}

std::string told(const Verdict& verdict) {
  if (!verdict.population) return "out";
  if (!verdict.excluded.empty()) return "excluded: " + verdict.excluded;
  return verdict.numerator ? "met" : "not met";
}

// ---- CMS159 ---------------------------------------------------------------------------------------------------------

std::string cms159(double index, std::string_view index_on, double later, std::string_view later_on,
                   std::vector<Fact> more = {}, std::string_view birth_date = "1980-05-05") {
  std::vector<Fact> facts{{"encounter", std::string(index_on), ""}, {"depression", "2024-01-01", ""}};
  facts.insert(facts.end(), more.begin(), more.end());
  return told(judge("CMS159", record_of({phq9("a", index, index_on), phq9("b", later, later_on)}, birth_date), facts));
}

TEST(Cms159, IndexIsAboveNineFromFourteenToTwoMonthsBeforeThePeriod) {
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-03-10"), "met");
  EXPECT_EQ(cms159(9, "2025-03-10", 4, "2026-03-10"), "out");
  EXPECT_EQ(cms159(10, "2024-10-31", 4, "2025-11-01"), "out");
  EXPECT_EQ(cms159(10, "2024-11-01", 4, "2025-11-01"), "met");
  EXPECT_EQ(cms159(10, "2025-10-31", 4, "2026-10-31"), "met");
  EXPECT_EQ(cms159(10, "2025-11-01", 4, "2026-11-01"), "out");
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-03-10", {}, "2013-03-11"), "out") << "11 years old";
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-03-10", {}, "2013-03-10"), "met") << "12 on that day";
}

TEST(Cms159, RemissionIsBelowFiveWithinSixtyDays) {
  EXPECT_EQ(cms159(10, "2025-03-10", 5, "2026-03-10"), "not met");
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-01-09"), "met") << "60 days before";
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-01-08"), "not met");
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-05-09"), "met") << "60 days after";
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-05-10"), "not met");
}

TEST(Cms159, TheLastOfTheWindowDecidesAndTheFirstIndexIsTheIndex) {
  const std::vector<Fact> facts{
      {"encounter", "2025-03-10", ""}, {"encounter", "2025-06-10", ""}, {"depression", "2024-01-01", ""}};
  const Record record = record_of({phq9("a", 12, "2025-03-10"), phq9("b", 15, "2025-06-10"), phq9("c", 3, "2026-02-10"),
                                   phq9("d", 8, "2026-04-10")});
  const Verdict verdict = judge("CMS159", record, facts);
  EXPECT_EQ(told(verdict), "not met");
  EXPECT_EQ(verdict.reason, "PHQ-9 8 on 2026-04-10, within 12 months +/- 60 days of 2025-03-10");
}

TEST(Cms159, NeedsAnEncounterAndDepressionAndExcludesByName) {
  const Record record = record_of({phq9("a", 12, "2025-03-10"), phq9("b", 3, "2026-03-10")});
  EXPECT_EQ(told(judge("CMS159", record, {{"depression", "2024-01-01", ""}})), "out");
  EXPECT_EQ(told(judge("CMS159", record, {{"encounter", "2025-03-10", ""}})), "out");
  EXPECT_EQ(
      told(judge("CMS159", record, {{"encounter", "2025-03-10", ""}, {"depression", "2024-01-01", "2025-03-02"}})),
      "out");
  EXPECT_EQ(
      told(judge("CMS159", record, {{"encounter", "2025-03-10", ""}, {"depression", "2024-01-01", "2025-03-03"}})),
      "met");
  for (const std::string kind : {"hospice", "palliative", "death", "bipolar", "personality-disorder", "schizophrenia",
                                 "developmental-disorder"}) {
    EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-03-10", {{kind, "2026-01-01", ""}}), "excluded: " + kind);
  }
  EXPECT_EQ(cms159(10, "2025-03-10", 4, "2026-03-10", {{"hospice", "2026-06-01", ""}}), "met") << "after the window";
}

// ---- CMS2 -----------------------------------------------------------------------------------------------------------

TEST(Cms2, ScreeningCountsOnTheDayOrUpToFourteenDaysBefore) {
  const auto on = [](std::string_view screened, int score, std::vector<Fact> more = {}) {
    std::vector<Fact> facts{{"encounter", "2026-06-15", ""}};
    facts.insert(facts.end(), more.begin(), more.end());
    return told(judge("CMS2", record_of({phq9("a", score, screened)}), facts));
  };
  EXPECT_EQ(on("2026-06-15", 3), "met");
  EXPECT_EQ(on("2026-06-01", 3), "met");
  EXPECT_EQ(on("2026-05-31", 3), "not met");
  EXPECT_EQ(on("2026-06-16", 3), "not met");
  EXPECT_EQ(on("2026-06-15", 12), "not met") << "positive without follow-up";
  EXPECT_EQ(on("2026-06-15", 12, {{"referral", "2026-06-17", ""}}), "met");
  EXPECT_EQ(on("2026-06-15", 12, {{"referral", "2026-06-18", ""}}), "not met");
  EXPECT_EQ(on("2026-06-15", 12, {{"antidepressant", "2026-01-01", ""}}), "met") << "already taking one";
  EXPECT_EQ(on("2026-06-15", 12, {{"antidepressant", "2026-01-01", "2026-06-01"}}), "not met");
  EXPECT_EQ(on("2026-06-15", 12, {{"bipolar", "2020-01-01", ""}}), "excluded: bipolar");
  EXPECT_EQ(on("2026-01-01", 3, {{"screening-declined", "2026-06-15", "2026-06-15"}}), "excluded: screening-declined");
  EXPECT_EQ(on("2026-08-01", 3, {{"encounter", "2026-08-03", ""}}), "met") << "any encounter of the period";
}

// ---- DRR-E ----------------------------------------------------------------------------------------------------------

TEST(DrrE, RemissionOrHalfWithinFourToEightMonths) {
  const auto after = [](double score, std::string_view when) {
    return told(judge("DRR-E", record_of({phq9("a", 18, "2026-01-10"), phq9("b", score, when)})));
  };
  EXPECT_EQ(after(4, "2026-05-10"), "met");
  EXPECT_EQ(after(9, "2026-09-10"), "met") << "half";
  EXPECT_EQ(after(10, "2026-09-10"), "not met");
  EXPECT_EQ(after(4, "2026-05-09"), "not met") << "before four months";
  EXPECT_EQ(after(4, "2026-09-11"), "not met") << "after eight";
  EXPECT_EQ(told(judge("DRR-E", record_of({phq9("a", 9, "2026-01-10")}))), "out");
}

// ---- collaborative care ---------------------------------------------------------------------------------------------

std::vector<Change> enrolled(std::vector<Change> more) {
  more.emplace_back(act_of("a1", "enrol", "2026-03-02"));
  more.emplace_back(act_of("a2", "start-treatment", "2026-03-02"));
  return more;
}

TEST(CoCm, FollowUpWithinFourWeeks) {
  const auto next = [](std::string_view when) {
    return told(judge("CoCM-4wk", record_of(enrolled({contact_of("k1", "2026-03-03T15:00:00Z", 5),
                                                      contact_of("k2", std::string(when) + "T15:00:00Z", 5)}))));
  };
  EXPECT_EQ(next("2026-03-31"), "met");
  EXPECT_EQ(next("2026-04-01"), "not met");
  EXPECT_EQ(told(judge("CoCM-4wk", record_of(enrolled({})))), "out");
}

TEST(CoCm, ConsultationInWeeksEightToTwelveWithoutResponse) {
  const auto with = [](double at_week_8, std::string_view review) {
    return told(
        judge("CoCM-consult", record_of(enrolled({phq9("a", 16, "2026-03-01"), phq9("b", at_week_8, "2026-04-20"),
                                                  review_of("v1", review)}))));
  };
  EXPECT_EQ(with(14, "2026-04-27"), "met") << "first day of week 8";
  EXPECT_EQ(with(14, "2026-04-26"), "not met");
  EXPECT_EQ(with(14, "2026-05-31"), "met");
  EXPECT_EQ(with(14, "2026-06-01"), "not met");
  EXPECT_EQ(with(8, "2026-04-27"), "out") << "response by week 8";
}

TEST(CoCm, ImprovementWithinTwentyFourWeeks) {
  const auto with = [](double baseline, double last, std::string_view when) {
    return told(judge("CoCM-improve", record_of(enrolled({phq9("a", baseline, "2026-03-01"), phq9("b", last, when)}))));
  };
  EXPECT_EQ(with(24, 12, "2026-08-17"), "met") << "half, on the last day";
  EXPECT_EQ(with(24, 13, "2026-08-17"), "not met");
  EXPECT_EQ(with(11, 9, "2026-06-01"), "met") << "below 10";
  EXPECT_EQ(with(24, 12, "2026-08-18"), "out") << "no follow-up in time";
  EXPECT_EQ(with(9, 4, "2026-06-01"), "out");
}

// ---- all ------------------------------------------------------------------------------------------------------------

TEST(Measures, OfEveryRowEitherAVerdictOrAPlainNo) {
  EXPECT_EQ(measures().size(), 15U);
  for (const MeasureRow& row : measures()) {
    const auto verdict = measure(row.id, {}, {}, k2026);
    EXPECT_EQ(verdict.ok(), row.computed) << row.id;
    if (!verdict.ok()) {
      EXPECT_EQ(verdict.error().kind, Kind::Unsupported);
      continue;
    }
    EXPECT_FALSE(verdict->population) << row.id;
    EXPECT_FALSE(verdict->reason.empty()) << row.id << " says why";
    EXPECT_EQ(verdict->needs_review, row.needs_review);
  }
  EXPECT_EQ(measure("X", {}, {}, k2026).error().kind, Kind::NotFound);
  EXPECT_EQ(measure("CMS2", {}, {}, {"2026-12-31", "2026-01-01"}).error().kind, Kind::Incorrect);
}

TEST(Measures, SumsLeaveExclusionsOutOfTheDenominator) {
  Verdict met;
  met.population = true;
  met.numerator = true;
  Verdict excluded = met;
  excluded.excluded = "hospice";
  excluded.numerator = false;
  Verdict missed = met;
  missed.numerator = false;
  EXPECT_EQ(count(std::vector{met, met, excluded, missed, Verdict{}}), (MeasureCount{4, 1, 3, 2}));
}

}  // namespace
}  // namespace bhi::care::test
