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

TEST(Measures, OfEveryRowAVerdictAndAReason) {
  EXPECT_EQ(measures().size(), 22U);
  for (const MeasureRow& row : measures()) {
    const auto verdict = measure(row.id, {}, {}, k2026);
    ASSERT_TRUE(verdict.ok()) << row.id;
    EXPECT_TRUE(row.computed) << row.id;
    EXPECT_FALSE(verdict->population) << row.id;
    EXPECT_FALSE(verdict->reason.empty()) << row.id << " says why";
    EXPECT_EQ(verdict->needs_review, row.needs_review);
  }
  EXPECT_EQ(measure("X", {}, {}, k2026).error().kind, Kind::NotFound);
  EXPECT_EQ(measure("CMS2", {}, {}, {"2026-12-31", "2026-01-01"}).error().kind, Kind::Incorrect);
}

// ---- health plans ---------------------------------------------------------------------------------------------------

ScreeningReport total_of(std::string_view code, double total, std::string_view authored) {
  ScreeningReport report = score_only(code, total, authored, "t" + std::string(code) + std::string(authored));
  report.source.updated = "2027-01-01T00:00:00Z";
  return report;
}

constexpr std::string_view kPhq9 = "44261-6";
constexpr std::string_view kPhq9m = "89204-2";
constexpr std::string_view kPhq2 = "55758-7";
constexpr std::string_view kEpds = "99046-5";

TEST(DsfE, AScreeningFromJanuaryToDecemberFirstCounts) {
  const auto told_of = [](std::string_view on, std::string_view birth_date = "1980-05-05") {
    return told(judge("DSF-E", record_of({total_of(kPhq9, 4, on)}, birth_date)));
  };
  EXPECT_EQ(told_of("2026-01-01"), "met");
  EXPECT_EQ(told_of("2026-12-01"), "met");
  EXPECT_EQ(told_of("2026-12-02"), "not met");
  EXPECT_EQ(told_of("2025-12-31"), "not met");
  EXPECT_EQ(told_of("2026-03-01", "2014-01-01"), "met") << "12 on the first day";
  EXPECT_EQ(told_of("2026-03-01", "2014-01-02"), "out");
  EXPECT_EQ(told_of("2026-03-01", ""), "out") << "birth date not known";
}

TEST(DsfE, TheAdolescentFormCountsToSeventeen) {
  EXPECT_EQ(told(judge("DSF-E", record_of({total_of(kPhq9m, 4, "2026-03-01")}, "2008-03-02"))), "met");
  EXPECT_EQ(told(judge("DSF-E", record_of({total_of(kPhq9m, 4, "2026-03-01")}, "2008-03-01"))), "not met");
}

TEST(DsfE, ExclusionsLieBeforeThePeriodOrInIt) {
  const Record record = record_of({total_of(kPhq9, 4, "2026-03-01")});
  EXPECT_EQ(told(judge("DSF-E", record, {{"bipolar", "2010-01-01", ""}})), "excluded: bipolar");
  EXPECT_EQ(told(judge("DSF-E", record, {{"bipolar", "2026-01-01", ""}})), "met");
  EXPECT_EQ(told(judge("DSF-E", record, {{"depression", "2025-06-01", "2025-07-01"}})),
            "excluded: depression that began in the year before");
  EXPECT_EQ(told(judge("DSF-E", record, {{"depression", "2024-12-31", ""}})), "met");
  EXPECT_EQ(told(judge("DSF-E", record, {{"hospice", "2026-11-01", ""}})), "excluded: hospice");
  EXPECT_EQ(told(judge("DSF-E", record, {{"hospice", "2025-01-01", "2025-02-01"}})), "met");
}

TEST(DsfE, APositiveIsFollowedUpWithinThirtyDays) {
  const auto told_of = [](double total, std::vector<Fact> facts, std::string_view code = kPhq9) {
    return told(judge("DSF-E-follow-up", record_of({total_of(code, total, "2026-03-01")}), std::move(facts)));
  };
  EXPECT_EQ(told_of(9, {}), "out");
  EXPECT_EQ(told_of(10, {}), "not met");
  EXPECT_EQ(told_of(10, {{"follow-up", "2026-03-31", ""}}), "met");
  EXPECT_EQ(told_of(10, {{"follow-up", "2026-04-01", ""}}), "not met");
  EXPECT_EQ(told_of(10, {{"follow-up", "2026-02-28", ""}}), "not met");
  EXPECT_EQ(told_of(10, {{"antidepressant", "2026-03-15", ""}}), "met");
  EXPECT_EQ(told_of(10, {{"referral", "2026-03-05", ""}}), "not met") << "not among its kinds of follow-up";
  EXPECT_EQ(told_of(2, {}, kPhq2), "out");
  EXPECT_EQ(told_of(3, {}, kPhq2), "not met");
  EXPECT_EQ(told_of(10, {}, kEpds), "not met");
}

