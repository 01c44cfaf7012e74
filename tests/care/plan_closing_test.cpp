// Plans of treatments that are over: closed with the episode, open again when it goes on, whatever arrives first.
#include "care/plan_closing.h"

#include "care/apply.h"
#include "care/plan_proposals.h"
#include "tests/care/support.h"
#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bhi::care::test {
namespace {

std::vector<Change> treated(std::string_view last_act, std::string_view at = "2026-06-01T09:00:00Z") {
  return {patient_of("female"), act_of("a1", "enrol", "2026-01-05T09:00:00Z"),
          act_of("a2", "start-treatment", "2026-01-06T09:00:00Z"), act_of("a3", last_act, at)};
}

CarePlan ours(std::string_view start = "2026-01-06") {
  CarePlan plan = plan_of();
  plan.start = start;
  return plan;
}

const CarePlan& only(const Record& record) { return record.plans.at(0); }

TEST(PlanClosing, EveryEndOfAnEpisodeClosesThePlanAndTellsTheEhrOnce) {
  struct Row {
    const char* act;
    const char* status;
  };
  for (const Row& row : {Row{"complete", "completed"}, Row{"refer-out", "completed"}, Row{"drop", "revoked"},
                         Row{"record-death", "revoked"}}) {
    auto changes = treated(row.act);
    changes.emplace_back(ours());
    const Applied applied = apply_all(changes);
    EXPECT_EQ(only(applied.after).status, row.status) << row.act;
    const auto intents = intents_of(applied, Intent::Artifact::CarePlanUpdate);
    ASSERT_EQ(intents.size(), 1u) << row.act;
    EXPECT_EQ(intents[0].reason, "the episode is over");
    const Applied again = apply_all({}, applied.after);
    EXPECT_TRUE(again.intents.empty());
    EXPECT_TRUE(again.touched.empty());
  }
}

TEST(PlanClosing, AnEpisodeThatGoesOnPutsBackWhatStoodThere) {
  auto changes = treated("complete");
  CarePlan on_hold = ours();
  on_hold.status = "on-hold";
  changes.emplace_back(on_hold);
  const Applied closed = apply_all(changes);
  EXPECT_EQ(only(closed.after).status, "completed");
  const Applied open = apply_all({undo_of("a4", "a3", "2026-06-02T09:00:00Z")}, closed.after);
  EXPECT_EQ(only(open.after).status, "on-hold");
  EXPECT_TRUE(only(open.after).derived.empty()) << "no trace";
  const auto intents = intents_of(open, Intent::Artifact::CarePlanUpdate);
  ASSERT_EQ(intents.size(), 1u);
  EXPECT_EQ(intents[0].reason, "the episode goes on");
}

TEST(PlanClosing, AStatusThatAPersonSetsAfterwardsStays) {
  auto changes = treated("complete");
  changes.emplace_back(ours());
  const Record closed = apply_all(changes).after;
  CarePlan patched = only(closed);
  patched.source = {"bhi", "", "", "", ""};
  patched.status = "active";
  const Record reopened = apply_all({patched}, closed).after;
  EXPECT_EQ(only(reopened).status, "active");
  EXPECT_EQ(only(apply_all({}, reopened).after).status, "active");
  EXPECT_EQ(only(apply_all({report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0})}, reopened).after).status, "active");
}

TEST(PlanClosing, AVersionOfTheEhrThatDoesNotKnowOfItIsClosedAgain) {
  auto changes = treated("complete");
  changes.emplace_back(ours());
  const Record closed = apply_all(changes).after;
  CarePlan newer = ours();
  newer.source.version = "2";
  newer.source.updated = "2026-07-01T00:00:00Z";
  newer.title = "Another title";
  const Record after = apply_all({newer}, closed).after;
  EXPECT_EQ(only(after).title, "Another title");
  EXPECT_EQ(only(after).status, "completed");
}

TEST(PlanClosing, APlanOfALaterTreatmentIsNotClosedWithTheFormerOne) {
  auto changes = treated("complete");
  changes.emplace_back(act_of("b1", "enrol", "2026-09-01T09:00:00Z", "epi2"));
  CarePlan second = plan_of("plan2");
  second.start = "2026-09-01";
  changes.emplace_back(ours());
  changes.emplace_back(second);
  const Record record = apply_all(changes).after;
  EXPECT_EQ(record.plans.at(0).status, "completed");
  EXPECT_EQ(record.plans.at(1).status, "active");
  CarePlan undated = plan_of("plan3");
  undated.start.clear();
  EXPECT_EQ(closing_of(undated, record), std::nullopt) << "which treatment it belongs to is not said, and one goes on";
}

