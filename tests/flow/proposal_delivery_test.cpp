// What the rules put into the EHR's own plan, there and back: written, edited by a clinician, followed, never doubled.
#include "flow/tick.h"
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

class ProposalDelivery : public DeliverEhrPlan {
 protected:
  ProposalDelivery() {
    read_in(
        R"({"resourceType":"EpisodeOfCare","id":"e","status":"active","patient":{"reference":"Patient/1"},
            "period":{"start":"2026-08-01"}})");
    score("1", "2026-08-01", 20);
  }

  void score(const std::string& id, const std::string& on, int total) {
    read_in(R"({"resourceType":"Observation","id":"o)" + id +
            R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},)"
            R"("subject":{"reference":"Patient/1"},"effectiveDateTime":")" +
            on + R"(","valueInteger":)" + std::to_string(total) + "}");
  }

  std::vector<std::string> goals_there() {
    std::vector<std::string> goals;
    const auto document = there();
    for (const fhir::Node& goal : fhir::each(document->root().find("goal")))
      goals.emplace_back(goal.text_of("display"));
    return goals;
  }
  std::vector<std::string> activities_there() {
    std::vector<std::string> kinds;
    const auto document = there();
    for (const fhir::Node& activity : fhir::each(document->root().find("activity"))) {
      const fhir::Node* detail = activity.find("detail");
      if (detail != nullptr) kinds.emplace_back(detail->text_of("description"));
    }
    return kinds;
  }
  void deliver_all() {
    while (!store_->due(clock_ + 10min, 10).value().empty()) deliver_next();
  }
};

using Texts = std::vector<std::string>;

TEST_F(ProposalDelivery, AGoalIsWrittenFollowedAndReplacedNotDoubled) {
  deliver_all();
  ASSERT_EQ(goals_there(), (Texts{"PHQ-9 below 10 (in-progress)"}));
  const std::int64_t version = ehr_.find("CarePlan", "7")->version;
  for (int i = 0; i < 3; ++i) accept_and_work();
  deliver_all();
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, version) << "its own write is no news";

  score("2", "2026-09-01", 12);
  deliver_all();
  EXPECT_EQ(goals_there(), (Texts{"PHQ-9 below 10 (improving)"}));
  score("3", "2026-10-01", 8);
  deliver_all();
  EXPECT_EQ(goals_there(), (Texts{"PHQ-9 below 5 (improving)"}));
  EXPECT_EQ(stored_plan().goals.size(), 1u);
  EXPECT_EQ(stored_plan().goals[0].achievement, "improving");
}

TEST_F(ProposalDelivery, AClinicianWhoEditsSomethingElseLeavesThemOurs) {
  deliver_all();
  ASSERT_EQ(goals_there().size(), 1u);
  std::string edited = ehr_.find("CarePlan", "7")->body;
  edited.replace(edited.find("Depression care"), 15, "Mood and energy");
  ehr_.put(edited);
  accept_and_work();
  deliver_all();
  EXPECT_EQ(stored_plan().title, "Mood and energy");
  score("3", "2026-10-01", 4);
  deliver_all();
  EXPECT_EQ(goals_there(), (Texts{"PHQ-9 below 5 (achieved)"}));
  EXPECT_EQ(stored_plan().goals.size(), 1u);
}

TEST_F(ProposalDelivery, WhatAClinicianTakesOutThereStaysOut) {
  deliver_all();
  const Texts before = activities_there();
  EXPECT_NE(std::ranges::find(before, "PHQ-9 again"), before.end());
  std::string edited = ehr_.find("CarePlan", "7")->body;
  const auto text = edited.find("PHQ-9 again");
  ASSERT_NE(text, std::string::npos);
  const auto begin = edited.rfind(R"(,{"detail")", text);  // not the first of the list
  ASSERT_NE(begin, std::string::npos);
  const auto end = std::min(edited.find(R"(,{"detail")", text), edited.find(']', text));
  edited.erase(begin, end - begin);
  ehr_.put(edited);
  accept_and_work();
  deliver_all();
  const auto ticked = tick_patient(test::engine(), *store_, {{"main"}}, kPatient, clock_);
  ASSERT_TRUE(ticked.ok());
  deliver_all();
  const Texts after = activities_there();
  EXPECT_EQ(std::ranges::find(after, "PHQ-9 again"), after.end());
  EXPECT_EQ(after.size() + 1, before.size());
}

TEST_F(ProposalDelivery, AnEditOfTheGoalThereIsKept) {
  deliver_all();
  ASSERT_EQ(goals_there().size(), 1u);
  std::string edited = ehr_.find("CarePlan", "7")->body;
  edited.replace(edited.find("PHQ-9 below 10 (in-progress)"), 28, "Feel like myself");
  ehr_.put(edited);
  accept_and_work();
  deliver_all();
  EXPECT_EQ(goals_there(), (Texts{"Feel like myself"}));
  score("3", "2026-10-01", 12);
  deliver_all();
  EXPECT_EQ(goals_there(), (Texts{"Feel like myself"})) << "a person's goal for the same measure stands";
}

}  // namespace
}  // namespace bhi::flow
