// Deliveries of a plan's parts as resources of their own: each once, changed in place, closed when it is over.
#include "flow/outbox_acts.h"
#include "flow/provenance.h"
#include "tests/flow/support/parts_fixture.h"

namespace bhi::flow {
namespace {

TEST_F(Parts, EachOpenPartOfOursIsOneResourceAndAnUnchangedPlanIsNotWrittenAgain) {
  const OutboxItem item = send(whole_plan());
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, kParts);
  EXPECT_EQ(statuses("ServiceRequest"), (Texts{"active", "active"}));
  EXPECT_EQ(ehr_.all("Condition").size(), 1u);  // the other one is the EHR's
  EXPECT_EQ(statuses("Goal", "lifecycleStatus"), Texts{"active"});
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 0u);
  for (const auto& one : ehr_.all("ServiceRequest")) {
    EXPECT_NE(item.reason.find("ServiceRequest/" + one.id + " version 1"), std::string::npos) << item.reason;
    const auto read = document(one.body);
    EXPECT_TRUE(value_in(read->root(), "urn:bhi-adapter:test").starts_with("care-plan-activity/c1."));
    EXPECT_EQ(read->root().text_of("intent"), "plan");
  }
  const std::size_t before = writes();
  EXPECT_EQ(send(whole_plan()).state, OutboxState::Verified);
  EXPECT_EQ(writes(), before);
}

TEST_F(Parts, WithoutOptingInNothingOfItIsWritten) {
  terms_.writing.parts = false;
  const OutboxItem item = send(whole_plan());
  EXPECT_EQ(item.rung, "DocumentReference");
  EXPECT_EQ(ehr_.all("ServiceRequest").size() + ehr_.all("Condition").size() + ehr_.all("Goal").size(), 0u);
}

TEST_F(Parts, WhatChangedIsUpdatedAndWhatIsNewIsAdded) {
  send(whole_plan());
  care::CarePlan changed = whole_plan();
  changed.activities = {activity("Breathing exercises"), activity("Sleep diary"),
                        activity("Call the patient", "completed")};
  const OutboxItem item = send(changed);
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(statuses("ServiceRequest"), (Texts{"completed", "active", "active"}));
  EXPECT_EQ(count("PUT"), 1u);
  EXPECT_EQ(count("POST ServiceRequest"), 3u);
}

TEST_F(Parts, WhatIsTakenOutOfThePlanIsRevoked) {
  send(whole_plan());
  care::CarePlan changed = whole_plan();
  changed.activities.erase(changed.activities.begin());
  changed.problems.clear();
  changed.goals.clear();
  const OutboxItem item = send(changed);
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(statuses("ServiceRequest"), (Texts{"revoked", "active"}));
  EXPECT_EQ(clinical_status(), "inactive");
  EXPECT_EQ(statuses("Goal", "lifecycleStatus"), Texts{"cancelled"});
  const std::size_t before = writes();
  EXPECT_EQ(send(changed).state, OutboxState::Verified);
  EXPECT_EQ(writes(), before);
}

TEST_F(Parts, APlanThatIsOverClosesItsParts) {
  struct Case {
    const char* plan;
    Texts requests;
    const char* problem;
    const char* goal;
  };
  // The call was begun, the diary not.
  const std::vector<Case> cases = {
      {"completed", {"completed", "revoked"}, "inactive", "completed"},
      {"revoked", {"revoked", "revoked"}, "inactive", "cancelled"},
      {"entered-in-error", {"entered-in-error", "entered-in-error"}, "none", "entered-in-error"},
  };
  care::CarePlan one = whole_plan();
  one.activities[0].status = "in-progress";
  send(one);
  for (const Case& expected : cases) {
    one.status = expected.plan;
    const OutboxItem item = send(one);
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(statuses("ServiceRequest"), expected.requests) << expected.plan;
    EXPECT_EQ(clinical_status(), expected.problem) << expected.plan;
    EXPECT_EQ(statuses("Goal", "lifecycleStatus"), Texts{expected.goal}) << expected.plan;
  }
  EXPECT_EQ(count("POST"), 4u);
}

TEST_F(Parts, APlanThatWasOverBeforeAnybodyWasToldGoesAnotherWay) {
  care::CarePlan one = whole_plan();
  one.status = "completed";
  EXPECT_EQ(send(one).rung, "DocumentReference");
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 0u);
}

TEST_F(Parts, GoalsAreLeftOutWhereTheEhrTakesNoneAndAProblemThatCannotBeWrittenClosesTheRung) {
  ehr_.declare({"ServiceRequest", "Condition", "DocumentReference"});
  const OutboxItem item = send(whole_plan());
  EXPECT_EQ(item.rung, kParts);
  EXPECT_NE(item.reason.find("without the companion: Goal is not declared by the EHR"), std::string::npos)
      << item.reason;
  ehr_.declare({"ServiceRequest", "DocumentReference"});
  care::CarePlan other = whole_plan();
  other.id = "c2";
  EXPECT_EQ(send(other).rung, "DocumentReference");
  other.id = "c3";
  other.problems.clear();
  EXPECT_EQ(send(other).rung, kParts);
}

TEST_F(Parts, AnInteractionThatIsNotDeclaredIsNotTried) {
  ehr_.type("Condition").update = false;
  care::CarePlan one = whole_plan();
  send(one);
  one.activities[0].status = "completed";
  EXPECT_EQ(send(one).rung, kParts);  // the problem needs no change
  one.status = "revoked";
  const OutboxItem item = send(one);
  EXPECT_EQ(item.rung, "DocumentReference");
  EXPECT_NE(item.reason.find("to be corrected there: "), std::string::npos) << item.reason;
  EXPECT_NE(item.reason.find("Condition/" + ehr_.all("Condition").at(0).id), std::string::npos) << item.reason;
  EXPECT_EQ(count("PUT Condition"), 0u);
}

