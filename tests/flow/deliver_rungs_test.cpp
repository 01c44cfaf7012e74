// Deliveries down the ladder: what an EHR does not take in one form it gets in the next, and nothing is tried that it
// does not declare.
#include "flow/outbox_file.h"
#include "tests/flow/support/rungs_fixture.h"
#include "tests/flow/support/sim_world.h"

#include <map>

namespace bhi::flow {
namespace {

// ---- by profile ----------------------------------------------------------------------------------------------------

struct Expected {
  const char* profile;
  const char* plan;  // rung
  const char* screening;
  const char* safety;
  std::size_t writes;  // of the three
};

class RungsByProfile : public Rungs, public testing::WithParamInterface<Expected> {};

TEST_P(RungsByProfile, NothingIsTriedThatTheEhrDoesNotDeclare) {
  test::SimWorld ehr(GetParam().profile);
  ASSERT_TRUE(ehr.put(R"({"resourceType":"Patient","id":"1"})"));
  const auto capabilities = ehr.capabilities();
  ASSERT_TRUE(capabilities.ok());
  keep({plan()}, "care-plan");
  keep({phq9()}, "screening-result");
  keep({safety()}, "safety");
  std::map<std::string, OutboxItem> items;
  const auto run = [&](bool amended) {
    for (int i = 0; i < 10; ++i) {
      clock_ += 10min;
      const auto items_due = store_->due(clock_, 10).value();
      for (const OutboxItem& due : items_due) {
        const auto done = deliver(test::engine(), *store_, ehr, *capabilities, due, clock_, terms_);
        ASSERT_TRUE(done.ok()) << done.error().message;
        items[(amended ? "amended " : "") + due.artifact] = *done;
      }
    }
  };
  run(false);
  EXPECT_EQ(items["care-plan"].rung, GetParam().plan) << items["care-plan"].reason;
  EXPECT_EQ(items["screening-result"].rung, GetParam().screening) << items["screening-result"].reason;
  EXPECT_EQ(items["safety"].rung, GetParam().safety) << items["safety"].reason;
  for (const auto& [artifact, item] : items) {
    EXPECT_EQ(item.state, item.rung.empty() ? OutboxState::Parked : OutboxState::Verified)
        << artifact << ": " << item.reason;
  }
  EXPECT_EQ(ehr.written(), GetParam().writes);
  care::Screening amended = phq9();
  amended.status = "amended";
  amended.total = 8;
  keep({amended}, "screening-result");
  care::CarePlan done = plan();
  done.status = "completed";
  keep({done}, "care-plan");
  care::SafetyEvent closed = safety();
  closed.state = "acknowledged";
  keep({closed}, "safety");
  run(true);
  EXPECT_EQ(ehr.refused(), 0u);
  for (const auto& [artifact, item] : items) {
    EXPECT_TRUE(item.state == OutboxState::Verified || item.state == OutboxState::Parked)
        << artifact << ": " << item.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, RungsByProfile,
                         testing::Values(Expected{"epic", "DocumentReference", "QuestionnaireResponse", "Communication",
                                                  4},
                                         Expected{"oracle", "DocumentReference", "Observation", "Communication", 4},
                                         Expected{"athenahealth", "", "QuestionnaireResponse", "", 1},
                                         Expected{"eclinicalworks", "", "QuestionnaireResponse", "", 1},
                                         Expected{"medplum", "CarePlan", "QuestionnaireResponse", "Flag", 4},
                                         Expected{"hapi", "CarePlan", "QuestionnaireResponse", "Flag", 4}),
                         [](const auto& given) { return std::string(given.param.profile); });

// ---- refusals ------------------------------------------------------------------------------------------------------

TEST_F(Rungs, D5_04_ACapabilityThatIsGoneAtTheMomentOfSendingLeadsToTheNextRungAndIsSaid) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  EXPECT_EQ(deliver_plan().rung, "CarePlan");
  ehr_.type("CarePlan").update = ehr_.type("CarePlan").create = false;
  const OutboxItem item = deliver_plan("completed");
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, "DocumentReference");
  EXPECT_EQ(audited("rung"), std::vector<std::string>{
                                 "DocumentReference instead of CarePlan: CarePlan update is not declared by the EHR"});
  EXPECT_NE(item.reason.find("still as it was at the EHR, to be corrected there: CarePlan/"), std::string::npos)
      << item.reason;
  EXPECT_EQ(count("PUT"), 0u);
  // And when no other is left, it waits for a person.
  ehr_.type("DocumentReference").update = ehr_.type("DocumentReference").create = false;
  const OutboxItem parked = deliver_plan("stopped");
  EXPECT_EQ(parked.state, OutboxState::Parked);
  EXPECT_EQ(parked.trouble, "policy");
}

TEST_F(Rungs, D5_04_ARefusalByPolicyIsFinalForItsRungAndTheNextIsTakenInTheSameDelivery) {
  const std::vector<FakeEhr::Rude> refusals = {{What::Refused, 405},
                                               {What::Refused, 501},
                                               {What::Refused, 404},
                                               {What::Forbidden, 403},
                                               {What::Refused, 422, false, {}, "business-rule"},
                                               {What::Refused, 400, false, {}, "not-supported"},
                                               {What::Refused, 422, false, {}, "invalid, extension"}};
  int number = 0;
  for (const FakeEhr::Rude& refusal : refusals) {
    ehr_.declare({"CarePlan", "DocumentReference"});
    care::CarePlan one = plan();
    one.id = "p" + std::to_string(++number);
    keep({one}, "care-plan");
    ehr_.rude = {refusal};
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(item.rung, "DocumentReference");
    EXPECT_TRUE(item.reason.starts_with("CarePlan create refused: " + std::to_string(refusal.status))) << item.reason;
    EXPECT_NE(item.reason.find("; DocumentReference/"), std::string::npos) << item.reason;
  }
  EXPECT_EQ(ehr_.all("DocumentReference").size(), refusals.size());
  EXPECT_EQ(audited("refused").size(), refusals.size());
}

TEST_F(Rungs, WhenEveryRungIsRefusedTheItemSaysWhyOfEach) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  ehr_.mood = [] { return FakeEhr::Rude{What::Refused, 405, false, {}, "not-supported"}; };
  const OutboxItem item = deliver_plan();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.trouble, "policy");
  EXPECT_TRUE(
      item.reason.starts_with("no rung: CarePlan create: refused: 405 not-supported; discrete parts: not opted in to; "
                              "DocumentReference create: refused: 405 not-supported; "))
      << item.reason;
}

