// Care plans on their way to the EHR: updates of what others edit too.
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

TEST_F(Deliver, APlanOfOursIsCreatedAndItsNextStateIsANewVersion) {
  keep({plan()}, "care-plan");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  care::CarePlan changed = plan();
  changed.activities[0].status = "completed";
  keep({changed}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto plans = ehr_.all("CarePlan");
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].version, 2);
  EXPECT_EQ(item.reason, "CarePlan/" + plans[0].id + " version 2");
  EXPECT_EQ(count("PUT CarePlan/" + plans[0].id + " if 1"), 1u);
}

TEST_F(Deliver, SeveralChangesGoAsOneVersion) {
  keep({plan()}, "care-plan");
  deliver_next();
  care::CarePlan changed = plan();
  for (const char* status : {"in-progress", "on-hold", "completed"}) {
    changed.activities[0].status = status;
    keep({changed}, "care-plan");
  }
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(deliver_next().state, OutboxState::Superseded);
  EXPECT_EQ(deliver_next().state, OutboxState::Superseded);
  EXPECT_EQ(ehr_.all("CarePlan").at(0).version, 2);
  EXPECT_NE(ehr_.all("CarePlan").at(0).body.find("completed"), std::string::npos);
}

TEST_F(DeliverEhrPlan, AChangeTouchesNothingElse) {
  complete();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto after = there();
  const auto& activity = after->root().find("activity")->elements()[0];
  EXPECT_EQ(activity.find("detail")->text_of("status"), "completed");
  EXPECT_EQ(activity.find("detail")->text_of("description"), "Walk");
  EXPECT_EQ(activity.find("progress")->elements()[0].text_of("text"), "started well");
  EXPECT_EQ(after->root().find("contributor")->elements().size(), 1u);
  EXPECT_EQ(after->root().find("text"), nullptr);  // it said what is no longer so
  EXPECT_TRUE(carries_identifier(after->root(), "urn:bhi-adapter:test", "care-plan/" + stored_plan().id));
  // Three polls later there is nothing new.
  for (int i = 0; i < 3; ++i) accept_and_work();
  EXPECT_EQ(store_->due(clock_ + 24h, 10).value().size(), 0u);
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 2);
}

TEST_F(DeliverEhrPlan, AnEditOfAnotherElementThereIsKeptAndReachesTheCareModel) {
  complete();
  std::string edited = kEhrPlan;
  edited.replace(edited.find("Depression care"), 15, "Mood and energy");
  ehr_.put(edited);
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(there()->root().text_of("title"), "Mood and energy");
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 3);
  work();
  EXPECT_EQ(stored_plan().title, "Mood and energy");
  EXPECT_EQ(stored_plan().activities.at(0).status, "completed");
  EXPECT_TRUE(store_->due(clock_ + 24h, 10).value().empty());
}

TEST_F(DeliverEhrPlan, AnEditOfTheSameElementThereIsNotOverwritten) {
  complete();
  std::string edited = kEhrPlan;
  edited.replace(edited.find("not-started"), 11, "cancelled");
  ehr_.put(edited);
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "edited at the EHR: CarePlan.activity[0].detail.status");
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 2);
  EXPECT_EQ(count("PUT"), 0u);
}

TEST_F(DeliverEhrPlan, AnEditInTheSameMomentIsMergedOnTheNextTry) {
  complete();
  ehr_.before_update = [this] {
    std::string edited = kEhrPlan;
    edited.replace(edited.find("Depression care"), 15, "Mood and energy");
    ehr_.put(edited);
    ehr_.before_update = nullptr;
  };
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(there()->root().text_of("title"), "Mood and energy");
  EXPECT_EQ(there()->root().find("activity")->elements()[0].find("detail")->text_of("status"), "completed");
}

TEST_F(DeliverEhrPlan, AnEditorWhoNeverRestsIsAskedAgainLater) {
  complete();
  int edit = 0;
  ehr_.before_update = [this, &edit] {
    std::string edited = kEhrPlan;
    edited.replace(edited.find("Depression care"), 15, "Title " + std::to_string(++edit));
    ehr_.put(edited);
  };
  EXPECT_EQ(deliver_next().state, OutboxState::RetryAt);
  EXPECT_EQ(count("PUT"), 3u);
  ehr_.before_update = nullptr;
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
}

TEST_F(DeliverEhrPlan, ALostAnswerToAnUpdateMakesNoSecondVersion) {
  complete();
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  restart();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 2);
}

TEST_F(DeliverEhrPlan, AChangeAfterALostAnswerIsNoConflictWithOurOwnWrite) {
  complete();
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  care::CarePlan changed = stored_plan();
  changed.activities[0].status = "stopped";
  keep({changed}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto after = there();
  const auto& activity = after->root().find("activity")->elements()[0];
  EXPECT_EQ(activity.find("detail")->text_of("status"), "stopped");
  EXPECT_EQ(activity.find("progress")->elements().size(), 1u);
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 3);
}

TEST_F(Deliver, APlanThatChangedAfterALostCreateIsAdoptedAndBroughtUpToDate) {
  keep({plan()}, "care-plan");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  // Meanwhile the clinic adds to it, and so do we.
  const auto made = ehr_.all("CarePlan").at(0);
  std::string edited = made.body;
  edited.insert(edited.find("\"detail\""), "\"progress\":[{\"text\":\"went well\"}],");
  ehr_.put(edited);
  care::CarePlan changed = plan();
  changed.activities[0].status = "completed";
  keep({changed}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  ASSERT_EQ(ehr_.all("CarePlan").size(), 1u);
  const auto after = document(ehr_.all("CarePlan")[0].body);
  const auto& activity = after->root().find("activity")->elements()[0];
  EXPECT_EQ(activity.find("detail")->text_of("status"), "completed");
  EXPECT_EQ(fhir::each(activity.find("progress")).size(), 1u);
}

TEST_F(DeliverEhrPlan, AnUndeclaredUpdateIsNeverTried) {
  for (TypeCapability& type : ehr_.declared.types) type.update = false;
  complete();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_TRUE(item.reason.starts_with("no rung: CarePlan update is not declared by the EHR; ")) << item.reason;
  EXPECT_EQ(count("PUT"), 0u);
}

TEST_F(DeliverEhrPlan, APlanThatIsGoneIsNotMadeAnew) {
  complete();
  ehr_.read_errors = {Error{Kind::NotFound, "410 gone"}};
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "CarePlan is gone at the EHR: 410 gone");
  EXPECT_EQ(count("POST") + count("PUT"), 0u);
}

TEST_F(DeliverEhrPlan, WhatTheEhrDidNotKeepIsSaid) {
  ehr_.on_store = [](std::string body) {
    const std::size_t at = body.find("\"completed\"");
    return at == std::string::npos ? body : body.replace(at, 11, "\"unknown\"");
  };
  complete();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified);
  EXPECT_EQ(item.reason, "CarePlan/7 version 2; the EHR did not keep as written: CarePlan.activity[0].detail.status");
}

}  // namespace
}  // namespace bhi::flow
