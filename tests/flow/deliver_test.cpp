// An outbox item's way to the EHR: once, in order, without undoing anybody's work, and honest about what is not known.
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

// ---- screening results ---------------------------------------------------------------------------------------------

TEST_F(Deliver, AScreeningOfOursBecomesAResponseAndAScoreDerivedFromIt) {
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto responses = ehr_.all("QuestionnaireResponse");
  const auto observations = ehr_.all("Observation");
  ASSERT_EQ(responses.size(), 1u);
  ASSERT_EQ(observations.size(), 1u);
  const auto observation = document(observations[0].body);
  EXPECT_TRUE(carries_identifier(observation->root(), "urn:bhi-adapter:test", "screening-result/s1"));
  EXPECT_EQ(observation->root().find("derivedFrom")->elements()[0].text_of("reference"),
            "QuestionnaireResponse/" + responses[0].id);
  EXPECT_EQ(observation->root().find("subject")->text_of("reference"), "Patient/1");
  const auto response = document(responses[0].body);
  EXPECT_EQ(response->root().find("identifier")->text_of("value"), "questionnaire-response/s1");
  const auto ledger = store_->ledger("main", "screening-result", "s1").value();
  ASSERT_TRUE(ledger);
  EXPECT_EQ(ledger->id, observations[0].id);
  EXPECT_EQ(ledger->care_version, 1);
  EXPECT_EQ(ledger->hash, store_->resource("main", "Observation", ledger->id).value()->hash);
}

TEST_F(Deliver, AScreeningFromTheEhrGivesAScoreDerivedFromItsResponse) {
  care::Screening screening = phq9();
  screening.source = {"main", "QuestionnaireResponse", "55", "1", ""};
  keep({screening}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_TRUE(ehr_.all("QuestionnaireResponse").empty());
  const auto observation = document(ehr_.all("Observation").at(0).body);
  EXPECT_EQ(observation->root().find("derivedFrom")->elements()[0].text_of("reference"), "QuestionnaireResponse/55");
}

TEST_F(Deliver, ASecondItemOfTheSameStateIsSupersededWithoutARequest) {
  keep({phq9()}, "screening-result");
  keep({phq9()}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  ehr_.requests.clear();
  EXPECT_EQ(deliver_next().state, OutboxState::Superseded);
  EXPECT_TRUE(ehr_.requests.empty());
}

TEST_F(Deliver, AnAmendedScreeningUpdatesWhatIsThere) {
  keep({phq9()}, "screening-result");
  deliver_next();
  care::Screening amended = phq9();
  amended.status = "amended";
  amended.items[0].score = 3;
  amended.total = 11;
  keep({amended}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  ASSERT_EQ(ehr_.all("Observation").size(), 1u);
  EXPECT_EQ(ehr_.all("Observation")[0].version, 2);
  EXPECT_EQ(ehr_.all("QuestionnaireResponse").at(0).version, 2);
  const auto observation = document(ehr_.all("Observation")[0].body);
  EXPECT_EQ(observation->root().find("valueQuantity")->find("value")->text(), "11");
  EXPECT_EQ(observation->root().text_of("status"), "amended");
}

TEST_F(Deliver, ALostAnswerIsLookedUpAndNeverSentTwice) {
  for (const bool conditional : {true, false}) {
    SCOPED_TRACE(conditional);
    care::Screening screening = phq9();
    screening.id = conditional ? "s1" : "s2";
    for (TypeCapability& type : ehr_.declared.types) type.conditional_create = conditional;
    ehr_.honours_conditions = conditional;
    keep({screening}, "screening-result");
    const std::size_t before = ehr_.all("Observation").size();
    ehr_.rude = {{What::Unknown, 0, true}};  // the response was stored, its answer lost
    OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Unknown);
    EXPECT_GT(item.not_before, clock_);
    ehr_.rude = {{What::Unknown, 0, true}};  // now the Observation
    EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
    restart();
    item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    EXPECT_EQ(ehr_.all("Observation").size(), before + 1);
    EXPECT_EQ(ehr_.all("QuestionnaireResponse").size(), before + 1);
    EXPECT_EQ(ehr_.all("Observation").back().version, 1);
  }
}

TEST_F(Deliver, AWriteThatDidNotHappenIsMadeAgain) {
  keep({phq9()}, "screening-result");
  for (const FakeEhr::Rude& rude :
       std::vector<FakeEhr::Rude>{{What::NotSent}, {What::Later, 503}, {What::Unknown}, {What::Later, 429}}) {
    ehr_.rude = {rude};
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, rude.what == What::Unknown ? OutboxState::Unknown : OutboxState::RetryAt);
  }
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("Observation").size(), 1u);
}

