#include "care/treat_to_target.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

Record treated(std::string_view start, const std::vector<std::pair<const char*, int>>& phq9,
               std::string_view state = "active") {
  Record record;
  Episode episode;
  episode.id = "ep1";
  episode.state = state;
  episode.start = start;
  record.episodes = {episode};
  for (const auto& [on, total] : phq9) {
    Screening screening;
    screening.id = std::string("s-") + on;
    screening.instrument = "phq-9";
    screening.authored = on;
    screening.status = "completed";
    screening.items = {{1, "44250-9", "x", 0}};
    screening.total = total;
    screening.complete = true;
    record.screenings.push_back(screening);
  }
  record.plans = {plan_of()};
  return record;
}

std::vector<Proposal> proposals(const Record& record, std::string_view now,
                                const std::vector<Consultation>& held = {}) {
  return treat_to_target({record, held}, {}, *instant_from(now));
}

std::vector<std::string> kinds(const std::vector<Proposal>& list) {
  std::vector<std::string> names;
  for (const Proposal& one : list) names.push_back(one.kind + (one.overdue ? "!" : ""));
  return names;
}

const Proposal* find(const std::vector<Proposal>& list, std::string_view kind) {
  const auto found = std::ranges::find(list, kind, &Proposal::kind);
  return found == list.end() ? nullptr : &*found;
}

using Kinds = std::vector<std::string>;

TEST(TreatToTarget, AnElevatedBaselineGetsAGoalWithItsMeasure) {
  const auto list = proposals(treated("2026-09-01", {{"2026-09-01", 16}}), "2026-09-10T12:00:00Z");
  ASSERT_EQ(kinds(list), (Kinds{"set-target"}));
  ASSERT_EQ(list[0].goals.size(), 1U);
  const Goal& goal = list[0].goals[0];
  EXPECT_EQ(goal.targets, (std::vector<Target>{{"44261-6", "< 10", "2026-11-24"}}));
  EXPECT_EQ(goal.achievement, "in-progress");
  EXPECT_EQ(list[0].reason, "PHQ-9 baseline 16: treated to below 10");
  EXPECT_EQ(list[0].derived_from, (std::vector<std::string>{"s-2026-09-01"}));
  EXPECT_TRUE(list[0].confirmed);
  EXPECT_TRUE(proposals(treated("2026-09-01", {{"2026-09-01", 9}}), "2026-09-10T12:00:00Z").empty());
}

TEST(TreatToTarget, NobodyOutsideOfTreatmentIsTreated) {
  for (const char* state : {"identified", "outreach", "declined", "unable-to-reach", "entered-in-error"}) {
    EXPECT_TRUE(proposals(treated("2026-01-01", {{"2026-01-01", 20}}, state), "2026-09-10T12:00:00Z").empty()) << state;
  }
}

TEST(TreatToTarget, TheGoalsOfATreatmentThatIsOverStandAsTheyStood) {
  Record record = treated("2026-01-01", {{"2026-01-01", 20}, {"2026-03-01", 4}, {"2026-06-02", 18}});
  record.episodes[0].end = "2026-06-01";
  for (const char* state : {"completed", "referred-out", "deceased"}) {
    record.episodes[0].state = state;
    const auto list = proposals(record, "2026-09-10T12:00:00Z");
    ASSERT_EQ(kinds(list), (Kinds{"remission"})) << state;
    EXPECT_EQ(list[0].goals[0].achievement, "achieved") << "not the score after its end";
    EXPECT_TRUE(list[0].activities.empty());
  }
  record.episodes[0].state = "on-hold";
  record.episodes[0].end.clear();
  EXPECT_EQ(kinds(proposals(record, "2026-09-10T12:00:00Z")), (Kinds{"set-target!"}));
}

TEST(TreatToTarget, NothingIsAskedOfOneWhoDied) {
  Record record = treated("2026-06-01", {{"2026-06-01", 20}});
  record.safety.push_back(
      {"e1", "pat1", "phq-9.item-9", "positive", "s-2026-06-01", "2026-06-01", "2026-06-01", "open", "", "", ""});
  record.patient = Patient{};
  EXPECT_EQ(proposals(record, "2026-09-10T12:00:00Z").size(), 4U);
  record.patient->deceased = true;
  const auto list = proposals(record, "2026-09-10T12:00:00Z");
  ASSERT_EQ(kinds(list), (Kinds{"set-target!"}));
  EXPECT_TRUE(list[0].activities.empty());
}