TEST(PlanClosing, WhatIsNotOursToKeepIsLeft) {
  auto changes = treated("complete");
  CarePlan foreign = ours();
  foreign.behavioral = false;
  changes.emplace_back(foreign);
  EXPECT_EQ(only(apply_all(changes).after).status, "active");

  Episode stated;  // the EHR ends it by itself, without an act of ours
  stated.id = "e9";
  stated.patient = "pat1";
  stated.source = {"ehr", "EpisodeOfCare", "9", "1", ""};
  stated.state = "completed";
  stated.start = "2026-01-01";
  stated.end = "2026-06-01";
  EXPECT_EQ(only(apply_all({stated, ours()}).after).status, "active") << "the EHR's plan is the EHR's to tidy";
  CarePlan made_here = ours();
  made_here.source = {"bhi", "", "", "", ""};
  EXPECT_EQ(only(apply_all({stated, made_here}).after).status, "completed") << "nobody else would close ours";
}

TEST(PlanClosing, ADraftThatNeverBeganIsRevokedAndAnErrorClosesNothing) {
  EXPECT_EQ(closed_status("completed", "draft"), "revoked");
  EXPECT_EQ(closed_status("completed", "active"), "completed");
  EXPECT_EQ(closed_status("active", "active"), "");
  auto changes = treated("mark-error");
  changes.emplace_back(ours());
  EXPECT_EQ(only(apply_all(changes).after).status, "active");
}

TEST(PlanClosing, OurReviewDateGoesWithTheClosingAndComesBackWithTheEpisode) {
  const auto screening = report_of("phq-9", {1, 1, 1, 1, 0, 0, 0, 0, 0}, "2026-05-20T08:00:00Z");
  auto changes = treated("complete");
  changes.emplace_back(ours());
  changes.emplace_back(screening);
  const Record closed = apply_all(changes).after;
  EXPECT_EQ(only(closed).review_date, "");
  const Record open = apply_all({undo_of("a4", "a3", "2026-06-02T09:00:00Z")}, closed).after;
  EXPECT_EQ(only(open).review_date, "2026-06-17");
}

TEST(PlanClosing, TheOrderOfArrivalDoesNotChangeThePlans) {
  constexpr std::string_view kEnds[] = {"complete", "refer-out", "drop", "record-death", "hold", "mark-error"};
  int closed = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
    auto changes = treated(kEnds[pick(6)]);
    if (pick(2) == 0) changes.emplace_back(undo_of("a4", "a3", "2026-06-02T09:00:00Z"));
    if (pick(2) == 0) changes.emplace_back(act_of("b1", "enrol", "2026-09-01T09:00:00Z", "epi2"));
    if (pick(3) == 0) changes.emplace_back(act_of("b2", "decline", "2026-09-05T09:00:00Z", "epi2"));
    constexpr std::string_view kStarts[] = {"", "2025-12-01", "2026-01-06", "2026-07-01", "2026-09-01", "2026-09"};
    constexpr std::string_view kStates[] = {"active", "active", "draft", "on-hold", "completed"};
    for (int p = 0; p < 1 + pick(3); ++p) {
      CarePlan plan = plan_of("plan" + std::to_string(p));
      plan.start = kStarts[pick(6)];
      for (int version = 1; version <= 1 + pick(2); ++version) {
        plan.source.version = std::to_string(version);
        plan.source.updated = "2026-0" + plan.source.version + "-01T00:00:00Z";
        plan.status = kStates[pick(5)];
        changes.emplace_back(plan);
      }
    }
    changes.emplace_back(report_of("phq-9", {2, 2, 2, 1, 0, 0, 0, 0, 0}, "2026-05-20T08:00:00Z"));
    const Record expected = apply_all(changes).after;
    for (const CarePlan& plan : expected.plans) closed += is_closed_by_rule(plan) ? 1 : 0;
    for (int shuffle = 0; shuffle < 6; ++shuffle) {
      std::ranges::shuffle(changes, random);
      Record record;
      for (const Change& change : changes) record = apply(std::move(record), std::span(&change, 1), {}, kNow).after;
      ASSERT_EQ(record.plans, expected.plans) << "seed " << seed;
    }
    const Applied again = apply_all({}, expected);
    ASSERT_TRUE(again.touched.empty() && again.intents.empty()) << "seed " << seed;
  }
  EXPECT_GT(closed, 50);
}

TEST(SafetyFlags, AnAcknowledgedEventThatCalledSomebodyIsToldAndOneThatDidNotIsNot) {
  const Applied raised = apply_all({report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 2})});
  ASSERT_EQ(intents_of(raised, Intent::Artifact::SafetyNotice).size(), 1u);
  const auto id = raised.after.safety.at(0).id;
  const Applied taken = apply_all({AcknowledgeSafety{id, "nurse"}}, raised.after);
  const auto told = intents_of(taken, Intent::Artifact::SafetyNotice);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id, id);
  EXPECT_FALSE(told[0].urgent) << "it may wait for the end of quiet hours";
  EXPECT_TRUE(apply_all({AcknowledgeSafety{id, "nurse"}}, taken.after).intents.empty());

  const Applied unanswered = apply_all({report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, kBlank})});
  const auto listed = unanswered.after.safety.at(0).id;
  EXPECT_TRUE(
      intents_of(apply_all({AcknowledgeSafety{listed, "nurse"}}, unanswered.after), Intent::Artifact::SafetyNotice)
          .empty());
}

}  // namespace
}  // namespace bhi::care::test
