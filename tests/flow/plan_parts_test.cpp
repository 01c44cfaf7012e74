// Which part of a plan is which, while the plan changes.
#include "flow/plan_parts.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

constexpr const char* kActivities = "care-plan-activity";

care::Activity activity(const std::string& description, const std::string& status = "not-started") {
  care::Activity made;
  made.description = description;
  made.status = status;
  return made;
}

care::CarePlan plan_of(std::vector<care::Activity> activities) {
  care::CarePlan plan;
  plan.id = "c1";
  plan.patient = "p1";
  plan.status = "active";
  plan.activities = std::move(activities);
  return plan;
}

std::vector<PlanPart> next(const std::vector<PlanPart>& roster, std::vector<care::Activity> activities) {
  return follow(roster, plan_of(std::move(activities)), {}, kActivities);
}

std::string id_of(const std::vector<PlanPart>& parts, const std::string& description) {
  for (const PlanPart& part : parts) {
    if (part.said.activities.at(0).description == description) return part.said.id;
  }
  return "none";
}

TEST(PlanParts, KeepTheirIdsWhenTheyAreReordered) {
  const auto first = next({}, {activity("Call"), activity("Walk daily"), activity("Sleep diary")});
  ASSERT_EQ(first.size(), 3u);
  const auto later = next(first, {activity("Sleep diary"), activity("Call", "in-progress"), activity("Walk daily")});
  ASSERT_EQ(later.size(), 3u);
  for (const char* one : {"Call", "Walk daily", "Sleep diary"}) EXPECT_EQ(id_of(later, one), id_of(first, one));
  for (const PlanPart& part : later) EXPECT_FALSE(part.removed);
}

TEST(PlanParts, TellNothingByTheirIdsAndGetTheSameOnesAgainWithoutTheRoster) {
  const auto first = next({}, {activity("Call")});
  EXPECT_EQ(first[0].said.id.find("Call"), std::string::npos);
  EXPECT_TRUE(first[0].said.id.starts_with("c1."));
  EXPECT_EQ(next({}, {activity("Walk"), activity("Call", "in-progress")})[1].said.id, first[0].said.id);
}

TEST(PlanParts, WithTheSameWordsAreTwoParts) {
  const auto both = next({}, {activity("Call"), activity("Call")});
  ASSERT_EQ(both.size(), 2u);
  EXPECT_NE(both[0].said.id, both[1].said.id);
  const auto later = next(both, {activity("Call")});
  EXPECT_FALSE(later[0].removed);
  EXPECT_TRUE(later[1].removed);
}

TEST(PlanParts, ThatAreRewordedStayThemselvesAndOthersDoNot) {
  const auto first = next({}, {activity("Call the patient every week"), activity("Sleep diary")});
  const auto later = next(first, {activity("Call the patient every month"), activity("Check the sertraline level")});
  ASSERT_EQ(later.size(), 3u);
  EXPECT_EQ(id_of(later, "Call the patient every month"), first[0].said.id);
  EXPECT_TRUE(later[1].removed);
  EXPECT_EQ(later[1].said.activities[0].description, "Sleep diary");
  EXPECT_NE(id_of(later, "Check the sertraline level"), first[1].said.id);
}

TEST(PlanParts, AreNotGuessedWhereTwoMayBeMeant) {
  const auto first = next({}, {activity("Call the patient in May"), activity("Call the patient in June")});
  const auto later = next(first, {activity("Call the patient in July")});
  ASSERT_EQ(later.size(), 3u);
  EXPECT_TRUE(later[0].removed && later[1].removed);
}

TEST(PlanParts, ComeBackAsTheSame) {
  const auto first = next({}, {activity("Call"), activity("Walk")});
  const auto without = next(first, {activity("Walk")});
  EXPECT_TRUE(without[0].removed);
  const auto again = next(without, {activity("Walk"), activity("Call")});
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(id_of(again, "Call"), first[0].said.id);
  EXPECT_FALSE(again[0].removed);
}

TEST(PlanParts, AreOursOnlyWhereTheEhrHoldsNothingOfThem) {
  care::Activity held = activity("Group therapy");
  held.reference = "ServiceRequest/9";
  const auto parts = follow({}, plan_of({held, activity("Call"), activity("Walk", "completed")}),
                            parts_of(plan_of({activity("Walk")}), kActivities), kActivities);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].said.activities[0].description, "Call");
}

TEST(PlanParts, ThatAreOverAreNotBegun) {
  EXPECT_TRUE(next({}, {activity("Call", "completed"), activity("Walk", "cancelled")}).empty());
  care::CarePlan done = plan_of({activity("Call")});
  done.status = "completed";
  EXPECT_TRUE(follow({}, done, {}, kActivities).empty());
}

TEST(PlanParts, GoAndComeThroughTheirText) {
  care::CarePlan plan = plan_of({activity("Call"), activity("Walk")});
  plan.title = "Depression";
  auto roster = follow({}, plan, {}, kActivities);
  roster[1].removed = true;
  const auto read = roster_from(roster_text(roster));
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*read)[i].said, roster[i].said);
    EXPECT_EQ((*read)[i].removed, roster[i].removed);
  }
  EXPECT_TRUE(roster_from("")->empty());
  EXPECT_FALSE(roster_from("{\"parts\":[{}]}").ok());
}

TEST(PlanParts, GoalsAreToldByTheirMeasureAndProblemsByTheirCodes) {
  care::CarePlan plan = plan_of({});
  care::Goal goal;
  goal.description = "Feel better";
  goal.targets.push_back({"44261-6", "< 10", ""});
  plan.goals = {goal};
  plan.problems = {{"", "Depression", {{"http://snomed.info/sct", "35489007", ""}}}, {"Condition/1", "Asthma", {}}};
  const auto goals = follow({}, plan, {}, "care-plan-goal");
  const auto problems = follow({}, plan, {}, "care-plan-problem");
  ASSERT_EQ(goals.size(), 1u);
  ASSERT_EQ(problems.size(), 1u);
  plan.goals[0].description = "PHQ-9 in remission";
  plan.goals[0].targets[0].text = "< 5";
  plan.problems[0].text = "Depressive disorder";
  EXPECT_EQ(follow(goals, plan, {}, "care-plan-goal").at(0).said.id, goals[0].said.id);
  const auto renamed = follow(problems, plan, {}, "care-plan-problem");
  ASSERT_EQ(renamed.size(), 1u);
  EXPECT_EQ(renamed[0].said.id, problems[0].said.id);
}

}  // namespace
}  // namespace bhi::flow