TEST(TreatToTarget, AScaleThatThePatientDeclinedIsNotAskedForAgain) {
  Record record = treated("2026-06-01", {{"2026-06-01", 20}});
  EXPECT_NE(find(proposals(record, "2026-06-30T12:00:00Z"), "remeasure"), nullptr);
  Partnership partnership;
  partnership.declines = {{"phq-9", "2026-06-20", ""}};
  record.partnerships = {partnership};
  EXPECT_EQ(find(proposals(record, "2026-06-30T12:00:00Z"), "remeasure"), nullptr);
}

struct Week {
  const char* now;
  int last;  // -1: no second score
  bool consult;
  bool overdue;
};

TEST(TreatToTarget, WithoutImprovementFromWeekEightOnAPsychiatristIsAskedByWeekTwelve) {
  // Start and baseline of 20 on 2026-06-01: week 8 is 2026-07-27, week 12 is 2026-08-24.
  const Week weeks[] = {{"2026-07-26T12:00:00Z", 18, false, false}, {"2026-07-28T12:00:00Z", 18, true, false},
                        {"2026-08-24T12:00:00Z", 18, true, false},  {"2026-08-25T12:00:00Z", 18, true, true},
                        {"2026-07-28T12:00:00Z", 11, true, false},  {"2026-07-28T12:00:00Z", 10, false, false},
                        {"2026-07-28T12:00:00Z", -1, true, false}};
  for (const Week& week : weeks) {
    std::vector<std::pair<const char*, int>> scores{{"2026-06-01", 20}};
    if (week.last >= 0) scores.emplace_back("2026-07-20", week.last);
    const auto list = proposals(treated("2026-06-01", scores), week.now);
    const Proposal* consult = find(list, "consult");
    ASSERT_EQ(consult != nullptr, week.consult) << week.now << " " << week.last;
    if (consult == nullptr) continue;
    EXPECT_EQ(consult->due, "2026-08-24");
    EXPECT_EQ(consult->overdue, week.overdue) << week.now;
    EXPECT_TRUE(consult->confirmed);
  }
}

TEST(TreatToTarget, AConsultationAnswersItForEightWeeks) {
  const Record record = treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-20", 18}, {"2026-09-20", 17}});
  const Consultation held{"c1", "2026-08-03", "", ""};
  EXPECT_EQ(find(proposals(record, "2026-08-10T12:00:00Z", {held}), "consult"), nullptr);
  EXPECT_NE(find(proposals(record, "2026-10-10T12:00:00Z", {held}), "consult"), nullptr) << "still not improved";
  const Consultation early{"c0", "2026-06-10", "", ""};
  EXPECT_NE(find(proposals(record, "2026-08-10T12:00:00Z", {early}), "consult"), nullptr);
}

TEST(TreatToTarget, ARecommendationWaitsForItsAnswerUntilADeadline) {
  const Record record = treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-20", 18}});
  const auto answer = [&](std::string_view now, const Consultation& held) {
    const auto list = proposals(record, now, {held});
    const Proposal* found = find(list, "answer");
    return found == nullptr ? std::string("none") : found->due + (found->overdue ? " overdue" : "");
  };
  EXPECT_EQ(answer("2026-08-05T12:00:00Z", {"c1", "2026-08-03", "raise the dose", ""}), "2026-08-10");
  EXPECT_EQ(answer("2026-08-11T12:00:00Z", {"c1", "2026-08-03", "raise the dose", ""}), "2026-08-10 overdue");
  EXPECT_EQ(answer("2026-08-11T12:00:00Z", {"c1", "2026-08-03", "raise the dose", "declined"}), "none");
  EXPECT_EQ(answer("2026-08-11T12:00:00Z", {"c1", "2026-08-03", "", ""}), "none");
}

