#include "care/plan_proposals.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bhi::care::test {
namespace {

using Artifact = Intent::Artifact;

Instant at(std::string_view time) { return *instant_from(time); }

Episode treated(std::string_view start = "2026-06-01", std::string_view state = "active") {
  return {
      "ep1", "pat1", ehr("e1", "2026-06-01T00:00:00Z", "1", "EpisodeOfCare"), std::string(state), std::string(start),
      "",    ""};
}

ScreeningReport phq9(std::string_view on, int total) {
  return score_only("44261-6", total, on, "s-" + std::string(on));
}

CarePlan from_bhi(CarePlan plan) {
  plan.source = {"bhi", "", "", "", ""};
  return plan;
}

const Activity* activity(const CarePlan& plan, std::string_view kind) {
  const auto found = std::ranges::find(plan.activities, kind, &Activity::kind);
  return found == plan.activities.end() ? nullptr : &*found;
}

// One patient, treated since June with a PHQ-9 of 20, and a plan of the EHR.
Applied begun(std::string_view now = "2026-06-02T12:00:00Z") {
  return apply_all({plan_of(), treated(), phq9("2026-06-01", 20)}, {}, {}, at(now));
}

TEST(PlanProposals, AnElevatedBaselinePutsAGoalIntoThePlanAndAsksToWriteIt) {
  const Applied applied = begun();
  ASSERT_EQ(applied.after.plans.size(), 1U);
  const CarePlan& plan = applied.after.plans[0];
  EXPECT_EQ(plan.goals,
            (std::vector<Goal>{{"", "PHQ-9 below 10", "active", {{"44261-6", "< 10", "2026-08-24"}}, "in-progress"}}));
  const auto intents = intents_of(applied, Artifact::CarePlanUpdate);
  ASSERT_EQ(intents.size(), 1U);
  EXPECT_EQ(intents[0].id, "plan1");
  EXPECT_EQ(intents[0].reason, "treat to target: set-target");
}

TEST(PlanProposals, NothingAppliedTwiceChangesNothingAndWishesNothing) {
  for (const char* now : {"2026-06-02T12:00:00Z", "2026-07-30T12:00:00Z", "2026-12-30T12:00:00Z"}) {
    const Applied first = begun(now);
    for (int i = 0; i < 2; ++i) {
      const Applied again = apply_all({}, first.after, {}, at(now));
      EXPECT_EQ(again.after, first.after) << now;
      EXPECT_TRUE(again.touched.empty()) << now;
      EXPECT_TRUE(again.intents.empty()) << now;
    }
  }
}

TEST(PlanProposals, TimeAloneAsksForTheScaleAndAtWeekEightForTheConsultant) {
  Record record = begun().after;
  int written = 0;
  std::string days_of_change;
  for (Instant now = at("2026-06-02T12:00:00Z"); now < at("2026-12-01T00:00:00Z"); now += std::chrono::days{1}) {
    Applied tick = apply_all({}, record, {}, now);
    EXPECT_EQ(tick.touched.empty(), tick.intents.empty());
    if (!tick.intents.empty()) {
      ++written;
      days_of_change += to_text(now).substr(0, 10) + " " + tick.intents[0].reason + "\n";
    }
    record = std::move(tick.after);
  }
  // Once for the scale, once for the consultation; being overdue writes nothing.
  EXPECT_EQ(days_of_change,
            "2026-06-30 treat to target: remeasure, set-target\n"
            "2026-07-28 treat to target: consult, remeasure, set-target\n");
  EXPECT_EQ(written, 2);
  ASSERT_NE(activity(record.plans[0], "psychiatric-consultation"), nullptr);
  EXPECT_EQ(activity(record.plans[0], "psychiatric-consultation")->scheduled, "2026-08-24");
  EXPECT_EQ(activity(record.plans[0], "remeasure")->scheduled, "2026-06-29");
}

TEST(PlanProposals, AScoreThatComesInLateTakesBackWhatItsAbsenceAskedFor) {
  const Instant now = at("2026-08-01T12:00:00Z");
  const Applied first = apply_all({plan_of(), treated(), phq9("2026-06-01", 20)}, {}, {}, now);
  ASSERT_NE(activity(first.after.plans[0], "psychiatric-consultation"), nullptr);
  const Applied second = apply_all({phq9("2026-07-20", 9)}, first.after, {}, now);
  const CarePlan& plan = second.after.plans[0];
  EXPECT_EQ(activity(plan, "psychiatric-consultation"), nullptr);
  EXPECT_EQ(activity(plan, "remeasure"), nullptr);
  ASSERT_EQ(plan.goals.size(), 1U);
  EXPECT_EQ(plan.goals[0].description, "PHQ-9 below 5");
  EXPECT_EQ(plan.goals[0].achievement, "improving");
  EXPECT_EQ(second.after,
            apply_all({phq9("2026-07-20", 9), treated(), plan_of(), phq9("2026-06-01", 20)}, {}, {}, now).after);
}

TEST(PlanProposals, ABaselineThatWasEnteredInErrorTakesItsGoalWithIt) {
  const Applied first = begun();
  ScreeningReport wrong = phq9("2026-06-01", 20);
  wrong.status = "entered-in-error";
  wrong.source.updated = "2026-11-21T00:00:00Z";
  const Applied second = apply_all({wrong}, first.after, {}, at("2026-06-02T12:00:00Z"));
  EXPECT_TRUE(second.after.plans[0].goals.empty());
  EXPECT_TRUE(second.after.plans[0].derived.empty());
  EXPECT_EQ(intents_of(second, Artifact::CarePlanUpdate).at(0).reason,
            "treat to target: what was proposed is no longer asked for");
}

TEST(PlanProposals, WhatAPersonMovedClosedOrTookOutStays) {
  const Instant now = at("2026-08-01T12:00:00Z");
  const Applied first = apply_all({plan_of(), treated(), phq9("2026-06-01", 20)}, {}, {}, now);

  CarePlan moved = from_bhi(first.after.plans[0]);
  for (Activity& one : moved.activities) {
    if (one.kind == "psychiatric-consultation") one.scheduled = "2026-09-09";
  }
  const Applied after_move = apply_all({moved}, first.after, {}, now);
  const Applied later = apply_all({phq9("2026-08-01", 22)}, after_move.after, {}, now);
  EXPECT_EQ(activity(later.after.plans[0], "psychiatric-consultation")->scheduled, "2026-09-09");
  EXPECT_EQ(std::ranges::count(later.after.plans[0].activities, "psychiatric-consultation", &Activity::kind), 1);

  CarePlan closed = from_bhi(first.after.plans[0]);
  for (Activity& one : closed.activities) one.status = "completed";
  const Applied after_close = apply_all({closed}, first.after, {}, now);
  EXPECT_EQ(std::ranges::count(after_close.after.plans[0].activities, "psychiatric-consultation", &Activity::kind), 1);
  EXPECT_EQ(activity(after_close.after.plans[0], "psychiatric-consultation")->status, "completed");

  CarePlan removed = from_bhi(first.after.plans[0]);
  std::erase_if(removed.activities, [](const Activity& one) { return one.kind == "psychiatric-consultation"; });
  removed.goals.clear();
  const Applied after_removal = apply_all({removed}, first.after, {}, now);
  EXPECT_EQ(activity(after_removal.after.plans[0], "psychiatric-consultation"), nullptr);
  EXPECT_TRUE(after_removal.after.plans[0].goals.empty());
  const Applied worse = apply_all({phq9("2026-07-31", 21)}, after_removal.after, {}, now);
  EXPECT_TRUE(worse.after.plans[0].goals.empty()) << "how far it is makes no other goal of it";
  EXPECT_TRUE(apply_all({}, worse.after, {}, now).touched.empty());
}

TEST(PlanProposals, ASenderCannotSayWhatIsDerived) {
  CarePlan mine = from_bhi(plan_of("plan7"));
  mine.derived = {{"activity", "x", "y", "scheduled", "", "2026-01-01", ""}};
  EXPECT_TRUE(apply_all({mine}).after.plans[0].derived.empty());
}

TEST(PlanProposals, AnEhrThatGivesThePlanBackInAnotherOrderIsNotWrittenAgain) {
  const Instant now = at("2026-08-01T12:00:00Z");
  const Applied first = apply_all({plan_of(), treated(), phq9("2026-06-01", 20)}, {}, {}, now);
  CarePlan echo = first.after.plans[0];
  echo.source = ehr("plan1", "2026-08-01T00:00:00Z", "2", "CarePlan");
  std::ranges::reverse(echo.activities);
  for (Activity& one : echo.activities) one.scheduled += "T00:00:00Z";
  const Applied second = apply_all({echo}, first.after, {}, now);
  EXPECT_TRUE(second.intents.empty());
  EXPECT_EQ(second.after.plans[0].activities, echo.activities);
}

// ---- which plan -----------------------------------------------------------------------------------------------------

TEST(PlanProposals, WithoutAPlanADraftIsProposedAndGoesWhenAPlanArrives) {
  const Instant now = at("2026-06-02T12:00:00Z");
  const Applied first = apply_all({treated(), phq9("2026-06-01", 20)}, {}, {}, now);
  ASSERT_EQ(first.after.plans.size(), 1U);
  const CarePlan& draft = first.after.plans[0];
  EXPECT_EQ(draft.status, "draft");
  EXPECT_EQ(draft.intent, "proposal");
  EXPECT_EQ(draft.goals.size(), 1U);
  EXPECT_EQ(intents_of(first, Artifact::CarePlanUpdate).size(), 1U);

  const Applied second = apply_all({plan_of()}, first.after, {}, now);
  EXPECT_EQ(second.after, apply_all({plan_of(), phq9("2026-06-01", 20), treated()}, {}, {}, now).after);
  const auto intents = intents_of(second, Artifact::CarePlanUpdate);
  ASSERT_EQ(intents.size(), 2U) << "the draft is taken back, the plan is written";
  const auto withdrawn = std::ranges::find_if(second.touched, [&](const Entity& entity) {
    const auto* plan = std::get_if<CarePlan>(&entity);
    return plan != nullptr && plan->id == draft.id;
  });
  ASSERT_NE(withdrawn, second.touched.end());
  EXPECT_EQ(std::get<CarePlan>(*withdrawn).status, "revoked");

  // A store gives it back with the rest; it is no part of the record.
  Record stored = second.after;
  stored.plans.push_back(std::get<CarePlan>(*withdrawn));
  put_in_order(stored);
  const Applied third = apply_all({}, stored, {}, now);
  EXPECT_EQ(third.after, second.after);
  EXPECT_TRUE(third.touched.empty());
}

TEST(PlanProposals, ADraftThatAPersonTookOverIsAPlan) {
  const Instant now = at("2026-06-02T12:00:00Z");
  const Applied first = apply_all({treated(), phq9("2026-06-01", 20)}, {}, {}, now);
  CarePlan taken = from_bhi(first.after.plans[0]);
  taken.status = "active";
  taken.self_management = "walks";
  const Applied second = apply_all({taken}, first.after, {}, now);
  ASSERT_EQ(second.after.plans.size(), 1U);
  EXPECT_EQ(second.after.plans[0].goals.size(), 1U);
  const Applied third = apply_all({phq9("2026-06-02", 4)}, second.after, {}, now);
  EXPECT_EQ(third.after.plans[0].goals.at(0).achievement, "achieved");
}

TEST(PlanProposals, NoDraftOutsideOfTreatment) {
  EXPECT_TRUE(apply_all({phq9("2026-06-01", 20)}, {}, {}, at("2026-06-02T12:00:00Z")).after.plans.empty());
  EXPECT_TRUE(
      apply_all({treated("2026-06-01", "completed"), phq9("2026-06-01", 20)}, {}, {}, at("2026-06-02T12:00:00Z"))
          .after.plans.empty());
}

TEST(PlanProposals, OfSeveralPlansTheActiveOneBegunLastTakesThem) {
  struct Row {
    const char* id;
    const char* status;
    const char* start;
    bool behavioral;
  };
  const std::vector<std::pair<std::vector<Row>, std::string>> cases = {
      {{{"a", "active", "2026-01-01", true}, {"b", "active", "2026-05-01", true}}, "b"},
      {{{"a", "active", "2026-05-01", true}, {"b", "active", "2026-05-01", true}}, "a"},
      {{{"a", "draft", "2026-05-01", true}, {"b", "active", "", true}}, "b"},
      {{{"a", "on-hold", "2026-05-01", true}, {"b", "draft", "", true}}, "b"},
      {{{"a", "completed", "2026-05-01", true}, {"b", "on-hold", "", true}}, "b"},
      {{{"a", "active", "2026-05-01", false}, {"b", "draft", "", true}}, "b"},
  };
  for (const auto& [rows, expected] : cases) {
    std::vector<Change> changes{treated(), phq9("2026-06-01", 20)};
    for (const Row& row : rows) {
      CarePlan plan = plan_of(row.id);
      plan.status = row.status;
      plan.start = row.start;
      plan.behavioral = row.behavioral;
      changes.emplace_back(plan);
    }
    const Applied applied = apply_all(changes, {}, {}, at("2026-06-02T12:00:00Z"));
    for (const CarePlan& plan : applied.after.plans) {
      EXPECT_EQ(plan.goals.empty(), plan.id != expected) << plan.id << " " << expected;
    }
    EXPECT_EQ(applied.after.plans.size(), rows.size());
  }
}

TEST(PlanProposals, APlanThatIsOverKeepsItsHistoryAndTheNextOneTakesOver) {
  const Instant now = at("2026-06-02T12:00:00Z");
  const Applied first = begun();
  CarePlan over = from_bhi(first.after.plans[0]);
  over.status = "completed";
  const Applied second = apply_all({over, plan_of("plan2")}, first.after, {}, now);
  EXPECT_EQ(second.after.plans[0].goals.size(), 1U);
  EXPECT_EQ(second.after.plans[1].goals.size(), 1U);
}

// ---- consultations --------------------------------------------------------------------------------------------------

TEST(PlanProposals, ACaseReviewAnswersTheConsultationAndItsRecommendationsWaitForAnswers) {
  const Instant now = at("2026-08-05T12:00:00Z");
  CaseReview review = review_of("r1", "2026-08-03");
  review.recommendations = {{"1", "medication", "raise the dose", "pcp1", "", ""},
                            {"2", "therapy", "behavioral activation", "cm1", "", "2026-08-07"}};
  const Applied first = apply_all({plan_of(), treated(), phq9("2026-06-01", 20), review}, {}, {}, now);
  EXPECT_EQ(activity(first.after.plans[0], "psychiatric-consultation"), nullptr);
  const Activity* answer = activity(first.after.plans[0], "recommendation-answer");
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->scheduled, "2026-08-07") << "the sooner of the two";

