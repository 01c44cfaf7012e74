// Changes to a record: what is merged, which scores are written, that the order of arrival makes no difference.
#include "care/apply.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bhi::care::test {
namespace {

ScreeningReport posted(ScreeningReport report) {
  report.source = {"bhi", "", "", "", ""};
  return report;
}

// ---- merge ----------------------------------------------------------------------------------------------------------

TEST(Apply, ANewEntityIsTouchedOnceAndASecondTimeNotAtAll) {
  const std::vector<Change> changes{patient_of("female"),
                                    plan_of(),
                                    report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 1}),
                                    therapy_of("med1", "Sertraline 50 MG", "2026-11-01T00:00:00Z", "2026-11-01"),
                                    score_only("70274-6", 12),
                                    Episode{"ep1", "pat1", ehr("e1"), "active", "2026-01-01", "", ""}};
  const Applied first = apply_all(changes);
  EXPECT_EQ(first.touched.size(), 7U) << "six entities and a safety event";
  EXPECT_FALSE(first.intents.empty());
  const Applied second = apply_all(changes, first.after);
  EXPECT_EQ(second.after, first.after);
  EXPECT_TRUE(second.touched.empty());
  EXPECT_TRUE(second.intents.empty());
}

TEST(Apply, OlderVersionsDoNotOverwrite) {
  const auto now_stopped = [] {
    MedicationTherapy t = therapy_of("med1", "Sertraline 50 MG", "2026-11-05T00:00:00Z", "2026-11-01");
    t.status = "stopped";
    return t;
  }();
  const MedicationTherapy before = therapy_of("med1", "Sertraline 50 MG", "2026-11-01T00:00:00Z", "2026-11-01");
  for (const auto& order : {std::vector<Change>{now_stopped, before}, std::vector<Change>{before, now_stopped}}) {
    const Applied applied = apply_all(order);
    ASSERT_EQ(applied.after.medications.size(), 1U);
    EXPECT_EQ(applied.after.medications[0].status, "stopped");
  }
}

TEST(Apply, VersionsDecideWhenTheTimesAreEqual) {
  MedicationTherapy ninth = therapy_of("med1", "a", "", "2026-11-01");
  ninth.source.version = "9";
  MedicationTherapy tenth = ninth;
  tenth.source.version = "10";
  tenth.text = "b";
  EXPECT_EQ(apply_all({tenth, ninth}).after.medications[0].text, "b");
}

TEST(Apply, TheSameVersionReadDifferentlyReplaces) {
  ScreeningReport without_form = report_of("phq-2", {1, 1});
  without_form.items.pop_back();
  const Applied first = apply_all({without_form});
  EXPECT_FALSE(first.after.screenings[0].total);
  const Applied second = apply_all({report_of("phq-2", {1, 1})}, first.after);
  EXPECT_EQ(second.after.screenings[0].total, 2);
}

TEST(Apply, ScreeningsStandInTheOrderOfTheirTimeThenId) {
  const Applied applied =
      apply_all({report_of("phq-2", {1, 1}, "2026-11-20T09:00:00-05:00", "b"),
                 report_of("phq-2", {1, 1}, "2026-11-20T13:00:00Z", "c"),
                 report_of("phq-2", {1, 1}, "2026-11-20T14:00:00Z", "a"), report_of("phq-2", {1, 1}, "", "z")});
  std::vector<std::string> ids;
  for (const Screening& screening : applied.after.screenings) ids.push_back(screening.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"z", "c", "a", "b"}));
}

TEST(Apply, SeveralInstrumentsInOneReportAreSeveralScreenings) {
  ScreeningReport report = report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0});
  const ScreeningReport other = report_of("gad-7", {1, 1, 1, 1, 1, 1, 1});
  report.items.insert(report.items.end(), other.items.begin(), other.items.end());
  const Applied applied = apply_all({report});
  ASSERT_EQ(applied.after.screenings.size(), 2U);
  EXPECT_EQ(applied.after.screenings[0].id, "scr1");
  EXPECT_EQ(applied.after.screenings[0].instrument, "phq-9");
  EXPECT_EQ(applied.after.screenings[1].id, "scr1-gad-7");
  EXPECT_EQ(applied.after.screenings[1].total, 7);
  EXPECT_EQ(intents_of(applied, Intent::Artifact::ScreeningResult).size(), 2U);

  ScreeningReport less = report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0});
  less.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  const Applied fewer = apply_all({less}, applied.after);
  EXPECT_EQ(fewer.after.screenings[1].status, "entered-in-error") << "its answers are gone from the response";
}