TEST(TreatToTarget, ImprovementAndRemissionMoveTheGoal) {
  const auto half = proposals(treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-01", 10}}), "2026-07-02T12:00:00Z");
  ASSERT_EQ(kinds(half), (Kinds{"improved"}));
  EXPECT_EQ(half[0].reason, "PHQ-9 20 to 10: at least 50 % lower");
  EXPECT_EQ(half[0].goals[0].achievement, "improving");
  EXPECT_EQ(half[0].goals[0].targets[0].text, "< 10");

  const auto reached =
      proposals(treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-01", 8}}), "2026-07-02T12:00:00Z");
  EXPECT_EQ(reached[0].goals[0].targets[0].text, "< 5");

  const auto well = proposals(treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-01", 4}}), "2026-07-02T12:00:00Z");
  ASSERT_EQ(kinds(well), (Kinds{"remission"}));
  EXPECT_EQ(well[0].goals[0].achievement, "achieved");
  EXPECT_EQ(well[0].goals[0].status, "completed");
}

TEST(TreatToTarget, AWorseScoreIsLookedAtWithinAWeek) {
  const auto list = proposals(treated("2026-06-01", {{"2026-06-01", 12}, {"2026-07-01", 17}}), "2026-07-02T12:00:00Z");
  ASSERT_EQ(kinds(list), (Kinds{"worsening", "set-target"}));
  EXPECT_EQ(list[0].reason, "PHQ-9 12 to 17: at least 5 points more");
  EXPECT_EQ(list[0].review_date, "2026-07-08");
  EXPECT_FALSE(list[0].confirmed) << "the five points need clinical review";
  EXPECT_EQ(list[1].goals[0].achievement, "worsening");
}

TEST(TreatToTarget, TwoScoresAtTargetFarApartAskForARelapsePlan) {
  Record record = treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-01", 8}, {"2026-08-26", 6}});
  const auto list = proposals(record, "2026-08-27T12:00:00Z");
  const Proposal* relapse = find(list, "relapse-prevention");
  ASSERT_NE(relapse, nullptr);
  EXPECT_TRUE(relapse->relapse_prompt);
  EXPECT_EQ(relapse->derived_from, (std::vector<std::string>{"s-2026-07-01", "s-2026-08-26"}));
  record.plans[0].relapse_prevention = "walks, calls her sister";
  EXPECT_FALSE(find(proposals(record, "2026-08-27T12:00:00Z"), "relapse-prevention")->relapse_prompt);

  EXPECT_EQ(find(proposals(treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-01", 8}, {"2026-08-25", 6}}),
                           "2026-08-27T12:00:00Z"),
                 "relapse-prevention"),
            nullptr);
  EXPECT_EQ(find(proposals(treated("2026-06-01",
                                   {{"2026-06-01", 20}, {"2026-07-01", 8}, {"2026-08-01", 12}, {"2026-09-01", 8}}),
                           "2026-09-02T12:00:00Z"),
                 "relapse-prevention"),
            nullptr)
      << "interrupted";
}

TEST(TreatToTarget, AnOldScoreIsAskedForAgain) {
  const Record record = treated("2026-06-01", {{"2026-06-01", 20}});
  EXPECT_EQ(find(proposals(record, "2026-06-29T12:00:00Z"), "remeasure"), nullptr);
  EXPECT_NE(find(proposals(record, "2026-06-30T12:00:00Z"), "remeasure"), nullptr);
}

TEST(TreatToTarget, SafetyComesFirstInsideAndOutsideOfTreatment) {
  Record record = treated("2026-06-01", {{"2026-06-01", 20}}, "completed");
  record.safety.push_back(
      {"e1", "pat1", "phq-9.item-9", "positive", "s-2026-06-01", "2026-06-01", "2026-06-01", "open", "", "", ""});
  auto list = proposals(record, "2026-06-02T12:00:00Z");
  ASSERT_EQ(kinds(list), (Kinds{"safety!", "set-target"}));
  EXPECT_TRUE(list[0].safety_prompt);
  record.plans[0].safety_plan = "made";
  record.safety[0].state = "acknowledged";
  EXPECT_EQ(find(proposals(record, "2026-06-02T12:00:00Z"), "safety"), nullptr);
  record.safety[0].state = "open";
  EXPECT_FALSE(proposals(record, "2026-06-02T12:00:00Z")[0].safety_prompt);
}

TEST(TreatToTarget, AddingTheSameProposalAgainChangesNothing) {
  const auto list = proposals(treated("2026-06-01", {{"2026-06-01", 20}, {"2026-07-20", 18}}), "2026-08-01T12:00:00Z");
  CarePlan plan = plan_of();
  for (const Proposal& one : list) add_to(plan, one);
  EXPECT_EQ(plan.goals.size(), 1U);
  EXPECT_TRUE(plan.review_date.empty()) << "the review date is for care/review.h";
  const CarePlan once = plan;
  for (const Proposal& one : list) EXPECT_FALSE(add_to(plan, one)) << one.kind;
  EXPECT_EQ(plan, once);

  const auto consult = std::ranges::find(plan.activities, "psychiatric-consultation", &Activity::kind);
  ASSERT_NE(consult, plan.activities.end());
  consult->status = "completed";
  for (const Proposal& one : list) EXPECT_FALSE(add_to(plan, one)) << "a person closed it";
}

TEST(TreatToTarget, AGoalThatAPersonKeepsAtTheEhrIsLeftAlone) {
  CarePlan plan = plan_of();
  plan.goals = {{"Goal/7", "feel like myself", "active", {{"44261-6", "< 8", "2026-12-01"}}, ""}};
  const auto list = proposals(treated("2026-06-01", {{"2026-06-01", 20}}), "2026-06-02T12:00:00Z");
  EXPECT_FALSE(add_to(plan, list[0]));
  EXPECT_EQ(plan.goals[0].targets[0].text, "< 8");
}

}  // namespace
}  // namespace bhi::care::test