TEST_F(Deliver, AKillBetweenSendingAndRecordingLeavesOneCopy) {
  keep({phq9()}, "screening-result");
  // As far as the moment before the wire, then the EHR gets the request, then we are gone.
  OutboxItem item = store_->due(kNow, 1).value().at(0);
  item.state = OutboxState::Sent;
  item.attempts = 1;
  item.request_hash = "of the request";
  ASSERT_TRUE(store_->mark_sent(item, {"send", "main", "Screening/s1", "", kNow}).ok());
  ehr_.create(
      "QuestionnaireResponse",
      R"({"resourceType":"QuestionnaireResponse","status":"completed","identifier":{"system":"urn:bhi-adapter:test","value":"questionnaire-response/s1"}})",
      "");
  restart();
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("QuestionnaireResponse").size(), 1u);
  EXPECT_EQ(ehr_.all("Observation").size(), 1u);
}

TEST_F(Deliver, WaitsAsLongAsTheEhrSays) {
  keep({phq9()}, "screening-result");
  ehr_.rude = {{What::Later, 429, false, 3'000'000}};
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::RetryAt);
  EXPECT_EQ(item.not_before, clock_ + 50min);
}

TEST_F(Deliver, RefusedContentIsDeadWhatIsGoneIsPutAsideAndWithoutATokenItWaits) {
  const std::vector<std::pair<FakeEhr::Rude, OutboxState>> cases = {{{What::Refused, 422}, OutboxState::Dead},
                                                                    {{What::Refused, 400}, OutboxState::Dead},
                                                                    {{What::Refused, 410}, OutboxState::Parked},
                                                                    {{What::Forbidden, 401}, OutboxState::RetryAt}};
  for (const auto& [rude, expected] : cases) {
    keep({phq9()}, "screening-result");
    ehr_.rude = {rude};
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, expected) << rude.status;
    EXPECT_EQ(item.reason, "QuestionnaireResponse create: " + std::to_string(rude.status));
  }
}

TEST_F(Deliver, DoesNotTryWhatTheEhrDoesNotDeclare) {
  for (TypeCapability& type : ehr_.declared.types) type.create = type.update = false;
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.trouble, "policy");
  EXPECT_EQ(
      item.reason,
      "no rung: QuestionnaireResponse create is not declared by the EHR; Observation create is not declared by the "
      "EHR; DocumentReference is not declared by the EHR; no folder for outbox files is configured");
  EXPECT_EQ(count("POST") + count("PUT"), 0u);
}

TEST_F(Deliver, WithoutResponsesTheScoreStandsAlone) {
  std::erase_if(ehr_.declared.types, [](const TypeCapability& type) { return type.type == "QuestionnaireResponse"; });
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified);
  EXPECT_EQ(item.rung, "Observation");
  EXPECT_EQ(document(ehr_.all("Observation").at(0).body)->root().find("derivedFrom"), nullptr);
}

TEST_F(Deliver, WhenItCannotLookItDoesNotGuess) {
  for (TypeCapability& type : ehr_.declared.types) {
    type.conditional_create = false;
    type.search_params = {"_lastUpdated"};
  }
  keep({phq9()}, "screening-result");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason,
            "outcome unknown, and the EHR can search QuestionnaireResponse neither by identifier nor by patient");
}

