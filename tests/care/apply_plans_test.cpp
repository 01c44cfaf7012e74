// What screenings, the EHR and the BHI side do to care plans.
#include "care/apply.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

TEST(Plans, AScreeningMovesTheReviewDateAndKeepsItsActivity) {
  const Applied first = apply_all({plan_of()});
  EXPECT_EQ(first.after.plans[0].review_date, "");
  EXPECT_TRUE(first.intents.empty());

  const Applied second = apply_all({report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})}, first.after);
  const CarePlan& plan = second.after.plans[0];
  EXPECT_EQ(plan.review_date, "2026-12-18");
  ASSERT_EQ(plan.activities.size(), 1U);
  EXPECT_EQ(plan.activities[0].kind, "plan-review");
  EXPECT_EQ(plan.activities[0].status, "scheduled");
  EXPECT_EQ(plan.activities[0].scheduled, "2026-12-18");
  ASSERT_EQ(intents_of(second, Intent::Artifact::CarePlanUpdate).size(), 1U);
  EXPECT_EQ(intents_of(second, Intent::Artifact::CarePlanUpdate)[0].id, "plan1");

  const Applied third =
      apply_all({report_of("phq-9", {3, 3, 3, 3, 0, 0, 0, 0, 0}, "2026-11-21T08:00:00Z", "scr2")}, second.after);
  EXPECT_EQ(third.after.plans[0].review_date, "2026-12-05") << "14 days after a positive one";
  EXPECT_EQ(third.after.plans[0].activities.size(), 1U);
}

TEST(Plans, TheActivityNamesNoInstrument) {
  const Applied applied = apply_all({plan_of(), report_of("audit-c", {4, 4, 4})});
  ASSERT_EQ(applied.after.plans[0].activities.size(), 1U);
  EXPECT_EQ(applied.after.plans[0].activities[0].description,
            "Plan review 2026-12-04, after the screening of 2026-11-20");
}

TEST(Plans, AScreeningLoadedLateDoesNotMoveTheDateBack) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  const Applied second =
      apply_all({report_of("phq-9", {3, 3, 3, 3, 3, 3, 3, 3, 0}, "2026-02-01T08:00:00Z", "scr0")}, first.after);
  EXPECT_EQ(second.after.plans, first.after.plans);
  EXPECT_TRUE(intents_of(second, Intent::Artifact::CarePlanUpdate).empty());
}

TEST(Plans, OnlyActiveBehavioralPlansAreReviewed) {
  CarePlan foreign = plan_of();
  foreign.behavioral = false;
  CarePlan done = plan_of("plan2");
  done.status = "completed";
  const Applied applied = apply_all({foreign, done, report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  EXPECT_EQ(applied.after.plans[0].review_date, "");
  EXPECT_EQ(applied.after.plans[1].review_date, "");
  EXPECT_TRUE(intents_of(applied, Intent::Artifact::CarePlanUpdate).empty());
}

TEST(Plans, UnfinishedScreeningsAndFutureDatesMoveNothing) {
  ScreeningReport draft = report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0});
  draft.status = "in-progress";
  EXPECT_EQ(apply_all({plan_of(), draft}).after.plans[0].review_date, "");
  EXPECT_EQ(apply_all({plan_of(), report_of("gad-7", {1, 1, 1, kBlank, 1, 1, 1})}).after.plans[0].review_date, "");
  EXPECT_EQ(apply_all({plan_of(), report_of("phq-2", {1, 1}, "2062-11-20")}).after.plans[0].review_date, "");
}

TEST(Plans, ADateSetByHandStandsUntilANewerScreening) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  patched.review_date = "2027-01-15";
  const Applied second = apply_all({patched}, first.after);
  EXPECT_EQ(second.after.plans[0].review_date, "2027-01-15");
  EXPECT_EQ(second.after.plans[0].activities.at(0).scheduled, "2027-01-15");
  EXPECT_EQ(second.after.plans[0].source, first.after.plans[0].source) << "it stays the EHR's plan";
  EXPECT_EQ(intents_of(second, Intent::Artifact::CarePlanUpdate).size(), 1U);

  const Applied unrelated = apply_all({therapy_of("med1", "Sertraline", "2026-11-01T00:00:00Z", "2026-11-01"),
                                       report_of("phq-2", {1, 1}, "2026-03-01", "old")},
                                      second.after);
  EXPECT_EQ(unrelated.after.plans, second.after.plans);
  const Applied newer = apply_all({report_of("phq-2", {1, 1}, "2026-11-22T08:00:00Z", "scr9")}, second.after);
  EXPECT_EQ(newer.after.plans[0].review_date, "2026-12-20");
}

TEST(Plans, ADateTheEhrStatedAfterTheScreeningStands) {
  CarePlan stated = plan_of("plan1", "2026-11-21T00:00:00Z");
  stated.review_date = "2027-02-01";
  const ScreeningReport screening = report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0});
  for (const auto& order : {std::vector<Change>{stated, screening}, std::vector<Change>{screening, stated}}) {
    const Applied applied = apply_all(order);
    EXPECT_EQ(applied.after.plans[0].review_date, "2027-02-01");
    EXPECT_TRUE(intents_of(applied, Intent::Artifact::CarePlanUpdate).empty());
  }
}