  const Applied second =
      apply_all({answer_of("n2", "r1", "2", "declined", "2026-08-05T09:00:00Z")}, first.after, {}, now);
  EXPECT_EQ(activity(second.after.plans[0], "recommendation-answer")->scheduled, "2026-08-10");
  const Applied third =
      apply_all({answer_of("n1", "r1", "1", "accepted", "2026-08-05T10:00:00Z")}, second.after, {}, now);
  EXPECT_EQ(activity(third.after.plans[0], "recommendation-answer"), nullptr);

  CaseReview rolled = review_of("r1", "2026-08-03", false);
  rolled.recorded.at = "2026-08-04T18:00:00Z";
  const Applied fourth = apply_all({rolled}, first.after, {}, now);
  EXPECT_NE(activity(fourth.after.plans[0], "psychiatric-consultation"), nullptr) << "not discussed, so not consulted";
}

TEST(PlanProposals, TheNextConsultationIsAskedForEightWeeksAfterTheLast) {
  const Applied first = apply_all({plan_of(), treated(), phq9("2026-06-01", 20), review_of("r1", "2026-08-03")}, {}, {},
                                  at("2026-09-28T12:00:00Z"));
  EXPECT_EQ(activity(first.after.plans[0], "psychiatric-consultation"), nullptr);
  const Applied second = apply_all({}, first.after, {}, at("2026-09-29T12:00:00Z"));
  ASSERT_NE(activity(second.after.plans[0], "psychiatric-consultation"), nullptr);
  EXPECT_EQ(activity(second.after.plans[0], "psychiatric-consultation")->scheduled, "2026-10-26");
}