TEST_F(Deliver, ASearchThatTheEhrIgnoresIsNoProof) {
  for (TypeCapability& type : ehr_.declared.types) type.conditional_create = false;
  ehr_.honours_identifier_search = false;
  ehr_.put(R"({"resourceType":"QuestionnaireResponse","id":"1","status":"completed"})");
  keep({phq9()}, "screening-result");
  ehr_.rude = {{What::Unknown, 0, false}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(
      item.reason,
      "outcome unknown, and the EHR ignores a search of QuestionnaireResponse by identifier and cannot search it by "
      "patient");
}

TEST_F(Deliver, SeveralCopiesAreForAPersonToSettle) {
  for (const char* id : {"1", "2"}) {
    ehr_.put(std::string(R"({"resourceType":"QuestionnaireResponse","status":"completed","id":")") + id +
             R"(","identifier":{"system":"urn:bhi-adapter:test","value":"questionnaire-response/s1"}})");
  }
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_NE(item.reason.find("several"), std::string::npos);
}

TEST_F(Deliver, SubstanceUseIsStoppedAtTheMomentOfSending) {
  care::Screening screening = phq9();
  screening.instrument = "audit-c";
  keep({screening}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Parked);
  EXPECT_TRUE(ehr_.requests.empty());
  Arena arena;
  EXPECT_TRUE(plan_writes(test::engine(), "screening-result", to_node(screening, arena), nullptr, kNow)->empty());
}

TEST_F(Deliver, APatientOfAnotherSourceIsNotGuessed) {
  care::Patient other = patient();
  other.source.system = "elsewhere";
  keep({other});
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "the patient is not known at this destination");
  EXPECT_TRUE(ehr_.requests.empty());
}

// ---- dry runs and delays --------------------------------------------------------------------------------------------

TEST(PlanWrites, AreTheRequestsThatWouldBeMade) {
  Arena arena;
  const auto home = to_node(patient(), arena);
  const auto writes = plan_writes(test::engine(), "screening-result", to_node(phq9(), arena), &home, kNow);
  ASSERT_TRUE(writes.ok()) << writes.error().message;
  ASSERT_EQ(writes->size(), 2u);
  EXPECT_EQ(writes->at(0).rung, "QuestionnaireResponse create");
  EXPECT_EQ(writes->at(0).if_none_exist, "identifier=urn:bhi-adapter:test|questionnaire-response/s1");
  EXPECT_EQ(writes->at(1).method, "POST");
  EXPECT_EQ(writes->at(1).url, "Observation");
  EXPECT_NE(writes->at(1).body.find("QuestionnaireResponse?identifier=urn:bhi-adapter:test|questionnaire-response/s1"),
            std::string::npos);
  care::CarePlan held = plan();
  held.source = {"main", "CarePlan", "7", "4", ""};
  const auto update = plan_writes(test::engine(), "care-plan", to_node(held, arena), &home, kNow);
  ASSERT_EQ(update->size(), 1u);
  EXPECT_EQ(update->at(0).method + " " + update->at(0).url + " " + update->at(0).if_match, "PUT CarePlan/7 4");
  EXPECT_EQ(plan_writes(test::engine(), "care-plan", to_node(plan(), arena), nullptr, kNow).error().kind,
            Kind::NotFound);
  EXPECT_EQ(plan_writes(test::engine(), "letter", to_node(plan(), arena), &home, kNow).error().kind, Kind::Unsupported);
}

TEST(RetryDelay, DoublesToFiveMinutesAndSpreadsItems) {
  for (int attempts = 1; attempts < 40; ++attempts) {
    const auto delay = retry_delay(attempts, "x");
    EXPECT_GE(delay, std::min<std::chrono::milliseconds>(150s, 1000ms * (1LL << std::min(attempts - 1, 20))));
    EXPECT_LE(delay, 300s);
    EXPECT_EQ(delay, retry_delay(attempts, "x"));
  }
  EXPECT_NE(retry_delay(5, "x"), retry_delay(5, "y"));
  EXPECT_LE(retry_delay(0, "x"), 2s);
}

}  // namespace
}  // namespace bhi::flow