TEST(Apply, WhatIsNotOursIsLeftAndNamed) {
  const Applied applied = apply_all({score_only("72106-8", 28)});
  EXPECT_EQ(applied.left, std::vector<std::string>{"obs1"});
  ASSERT_EQ(applied.issues.size(), 1U);
  EXPECT_EQ(applied.issues[0].path, "Screening/obs1");
  EXPECT_TRUE(applied.touched.empty());
}

TEST(Apply, IssuesAreOfTheChangesWithTheirPaths) {
  const Applied applied =
      apply_all({report_of("phq-9", {1, 1}), therapy_of("med1", "bupropion", "2026-11-01T00:00:00Z", "2026-11-01")});
  ASSERT_FALSE(applied.issues.empty());
  EXPECT_EQ(applied.issues[0].path, "Screening/scr1");
}

TEST(Apply, AGenderThatArrivesLaterDecidesAuditCAgain) {
  const ScreeningReport three = report_of("audit-c", {2, 1, 0});
  const Applied first = apply_all({three});
  EXPECT_EQ(first.after.screenings[0].positive, true);
  const Applied second = apply_all({patient_of("male")}, first.after);
  EXPECT_EQ(second.after.screenings[0].positive, false);
  EXPECT_EQ(second.touched.size(), 2U);
  EXPECT_EQ(second.after, apply_all({patient_of("male"), three}).after);
}

// ---- scores to write ------------------------------------------------------------------------------------------------

TEST(ScoreIntents, ACompleteResponseOfTheEhrIsWrittenAsScore) {
  const Applied applied = apply_all({report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0})});
  ASSERT_EQ(applied.intents.size(), 1U);
  EXPECT_EQ(applied.intents[0],
            (Intent{Intent::Artifact::ScreeningResult, "scr1", "PHQ-9 scored from response", false, false}));
  EXPECT_TRUE(apply_all({report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0})}, {}, {.write_scores_of_ehr_responses = false})
                  .intents.empty());
}

TEST(ScoreIntents, AnIncompleteResponseOfTheEhrIsNotWritten) {
  EXPECT_TRUE(apply_all({report_of("gad-7", {1, 1, 1, kBlank, 1, 1, 1})}).intents.empty());
}

TEST(ScoreIntents, AScoreObservationOfTheEhrNeverCausesAWrite) {
  EXPECT_TRUE(apply_all({score_only("70274-6", 12)}).intents.empty());
}

TEST(ScoreIntents, AScoreThatTheEhrAlreadyHasIsNotWrittenAgain) {
  const ScreeningReport response = report_of("gad-7", {1, 1, 1, 1, 1, 1, 1});
  ScreeningReport by_reference = score_only("70274-6", 7, "2026-11-21");
  by_reference.derived_from = {{"main-ehr", "QuestionnaireResponse", "scr1", "", ""}};
  EXPECT_TRUE(apply_all({by_reference, response}).intents.empty());
  EXPECT_TRUE(apply_all({score_only("70274-6", 7, "2026-11-20T05:00:00-05:00"), response}).intents.empty())
      << "same time";
  EXPECT_TRUE(apply_all({score_only("70274-6", 7, "2026-11-20"), response}).intents.empty()) << "same date";
  EXPECT_EQ(apply_all({score_only("70274-6", 7, "2026-11-19"), response}).intents.size(), 1U);
  EXPECT_EQ(apply_all({score_only("44261-6", 7, "2026-11-20"), response}).intents.size(), 1U) << "another instrument";
}

TEST(ScoreIntents, WhatTheBhiSidePostsIsWritten) {
  const Applied applied = apply_all({posted(report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0}))});
  ASSERT_EQ(applied.intents.size(), 1U);
  EXPECT_EQ(applied.intents[0].reason, "PHQ-9 done at the BHI side");
  EXPECT_TRUE(apply_all({posted(report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0}))}, applied.after).intents.empty());
}

TEST(ScoreIntents, SubstanceUseIsMarked) {
  EXPECT_TRUE(apply_all({posted(report_of("audit-c", {1, 1, 1}))}).intents.at(0).substance_use);
  EXPECT_TRUE(apply_all({posted(report_of("audit", {1, 1, 1, 0, 0, 0, 0, 0}))}).intents.at(0).substance_use);
  EXPECT_FALSE(apply_all({posted(report_of("gad-7", {1, 1, 1, 1, 1, 1, 1}))}).intents.at(0).substance_use);
}

