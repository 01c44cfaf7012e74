// Parts of a plan whose delivery failed half way, or whose answers were lost: there is one of each in the end.
#include "tests/flow/support/parts_fixture.h"

namespace bhi::flow {
namespace {

TEST_F(Parts, AfterAFailureThePartsThatWereWrittenAreNotWrittenAgain) {
  ehr_.rude = {};
  int number = 0;
  ehr_.mood = [&number]() -> std::optional<FakeEhr::Rude> {
    return ++number == 3 ? std::optional(FakeEhr::Rude{What::Later, 503}) : std::nullopt;
  };
  const OutboxItem first = send(whole_plan());
  EXPECT_EQ(first.state, OutboxState::RetryAt) << first.reason;
  restart();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(count("POST"), 5u);
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 2u);
  EXPECT_EQ(ehr_.all("Condition").size(), 1u);
}

TEST_F(Parts, LostAnswersLeaveOneOfEachPart) {
  for (const bool conditional : {true, false}) {
    for (const bool done : {true, false}) {
      for (int lost = 1; lost <= 4; ++lost) {
        SCOPED_TRACE(std::to_string(lost) + (conditional ? " conditional" : "") + (done ? " done" : ""));
        for (TypeCapability& type : ehr_.declared.types) type.conditional_create = conditional;
        const std::size_t requests = ehr_.all("ServiceRequest").size(), conditions = ehr_.all("Condition").size(),
                          goals = ehr_.all("Goal").size();
        care::CarePlan one = whole_plan();
        one.id = "p" + std::to_string(lost) + (conditional ? "c" : "") + (done ? "d" : "");
        int number = 0;
        ehr_.mood = [&]() -> std::optional<FakeEhr::Rude> {
          return ++number == lost ? std::optional(FakeEhr::Rude{What::Unknown, 0, done}) : std::nullopt;
        };
        EXPECT_EQ(send(one).state, OutboxState::Unknown);
        restart();
        OutboxItem item = deliver_next();
        for (int i = 0; i < 4 && item.state == OutboxState::RetryAt; ++i) item = deliver_next();
        EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
        EXPECT_EQ(ehr_.all("ServiceRequest").size(), requests + 2);
        EXPECT_EQ(ehr_.all("Condition").size(), conditions + 1);
        EXPECT_EQ(ehr_.all("Goal").size(), goals + 1);
      }
    }
  }
}

TEST_F(Parts, APartThatWasRewordedAfterItsLostAnswerIsTheSame) {
  ehr_.mood = [this, number = 0]() mutable -> std::optional<FakeEhr::Rude> {
    static_cast<void>(this);
    return ++number == 2 ? std::optional(FakeEhr::Rude{What::Unknown, 0, true}) : std::nullopt;
  };
  care::CarePlan one = whole_plan();
  EXPECT_EQ(send(one).state, OutboxState::Unknown);  // the condition is there, the call is in doubt
  one.activities[0].description = "Call the patient weekly";
  keep({one}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  ASSERT_EQ(ehr_.all("ServiceRequest").size(), 2u);
  EXPECT_NE(ehr_.all("ServiceRequest")[0].body.find("weekly"), std::string::npos);
}

TEST_F(Parts, APartTakenOutWhileItsAnswerWasLostIsRevokedWhereItArrived) {
  for (const bool done : {true, false}) {
    SCOPED_TRACE(done);
    const std::size_t before = ehr_.all("ServiceRequest").size();
    int number = 0;
    ehr_.mood = [&]() -> std::optional<FakeEhr::Rude> {
      return ++number == 2 ? std::optional(FakeEhr::Rude{What::Unknown, 0, done}) : std::nullopt;
    };
    care::CarePlan one = whole_plan();
    one.id = done ? "p1" : "p2";
    EXPECT_EQ(send(one).state, OutboxState::Unknown);
    one.activities.erase(one.activities.begin());
    keep({one}, "care-plan");
    OutboxItem item = deliver_next();
    for (int i = 0; i < 4 && item.state == OutboxState::RetryAt; ++i) item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(ehr_.all("ServiceRequest").size(), before + (done ? 2 : 1));
    if (done) {
      EXPECT_EQ(statuses("ServiceRequest").at(before), "revoked");
    }
    EXPECT_EQ(deliver_next().state, OutboxState::Superseded);
  }
}

TEST_F(Parts, AfterTheLossOfTheStoreTheyAreFoundAgain) {
  send(whole_plan());
  Worked worked;
  for (const care::Entity& entity : {care::Entity(patient()), care::Entity(whole_plan())}) {
    const std::string id = std::visit([](const auto& value) { return value.id; }, entity);
    worked.entities.push_back({std::string(care::kind_of(entity)), id, kPatient, 0, to_json(entity)});
  }
  OutboxItem item;
  item.destination = "main";
  item.patient = kPatient;
  item.artifact = "care-plan";
  item.care_id = "c1";
  item.care_version = 1;
  item.created = kNow + 24h;
  worked.outbox.push_back(item);
  TempStore fresh;
  ASSERT_TRUE(fresh->commit(worked).ok());
  const auto due = fresh->due(kNow + 24h, 10).value();
  ASSERT_EQ(due.size(), 1u);
  const auto done = deliver(test::engine(), *fresh, ehr_, ehr_.declared, due[0], kNow + 24h, terms_);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->state, OutboxState::Verified) << done->reason;
  EXPECT_EQ(ehr_.all("ServiceRequest").size() + ehr_.all("Condition").size() + ehr_.all("Goal").size(), 4u);
}

// An EHR that keeps no identifiers of ours and finds nothing by them: what a part says must tell.
TEST_F(Parts, WithoutIdentifiersALostAnswerIsFoundByWhatItSays) {
  ehr_.declare({"ServiceRequest", "Condition"});
  for (TypeCapability& type : ehr_.declared.types) {
    type.conditional_create = false;
    type.search_params = {"patient"};
  }
  ehr_.on_store = [](std::string body) {
    const auto from = body.find("\"identifier\":[");
    return body.erase(from, body.find("],", from) + 2 - from);
  };
  for (const bool done : {true, false}) {
    SCOPED_TRACE(done);
    const std::size_t requests = ehr_.all("ServiceRequest").size();
    care::CarePlan one = whole_plan();
    one.id = done ? "p1" : "p2";
    one.goals.clear();
    one.problems.clear();
    ehr_.rude = {{What::Unknown, 0, done}};
    EXPECT_EQ(send(one).state, OutboxState::Unknown);
    std::vector<std::string> there;
    for (const auto& made : ehr_.all("ServiceRequest")) {
      const std::string before = "2026-11-22T08:00:00Z";  // when the fake EHR says that everything was written
      there.push_back(made.body);
      there.back().replace(there.back().find(before), before.size(), "2026-11-22T09:15:00Z");
    }
    ehr_.pages["patient=1"] = Page{test::searchset(there), "", std::nullopt};
    restart();
    OutboxItem item = deliver_next();
    for (int i = 0; i < 4 && item.state == OutboxState::RetryAt; ++i) item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(ehr_.all("ServiceRequest").size(), requests + 2);
  }
}

}  // namespace
}  // namespace bhi::flow