TEST_F(Parts, AnEditOfTheSameElementThereAsksAndOtherEditsAreKept) {
  care::CarePlan one = whole_plan();
  send(one);
  const auto made = ehr_.all("ServiceRequest").at(0);
  std::string edited = made.body;
  edited.replace(edited.find("\"active\""), 8, "\"on-hold\"");
  ehr_.put(edited);
  one.activities[1].status = "in-progress";  // says the same as before: nothing to write
  EXPECT_EQ(send(one).state, OutboxState::Verified);
  one.activities[0].status = one.activities[1].status = "completed";
  const OutboxItem item = send(one);
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "edited at the EHR: ServiceRequest.status");
  EXPECT_EQ(statuses("ServiceRequest"), (Texts{"on-hold", "completed"}));
}

TEST_F(Parts, ThatComeBackByPollingMakeNoEcho) {
  send(whole_plan());
  for (int poll = 0; poll < 3; ++poll) {
    Accepted batch;
    for (const char* type : {"ServiceRequest", "Condition", "Goal"}) {
      for (const auto& resource : ehr_.all(type)) {
        InboxItem item;
        item.resource = copy_of(document(resource.body)->root(), "main");
        if (poll == 2) item.resource.hash += "x";  // an edit there
        item.lane = "main|Patient/1";
        item.channel = "poll";
        batch.items.push_back(item);
      }
    }
    ASSERT_TRUE(store_->accept(batch).ok());
    work();
    EXPECT_TRUE(store_->due(clock_ + 24h, 10).value().empty());
    EXPECT_TRUE(store_->entities_of(kPatient, "Referral").value().empty());
    EXPECT_EQ(store_->list("CarePlan", "", 10)->entities.size(), 1u);
  }
}

TEST_F(Parts, WrittenTwiceAddsTheReadableWholeAndWhatNoPartSaysIsNamed) {
  care::CarePlan one = whole_plan();
  one.relapse_prevention = "Call the nurse";
  one.safety_plan = "Remove means";
  const OutboxItem alone = send(one);
  EXPECT_TRUE(alone.reason.ends_with("; not told in parts: relapse prevention, safety plan")) << alone.reason;
  for (const char* type : {"ServiceRequest", "Condition", "Goal"}) {
    for (const auto& made : ehr_.all(type)) EXPECT_EQ(made.body.find("Remove means"), std::string::npos) << type;
  }
  terms_.writing.twice = {"care-plan"};
  one.id = "c2";
  const OutboxItem both = send(one);
  EXPECT_EQ(both.rung, kParts);
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);
  EXPECT_EQ(both.reason.find("not told in parts"), std::string::npos) << both.reason;
}

TEST_F(Parts, OfAPlanOfTheEhrOnlyWhatItDoesNotSayItselfIsTold) {
  ehr_.declare({"ServiceRequest", "Condition", "CarePlan"});
  ehr_.type("CarePlan").update = ehr_.type("CarePlan").create = false;
  read_in(kEhrPlan);
  care::CarePlan changed = stored_plan();
  changed.activities.push_back(activity("Call the patient"));
  keep({changed}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.rung, kParts) << item.reason;
  ASSERT_EQ(ehr_.all("ServiceRequest").size(), 1u);
  EXPECT_NE(ehr_.all("ServiceRequest")[0].body.find("Call the patient"), std::string::npos);
}

TEST_F(Parts, AConflictIsResolvedForThePartItIsAbout) {
  for (const Keep side : {Keep::Ours, Keep::Theirs}) {
    care::CarePlan one = whole_plan();
    one.id = side == Keep::Ours ? "p1" : "p2";
    const std::size_t before = ehr_.all("ServiceRequest").size();
    send(one);
    std::string edited = ehr_.all("ServiceRequest").at(before).body;
    edited.replace(edited.find("\"active\""), 8, "\"on-hold\"");
    ehr_.put(edited);
    one.activities[0].status = "completed";
    const OutboxItem parked = send(one);
    ASSERT_EQ(parked.state, OutboxState::Parked);
    const auto resolved = resolve_conflict(test::engine(), *store_, ehr_, parked.seq, side, "ann", clock_);
    ASSERT_TRUE(resolved.ok()) << resolved.error().message;
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(statuses("ServiceRequest").at(before), side == Keep::Ours ? "completed" : "on-hold");
  }
}

TEST_F(Parts, EachHasItsProvenance) {
  care::CarePlan one = whole_plan();
  EXPECT_EQ(versions_written(*store_, send(one))->size(), 4u);
  one.activities[1].status = "completed";
  const auto written = versions_written(*store_, send(one)).value();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].reference(), "ServiceRequest/" + ehr_.all("ServiceRequest").at(1).id + "/_history/2");
  EXPECT_FALSE(written[0].created);
}

TEST_F(Parts, ARefusalByPolicyLeadsToTheNextRung) {
  ehr_.rude = {{What::Refused, 405}};
  const OutboxItem item = send(whole_plan());
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, "DocumentReference");
  EXPECT_EQ(writes(), 2u);
}

TEST_F(Parts, ARefusedGoalIsARemark) {
  int number = 0;
  ehr_.mood = [&number]() -> std::optional<FakeEhr::Rude> {
    return ++number == 4 ? std::optional(FakeEhr::Rude{What::Refused, 405}) : std::nullopt;
  };
  const OutboxItem item = send(whole_plan());
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, kParts);
  EXPECT_NE(item.reason.find("; without Goal create: 405"), std::string::npos) << item.reason;
}

}  // namespace
}  // namespace bhi::flow