TEST(ScoreIntents, AChangedScoreIsWrittenAgainAndAWithdrawnOneToo) {
  const Applied first = apply_all({report_of("gad-7", {1, 1, 1, 1, 1, 1, 1})});
  ScreeningReport amended = report_of("gad-7", {2, 1, 1, 1, 1, 1, 1});
  amended.status = "amended";
  amended.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  const Applied second = apply_all({amended}, first.after);
  EXPECT_EQ(second.intents.size(), 1U);
  ScreeningReport touched = amended;
  touched.source = ehr("scr1", "2026-11-21T01:00:00Z", "3");
  EXPECT_TRUE(apply_all({touched}, second.after).intents.empty()) << "only its version changed";
  ScreeningReport wrong = amended;
  wrong.status = "entered-in-error";
  wrong.source = ehr("scr1", "2026-11-21T02:00:00Z", "4");
  const Applied third = apply_all({wrong}, second.after);
  ASSERT_EQ(third.intents.size(), 1U);
  EXPECT_EQ(third.intents[0].reason, "GAD-7: its response was entered in error");
}

// ---- order of arrival -----------------------------------------------------------------------------------------------

std::string words_of(const std::vector<SafetyEvent>& events) {
  std::string text;
  for (const SafetyEvent& event : events) {
    text +=
        event.derived_from + " " + event.occurred + " " + event.level + " " + event.state + ": " + event.note + "\n";
  }
  return text;
}

std::vector<Change> five_years(std::mt19937& random) {
  std::vector<Change> changes{patient_of("male")};
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  const auto day = [&](int offset) {
    return to_text(
        std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(kNow) - std::chrono::days{offset}});
  };
  for (int i = 0; i < 12; ++i) {
    const std::string id = "s" + std::to_string(i);
    const std::string authored = day(pick(30)) + "T1" + std::to_string(pick(10)) + ":00:00Z";
    const auto nine = [&] { return report_of("phq-9", {pick(4), 1, 1, 1, 1, 1, 1, 1, pick(3) - 1}, authored, id); };
    switch (pick(4)) {
      case 0: changes.emplace_back(score_only("44261-6", pick(27), authored, id)); break;
      case 1: changes.emplace_back(report_of("audit-c", {pick(5), pick(5), pick(5)}, authored, id)); break;
      default: {
        const int versions = 1 + pick(3);
        for (int v = 1; v <= versions; ++v) {
          ScreeningReport report = nine();
          report.source = ehr(id, day(3) + "T00:0" + std::to_string(v) + ":00Z", std::to_string(v));
          report.status = std::vector<std::string>{"completed", "in-progress", "amended", "entered-in-error"}[pick(4)];
          changes.emplace_back(report);
        }
      }
    }
  }
  for (int v = 1; v <= 3; ++v) {
    CarePlan plan = plan_of("plan1", "2026-0" + std::to_string(v) + "-01T00:00:00Z");
    plan.source.version = std::to_string(v);
    plan.title = "version " + std::to_string(v);
    plan.status = pick(4) == 0 ? "on-hold" : "active";
    changes.emplace_back(plan);
    MedicationTherapy therapy =
        therapy_of("med1", "Sertraline", "2026-0" + std::to_string(v) + "-01T00:00:00Z", "2026-01-01");
    therapy.dose.value = 50.0 * v;
    changes.emplace_back(therapy);
    changes.emplace_back(Episode{"ep1", "pat1", ehr("e1", day(v)), "active", day(v), "", ""});
  }
  return changes;
}

TEST(Order, OfArrivalDoesNotChangeTheFinalRecord) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::vector<Change> changes = five_years(random);
    const Record expected = apply_all(changes).after;
    for (int shuffle = 0; shuffle < 3; ++shuffle) {
      std::ranges::shuffle(changes, random);
      Record record;
      for (const Change& change : changes) record = apply(std::move(record), std::span(&change, 1), {}, kNow).after;
      ASSERT_EQ(record.screenings, expected.screenings) << "seed " << seed;
      ASSERT_EQ(words_of(record.safety), words_of(expected.safety)) << "seed " << seed;
      ASSERT_EQ(record.plans, expected.plans) << "seed " << seed;
      ASSERT_EQ(record, expected) << "seed " << seed;
    }
    const Applied again = apply_all(changes, expected);
    ASSERT_EQ(again.after, expected) << "seed " << seed;
    ASSERT_TRUE(again.touched.empty()) << "seed " << seed;
    ASSERT_TRUE(again.intents.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bhi::care::test