TEST_F(Rungs, RefusedContentStaysDeadAndIsNotTakenElsewhere) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  ehr_.rude = {{What::Refused, 422, false, {}, "invalid"}};
  const OutboxItem item = deliver_plan();
  EXPECT_EQ(item.state, OutboxState::Dead);
  EXPECT_EQ(count("POST"), 1u);
}

TEST_F(Rungs, ARefusedCompanionIsARemark) {
  ehr_.declare({"QuestionnaireResponse", "Observation"});
  keep({phq9()}, "screening-result");
  int writes = 0;
  ehr_.mood = [&writes]() -> std::optional<FakeEhr::Rude> {
    if (++writes == 2) return FakeEhr::Rude{What::Refused, 405};
    return std::nullopt;
  };
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified);
  EXPECT_EQ(item.rung, "QuestionnaireResponse");
  EXPECT_NE(item.reason.find("; without Observation create: 405"), std::string::npos) << item.reason;
}

TEST_F(Rungs, ATryAfterARefusalDoesNotKnockAtTheClosedDoorAgain) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  ehr_.rude = {{What::Refused, 405}, {What::Later, 503}};
  EXPECT_EQ(deliver_plan().state, OutboxState::RetryAt);
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(count("POST CarePlan"), 1u);
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);
}