TEST(DsfE, TheWholeFormOnTheSameDayClosesABriefPositive) {
  const auto told_of = [](double whole, std::string_view on) {
    return told(judge("DSF-E-follow-up", record_of({total_of(kPhq2, 3, "2026-03-01"), total_of(kPhq9, whole, on)})));
  };
  EXPECT_EQ(told_of(9, "2026-03-01"), "met");
  EXPECT_EQ(told_of(9, "2026-03-02"), "not met");
  EXPECT_EQ(told_of(10, "2026-03-01"), "not met");
}

TEST(DsfE, AContactOfTheTeamIsCaseManagement) {
  const auto told_of = [](std::string_view on) {
    return told(judge("DSF-E-follow-up", record_of({total_of(kPhq9, 12, "2026-03-01"),
                                                    contact_of("k1", std::string(on) + "T10:00:00Z", 20)})));
  };
  EXPECT_EQ(told_of("2026-03-31"), "met");
  EXPECT_EQ(told_of("2026-04-01"), "not met");
}

TEST(DmsE, EveryFourMonthsWithAnEncounterNeedTheirScore) {
  const std::vector<Fact> facts{
      {"depression", "2025-01-01", ""}, {"encounter", "2026-04-30", ""}, {"encounter", "2026-05-01", ""}};
  const Record record = record_of({total_of(kPhq9, 12, "2026-01-01"), total_of(kPhq9, 12, "2026-09-01")});
  EXPECT_EQ(told(judge("DMS-E-1", record, facts)), "met");
  EXPECT_EQ(told(judge("DMS-E-2", record, facts)), "not met");
  EXPECT_EQ(told(judge("DMS-E-3", record, facts)), "out") << "no encounter";
  EXPECT_EQ(told(judge("NQF 0712", record, facts)), "not met");
  EXPECT_EQ(judge("NQF 0712", record, facts).reason,
            "PHQ-9 in 1 of 2 periods of four months with an encounter for depression");
  EXPECT_EQ(told(judge("DMS-E-1", record, {{"encounter", "2026-04-30", ""}})), "out") << "not for depression";
  EXPECT_TRUE(judge("DMS-E-1", record, facts).needs_review);
  auto bipolar = facts;
  bipolar.push_back({"bipolar", "2026-12-31", ""});
  EXPECT_EQ(told(judge("DMS-E-1", record, bipolar)), "excluded: bipolar");
}

TEST(Cms128, TreatmentIsContinuousForEightyFourAndForAHundredAndEightyDays) {
  const auto told_of = [](std::string_view id, std::string_view until, std::string_view born = "1980-05-05") {
    return told(judge(id, record_of({}, born),
                      {{"antidepressant", "2026-02-01", std::string(until)}, {"depression", "2026-01-15", ""}}));
  };
  EXPECT_EQ(told_of("CMS128-84", "2026-04-25"), "met") << "the 84th day";
  EXPECT_EQ(told_of("CMS128-84", "2026-04-24"), "not met");
  EXPECT_EQ(told_of("CMS128-180", "2026-07-30"), "met") << "the 180th day";
  EXPECT_EQ(told_of("CMS128-180", "2026-07-29"), "not met");
  EXPECT_EQ(told_of("CMS128-84", "2026-04-25", "2008-02-02"), "out") << "17 years old";
  EXPECT_EQ(told(judge("CMS128-84", record_of({}), {{"antidepressant", "2026-02-01", ""}})), "out") << "no depression";
  EXPECT_EQ(told(judge("CMS128-84", record_of({}),
                       {{"antidepressant", "2025-11-01", "2025-12-01"},
                        {"antidepressant", "2026-02-01", ""},
                        {"depression", "2026-01-15", ""}})),
            "out")
      << "treated before";
}