TEST(Plans, WhatOnlyTheBhiSideKnowsSurvivesANewVersionOfTheEhr) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  patched.self_management = "walks every day";
  patched.relapse_prevention = "early signs: sleep";
  patched.safety_plan = "calls the clinic";
  const Applied second = apply_all({patched}, first.after);

  CarePlan newer = plan_of("plan1", "2026-11-22T00:00:00Z");
  newer.title = "Depression and anxiety care";
  newer.activities = {{"ServiceRequest/1", "", {}, "counselling", "in-progress", ""}};
  const Applied third = apply_all({newer}, second.after);
  const CarePlan& plan = third.after.plans[0];
  EXPECT_EQ(plan.title, "Depression and anxiety care");
  EXPECT_EQ(plan.source.updated, "2026-11-22T00:00:00Z");
  EXPECT_EQ(plan.self_management, "walks every day");
  EXPECT_EQ(plan.relapse_prevention, "early signs: sleep");
  EXPECT_EQ(plan.safety_plan, "calls the clinic");
  EXPECT_EQ(plan.review_date, "2026-12-18");
  ASSERT_EQ(plan.activities.size(), 2U);
  EXPECT_EQ(plan.activities[0].description, "counselling");
  EXPECT_EQ(plan.activities[1].kind, "plan-review");
  EXPECT_TRUE(third.intents.empty()) << "the EHR's own change is not sent back";
}

TEST(Plans, TheSameVersionAgainDoesNotUndoWhatTheBhiSideChanged) {
  const Applied first = apply_all({plan_of()});
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  patched.title = "Changed here";
  const Applied second = apply_all({patched}, first.after);
  const Applied third = apply_all({plan_of()}, second.after);
  EXPECT_EQ(third.after.plans[0].title, "Changed here");
  EXPECT_TRUE(third.touched.empty());
}

TEST(Plans, APlanMadeAtTheBhiSideIsBehavioralAndWritten) {
  CarePlan plan = plan_of("plan7");
  plan.source = {"bhi", "", "", "", ""};
  plan.behavioral = false;
  plan.review_date = "2026-12-01";
  const Applied applied = apply_all({plan});
  EXPECT_TRUE(applied.after.plans[0].behavioral);
  EXPECT_EQ(applied.after.plans[0].activities.at(0).scheduled, "2026-12-01");
  ASSERT_EQ(applied.intents.size(), 1U);
  EXPECT_EQ(applied.intents[0].reason, "plan made at the BHI side");
}

TEST(Plans, AnUnchangedPatchChangesNothing) {
  CarePlan foreign = plan_of();
  foreign.behavioral = false;
  const Applied first = apply_all({foreign, report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  const Applied second = apply_all({patched}, first.after);
  EXPECT_TRUE(second.touched.empty());
  EXPECT_TRUE(second.intents.empty());
}

TEST(Plans, APlanThatTheBhiSideMakesActiveIsReviewedFromThen) {
  CarePlan draft = plan_of();
  draft.status = "draft";
  const Applied first = apply_all({draft, report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  EXPECT_EQ(first.after.plans[0].review_date, "");
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  patched.status = "active";
  const Applied second = apply_all({patched}, first.after);
  EXPECT_EQ(second.after.plans[0].review_date, "2026-12-18");
  EXPECT_EQ(intents_of(second, Intent::Artifact::CarePlanUpdate).size(), 1U);
}

TEST(Plans, OurOwnDateComingBackFromTheEhrIsStillOurs) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan echo = first.after.plans[0];
  echo.source = ehr("plan1", "2026-11-22T11:00:00Z", "2", "CarePlan");
  echo.review_date.clear();
  echo.activities[0].scheduled = "2026-12-18T00:00:00Z";
  const Applied second = apply_all({echo}, first.after);
  EXPECT_EQ(second.after.plans[0].review_date, "2026-12-18");
  EXPECT_TRUE(second.intents.empty());
  // A screening from before the echo was written, but newer than the last one, still moves it.
  const Applied third = apply_all({report_of("phq-2", {1, 1}, "2026-11-21T08:00:00Z", "scr2")}, second.after);
  EXPECT_EQ(third.after.plans[0].review_date, "2026-12-19");
  EXPECT_EQ(third.after.plans[0].activities.size(), 1U);
}

TEST(Plans, ADateThatAClinicianChangedInTheEhrsActivityStands) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan edited = first.after.plans[0];
  edited.source = ehr("plan1", "2026-11-22T11:00:00Z", "2", "CarePlan");
  edited.review_date.clear();
  edited.activities[0].scheduled = "2027-01-31";
  const Applied second = apply_all({edited}, first.after);
  EXPECT_EQ(second.after.plans[0].review_date, "2027-01-31");
  EXPECT_TRUE(second.intents.empty());
}

TEST(Plans, ACompletedReviewStaysAsHistory) {
  const Applied first = apply_all({plan_of(), report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})});
  CarePlan patched = first.after.plans[0];
  patched.source = {"bhi", "", "", "", ""};
  patched.activities[0].status = "completed";
  const Applied second = apply_all({patched}, first.after);
  const Applied third = apply_all({report_of("phq-2", {1, 1}, "2026-11-22T08:00:00Z", "scr9")}, second.after);
  ASSERT_EQ(third.after.plans[0].activities.size(), 2U);
  EXPECT_EQ(third.after.plans[0].activities[0].status, "completed");
  EXPECT_EQ(third.after.plans[0].activities[1].scheduled, "2026-12-20");
}

}  // namespace
}  // namespace bhi::care::test