TEST(PlanProposals, AWorseScoreBringsTheReviewForward) {
  const Instant now = at("2026-07-02T12:00:00Z");
  const Applied applied =
      apply_all({plan_of(), treated(), phq9("2026-06-01", 12), phq9("2026-07-01", 17)}, {}, {}, now);
  EXPECT_EQ(applied.after.plans[0].review_date, "2026-07-08");
  EXPECT_EQ(activity(applied.after.plans[0], "plan-review")->scheduled, "2026-07-08");
  EXPECT_EQ(activity(applied.after.plans[0], "worsening-review")->scheduled, "2026-07-08");
}

// ---- order of arrival -----------------------------------------------------------------------------------------------

std::vector<Change> a_year_of_treatment(std::mt19937& random) {
  const auto pick = [&random](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
  const auto day = [&](int n) {
    const std::chrono::sys_days date = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::days{n};
    return to_text(std::chrono::year_month_day{date});
  };
  std::vector<Change> changes{patient_of("female")};
  constexpr std::string_view kActs[] = {"enrol", "start-treatment", "begin-relapse-prevention", "complete", "hold"};
  for (int i = 0; i < 1 + pick(4); ++i) changes.emplace_back(act_of("a" + std::to_string(i), kActs[i], day(i * 60)));
  for (int i = 0; i < pick(14); ++i) {
    const std::string id = "s" + std::to_string(i);
    const std::string on = day(pick(320)) + "T09:00:00Z";
    if (pick(3) == 0) {
      changes.emplace_back(report_of("phq-9", {pick(4), pick(4), 1, 1, 1, 1, 1, pick(4), pick(2)}, on, id));
    } else {
      changes.emplace_back(score_only(pick(3) == 0 ? "70274-6" : "44261-6", pick(24), on, id));
    }
  }
  for (int i = 0; i < pick(4); ++i) {
    CaseReview review = review_of("v" + std::to_string(i), day(pick(320)), pick(4) != 0);
    if (review.discussed && pick(2) == 0) review.recommendations = {{"1", "medication", "x", "pcp1", "", ""}};
    changes.emplace_back(review);
    if (pick(2) == 0)
      changes.emplace_back(answer_of("n" + std::to_string(i), review.id, "1", "accepted", day(321 + i)));
  }
  constexpr std::string_view kStates[] = {"active", "active", "draft", "on-hold", "completed"};
  for (int p = 0; p < pick(3); ++p) {
    for (int v = 1; v <= 1 + pick(3); ++v) {
      const std::string month = std::to_string(v);
      CarePlan plan = plan_of("plan" + std::to_string(p), "2026-0" + month + "-01T00:00:00Z");
      plan.source.version = month;
      plan.status = kStates[pick(5)];
      plan.start = day(pick(100));
      if (pick(3) == 0) plan.goals = {{"Goal/1", "own words", "active", {{"44261-6", "< 8", ""}}, ""}};
      if (pick(3) == 0) plan.activities = {{"ServiceRequest/1", "", {}, "counselling", "in-progress", ""}};
      changes.emplace_back(plan);
    }
  }
  if (pick(3) == 0) {
    CarePlan ours = from_bhi(plan_of("plan9"));
    ours.start = day(pick(100));
    if (pick(2) == 0) ours.safety_plan = "made";
    changes.emplace_back(ours);
  }
  return changes;
}

std::string words_of(const std::vector<CarePlan>& plans) {
  std::string text;
  for (const CarePlan& plan : plans) {
    text += plan.id + " " + plan.status + " " + plan.start + " review " + plan.review_date + "\n";
    for (const Goal& goal : plan.goals) text += "  goal " + goal.description + " " + goal.achievement + "\n";
    for (const Activity& one : plan.activities)
      text += "  " + one.kind + " " + one.description + " " + one.scheduled + "\n";
    for (const DerivedPart& part : plan.derived) text += "  derived " + part.kind + " " + part.description + "\n";
  }
  return text;
}

TEST(PlanProposals, TheOrderOfArrivalDoesNotChangeThePlans) {
  int with_proposals = 0;
  int drafts = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    std::vector<Change> changes = a_year_of_treatment(random);
    const Record expected = apply_all(changes).after;
    for (const CarePlan& plan : expected.plans) {
      with_proposals += plan.derived.empty() ? 0 : 1;
      drafts += is_untouched_draft(plan) ? 1 : 0;
    }
    for (int shuffle = 0; shuffle < 4; ++shuffle) {
      std::ranges::shuffle(changes, random);
      Record record;
      for (const Change& change : changes) record = apply(std::move(record), std::span(&change, 1), {}, kNow).after;
      ASSERT_EQ(record.episodes, expected.episodes) << "seed " << seed;
      ASSERT_EQ(words_of(record.plans), words_of(expected.plans)) << "seed " << seed;
      ASSERT_EQ(record.plans, expected.plans) << "seed " << seed;
      ASSERT_EQ(record, expected) << "seed " << seed;
    }
    const Applied again = apply_all({}, expected);
    ASSERT_EQ(again.after, expected) << "seed " << seed;
    ASSERT_TRUE(again.touched.empty()) << "seed " << seed;
    ASSERT_TRUE(again.intents.empty()) << "seed " << seed;
  }
  EXPECT_GT(with_proposals, 50);
  EXPECT_GT(drafts, 10);
}

}  // namespace
}  // namespace bhi::care::test