TEST(Births, AreScreenedBeforeAndFromOneToTwelveWeeksAfter) {
  const auto told_of = [](std::string_view id, std::string_view on, std::vector<Fact> more = {}) {
    std::vector<Fact> facts{{"delivery", "2026-06-15", ""}};
    facts.insert(facts.end(), more.begin(), more.end());
    return told(judge(id, record_of({total_of(kEpds, 4, on)}), facts));
  };
  EXPECT_EQ(told_of("PND-E", "2026-06-15"), "met");
  EXPECT_EQ(told_of("PND-E", "2025-09-08"), "met") << "280 days before";
  EXPECT_EQ(told_of("PND-E", "2025-09-07"), "not met");
  EXPECT_EQ(told_of("PND-E", "2025-09-08", {{"pregnancy", "2025-10-01", "2026-06-15"}}), "not met");
  EXPECT_EQ(told_of("PDS-E", "2026-06-21"), "not met");
  EXPECT_EQ(told_of("PDS-E", "2026-06-22"), "met");
  EXPECT_EQ(told_of("PDS-E", "2026-09-07"), "met");
  EXPECT_EQ(told_of("PDS-E", "2026-09-08"), "not met");
  EXPECT_EQ(told_of("PDS-E", "2026-06-22", {{"hospice", "2026-06-01", ""}}), "excluded: hospice");
  EXPECT_EQ(told(judge("PND-E", record_of({}))), "out");
}

// ---- registry and practice ------------------------------------------------------------------------------------------

TEST(Registry, TellsOfTheCaseloadWhoWasContactedImprovedReviewed) {
  const std::vector<Change> enrolled{act_of("a1", "identify", "2026-01-05"), act_of("a2", "enrol", "2026-01-10")};
  auto with = [&](std::vector<Change> more) {
    more.insert(more.begin(), enrolled.begin(), enrolled.end());
    return record_of(std::move(more));
  };
  EXPECT_EQ(told(judge("registry-contacted", record_of({}))), "out");
  EXPECT_EQ(told(judge("registry-contacted", with({}))), "not met");
  EXPECT_EQ(told(judge("registry-contacted", with({contact_of("k1", "2026-05-01T10:00:00Z", 20)}))), "met");
  EXPECT_EQ(told(judge("registry-contacted", with({contact_of("k1", "2025-05-01T10:00:00Z", 20)}))), "not met");
  EXPECT_EQ(told(judge("registry-contacted", with({act_of("a3", "drop", "2026-01-20")}))), "not met")
      << "on it for some days";
  EXPECT_EQ(told(judge("registry-consulted", with({review_of("r1", "2026-03-01")}))), "met");
  EXPECT_EQ(told(judge("registry-consulted", with({review_of("r1", "2026-03-01", false)}))), "not met");
  EXPECT_EQ(told(judge("registry-improved", with({phq9("a", 9, "2026-01-10")}))), "out");
  EXPECT_EQ(told(judge("registry-improved", with({phq9("a", 10, "2026-01-10")}))), "not met");
  EXPECT_EQ(told(judge("registry-improved", with({phq9("a", 24, "2026-01-10"), phq9("b", 12, "2026-12-31")}))), "met");
  EXPECT_EQ(told(judge("registry-improved", with({phq9("a", 24, "2026-01-10"), phq9("b", 13, "2026-12-31")}))),
            "not met");
}

TEST(AmaBaseline, IsAnAssessmentAroundTheEnrolment) {
  const auto told_of = [](std::string_view on) {
    return told(judge("AMA-baseline", record_of({act_of("a1", "identify", "2026-03-05"),
                                                 act_of("a2", "enrol", "2026-03-10"), total_of("70274-6", 3, on)})));
  };
  EXPECT_EQ(told_of("2026-02-08"), "met");
  EXPECT_EQ(told_of("2026-02-07"), "not met");
  EXPECT_EQ(told_of("2026-04-09"), "met");
  EXPECT_EQ(told_of("2026-04-10"), "not met");
  EXPECT_EQ(told(judge("AMA-baseline", record_of({}))), "out");
}

TEST(AmaBaseline, IndicatorsStandBesideWhatThePracticeWantsToReach) {
  Verdict met;
  met.measure = "registry-contacted";
  met.population = met.numerator = true;
  Verdict missed = met;
  missed.numerator = false;
  Baseline baseline;
  baseline.metrics = {{"m1", "registry-contacted", 40, 75, ""},
                      {"m2", "registry-contacted", 90, 75, ""},
                      {"m3", "registry-contacted", 40, {}, ""},
                      {"m4", "no-shows, counted by hand", 12, 5, ""}};
  const auto found = indicators(baseline, std::vector{met, met, met, missed});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].percent, 75);
  EXPECT_EQ(found[0].reached, true);
  EXPECT_EQ(found[0].why, "3 of 4");
  EXPECT_EQ(found[1].reached, true) << "downwards";
  EXPECT_EQ(found[2].reached, std::nullopt);
  EXPECT_EQ(found[3].percent, std::nullopt);
  EXPECT_EQ(found[3].why, "measured by the practice itself");
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