TEST_F(Rungs, ALostAnswerOfARungThatIsGoneIsLookedForBeforeTheNextIsTaken) {
  for (const bool done : {true, false}) {
    SCOPED_TRACE(done);
    ehr_.declare({"CarePlan", "DocumentReference"});
    care::CarePlan one = plan();
    one.id = done ? "p1" : "p2";
    keep({one}, "care-plan");
    const std::size_t plans = ehr_.all("CarePlan").size(), documents = ehr_.all("DocumentReference").size();
    ehr_.rude = {{What::Unknown, 0, done}};
    EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
    ehr_.type("CarePlan").create = ehr_.type("CarePlan").update = false;
    OutboxItem item = deliver_next();
    if (!done) {  // an EHR may show it late: it is looked for twice
      EXPECT_EQ(item.state, OutboxState::RetryAt) << item.reason;
      item = deliver_next();
    }
    EXPECT_EQ(ehr_.all("CarePlan").size(), plans + (done ? 1 : 0));
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(ehr_.all("DocumentReference").size(), documents + (done ? 0 : 1)) << item.reason;
  }
}

// ---- outbox files --------------------------------------------------------------------------------------------------

TEST_F(Rungs, WhatNoRungTakesIsAFileUntilAPersonHasFiledIt) {
  ehr_.declare({"Patient"});
  terms_.writing.outbox_files = true;
  std::vector<OutboxFile> files;
  terms_.file = [&files](const OutboxFile& file) -> Result<std::string> {
    files.push_back(file);
    return name_of(file);
  };
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.rung, kOutboxFile);
  EXPECT_EQ(item.trouble, "person");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(item.reason, "not filed: " + name_of(files[0]));
  EXPECT_TRUE(name_of(files[0]).starts_with("main-screening-result-"));
  EXPECT_TRUE(name_of(files[0]).ends_with("-v1.json"));
  EXPECT_EQ(name_of(files[0]).find(kPatient), std::string::npos);
  const auto bundle = document(files[0].body);
  EXPECT_EQ(bundle->root().text_of("type"), "collection");
  const auto entries = fhir::each(bundle->root().find("entry"));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].find("resource")->find("derivedFrom")->elements()[0].text_of("reference"),
            entries[0].text_of("fullUrl"));
  EXPECT_EQ(entries[2].find("resource")->text_of("resourceType"), "DocumentReference");

  EXPECT_EQ(mark_filed(*store_, item.seq + 1, "nurse", clock_).error().kind, Kind::NotFound);
  const auto filed = mark_filed(*store_, item.seq, "nurse", clock_);
  ASSERT_TRUE(filed.ok()) << filed.error().message;
  EXPECT_EQ(filed->state, OutboxState::Verified);
  EXPECT_EQ(filed->reason, "filed by hand: " + name_of(files[0]));
  EXPECT_EQ(mark_filed(*store_, item.seq, "nurse", clock_).error().kind, Kind::Conflict);
  EXPECT_EQ(audited("file"), std::vector<std::string>{"filed by hand: " + name_of(files[0])});
  // The same state again is known to be there; a new one is a new file.
  keep({phq9()}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Parked);
  EXPECT_EQ(files.size(), 2u);
  EXPECT_TRUE(ehr_.requests.empty());
}

TEST_F(Rungs, AFileThatCannotBeWrittenIsNeverCalledWritten) {
  ehr_.declare({"Patient"});
  terms_.writing.outbox_files = true;
  terms_.file = [](const OutboxFile&) -> Result<std::string> { return Error{Kind::Fault, "no signing key"}; };
  const OutboxItem item = deliver_plan();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "outbox file not written: no signing key");
  EXPECT_EQ(mark_filed(*store_, item.seq, "nurse", clock_).error().kind, Kind::Conflict);
}

}  // namespace
}  // namespace bhi::flow
