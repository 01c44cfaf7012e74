// Deliveries down the ladder: what an EHR does not take in one form it gets in the next, and nothing is tried that it
// does not declare.
#include "fhirpath/text.h"
#include "flow/outbox_file.h"
#include "tests/flow/support/delivery_fixture.h"
#include "tests/flow/support/sim_world.h"

#include <map>

namespace bhi::flow {
namespace {

care::SafetyEvent safety() {
  care::SafetyEvent event;
  event.id = "v1";
  event.patient = kPatient;
  event.rule = "phq-9.item-9";
  event.level = "positive";
  event.derived_from = "s1";
  event.occurred = "2026-11-21T10:00:00Z";
  event.raised = "2026-11-21T10:01:00Z";
  event.state = "open";
  event.note = "item 9 answered 1";
  return event;
}

class Rungs : public Deliver {
 protected:
  OutboxItem deliver_plan(const std::string& status = "not-started") {
    care::CarePlan changed = plan();
    changed.activities[0].status = status;
    keep({changed}, "care-plan");
    return deliver_next();
  }
  std::string html_of(const std::string& body) {
    const auto read = document(body);
    const auto& attachment = *read->root().find("content")->elements()[0].find("attachment");
    return fhirpath::decode(attachment.text_of("data"), "base64").value_or("");
  }
  std::vector<std::string> audited(const std::string& action) {
    std::vector<std::string> outcomes;
    const auto trail = store_->audit_trail(0, 1000).value();
    for (const AuditRow& row : trail) {
      if (row.entry.action == action) outcomes.push_back(row.entry.outcome);
    }
    return outcomes;
  }
};

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
      item.reason.starts_with("no rung: CarePlan create: refused: 405 not-supported; DocumentReference create: "
                              "refused: 405 not-supported; "))
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

// ---- documents and notices -----------------------------------------------------------------------------------------

TEST_F(Rungs, APlanAsADocumentIsReadableAndIsReplacedOnlyWhenItSaysSomethingElse) {
  ehr_.declare({"DocumentReference"});
  ehr_.type("DocumentReference").update = false;
  EXPECT_EQ(deliver_plan().state, OutboxState::Verified);
  ASSERT_EQ(ehr_.all("DocumentReference").size(), 1u);
  const auto first = ehr_.all("DocumentReference")[0];
  const std::string html = html_of(first.body);
  EXPECT_NE(html.find("<h1>Behavioral health care plan: Depression care</h1>"), std::string::npos) << html;
  EXPECT_NE(html.find("<td>Call the patient</td><td>not-started</td>"), std::string::npos) << html;
  EXPECT_NE(html.find("version 1."), std::string::npos);
  EXPECT_EQ(html.find("Someone"), std::string::npos) << "the patient is not named";
  EXPECT_EQ(html.find("<script"), std::string::npos);

  EXPECT_EQ(deliver_plan().state, OutboxState::Verified);  // a version that changes nothing
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);

  const OutboxItem item = deliver_plan("completed");
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto all = ehr_.all("DocumentReference");
  ASSERT_EQ(all.size(), 2u);
  const auto second = document(all[1].body);
  EXPECT_EQ(second->root().find("relatesTo")->elements()[0].find("target")->text_of("reference"),
            "DocumentReference/" + first.id);
  EXPECT_TRUE(carries_identifier(second->root(), "urn:bhi-adapter:test", "care-plan-document/c1@3"));
  EXPECT_EQ(store_->ledger("main", "care-plan-document", "c1").value()->id, all[1].id);
  EXPECT_NE(html_of(all[1].body).find("<td>completed</td>"), std::string::npos);
}

TEST_F(Rungs, AfterTheLossOfTheStoreADocumentThatSaysTheSameIsNotWrittenAgain) {
  ehr_.declare({"DocumentReference"});
  EXPECT_EQ(deliver_plan().state, OutboxState::Verified);
  Worked worked;
  for (const care::Entity& entity : {care::Entity(patient()), care::Entity(plan())}) {
    const std::string id = std::visit([](const auto& value) { return value.id; }, entity);
    worked.entities.push_back({std::string(care::kind_of(entity)), id, kPatient, 0, to_json(entity)});
  }
  OutboxItem item;
  item.destination = "main";
  item.patient = kPatient;
  item.artifact = "care-plan";
  item.care_id = plan().id;
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
  EXPECT_EQ(count("PUT "), 0u);  // the conditional create met the one that is there
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);
}

TEST_F(Rungs, ADocumentIsChangedInPlaceWhereThatIsDeclared) {
  ehr_.declare({"DocumentReference"});
  deliver_plan();
  const OutboxItem item = deliver_plan("completed");
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto all = ehr_.all("DocumentReference");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].version, 2);
  EXPECT_NE(html_of(all[0].body).find("<td>completed</td>"), std::string::npos);
  EXPECT_EQ(document(all[0].body)->root().find("relatesTo"), nullptr);
}

TEST_F(Rungs, ADocumentWhoseBytesTheEhrMovedAwayIsReplacedByANewOne) {
  ehr_.declare({"DocumentReference"});
  ehr_.on_store = [](std::string body) {
    const auto at = body.find("\"data\":\"");
    return body.replace(at, body.find('"', at + 8) + 1 - at, "\"url\":\"Binary/1\"");
  };
  deliver_plan();
  EXPECT_EQ(deliver_plan("completed").state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 2u);
  EXPECT_EQ(count("PUT"), 0u);
}

TEST_F(Rungs, TheStructuredPlanTravelsInASecondEntryOnlyWhereItIsWished) {
  ehr_.declare({"DocumentReference"});
  terms_.writing.structured_plan = true;
  deliver_plan();
  const auto read = document(ehr_.all("DocumentReference").at(0).body);
  const auto contents = fhir::each(read->root().find("content"));
  ASSERT_EQ(contents.size(), 2u);
  const auto& attachment = *contents[1].find("attachment");
  EXPECT_EQ(attachment.text_of("contentType"), "application/fhir+json");
  const auto inner = document(fhirpath::decode(attachment.text_of("data"), "base64").value());
  EXPECT_EQ(inner->root().text_of("resourceType"), "CarePlan");
}

TEST_F(Rungs, LostAnswersOfDocumentsLeaveOneOfEachVersion) {
  for (const bool conditional : {true, false}) {
    for (const bool update : {true, false}) {
      SCOPED_TRACE((conditional ? "conditional " : "search ") + std::string(update ? "update" : "replace"));
      ehr_.declare({"DocumentReference"});
      ehr_.type("DocumentReference").conditional_create = conditional;
      ehr_.type("DocumentReference").update = update;
      ehr_.honours_conditions = conditional;
      care::CarePlan one = plan();
      one.id = std::string("p") + (conditional ? "c" : "s") + (update ? "u" : "r");
      const std::size_t before = ehr_.all("DocumentReference").size();
      for (const char* status : {"scheduled", "in-progress", "completed"}) {
        one.activities[0].status = status;
        keep({one}, "care-plan");
        ehr_.rude = {{What::Unknown, 0, true}};
        EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
        restart();
        const OutboxItem item = deliver_next();
        EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
      }
      EXPECT_EQ(ehr_.all("DocumentReference").size(), before + (update ? 1 : 3));
      EXPECT_EQ(ehr_.all("DocumentReference").back().version, update ? 3 : 1);
    }
  }
}

TEST_F(Rungs, AChangeAfterTheLostAnswerOfADocumentReplacesTheOneThatIsThere) {
  ehr_.declare({"DocumentReference"});
  ehr_.type("DocumentReference").update = false;
  deliver_plan();
  care::CarePlan changed = plan();
  changed.activities[0].status = "in-progress";
  keep({changed}, "care-plan");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  changed.activities[0].status = "completed";
  keep({changed}, "care-plan");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto all = ehr_.all("DocumentReference");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(document(all[2].body)->root().find("relatesTo")->elements()[0].find("target")->text_of("reference"),
            "DocumentReference/" + all[1].id);
}

TEST_F(Rungs, ANoticeIsSentForEachVersionThatSaysSomethingElseAndNeverTwice) {
  ehr_.declare({"Communication"});
  keep({safety()}, "safety");
  EXPECT_EQ(deliver_next().rung, "Communication");
  ASSERT_EQ(ehr_.all("Communication").size(), 1u);
  const std::string first = ehr_.all("Communication")[0].body;
  EXPECT_NE(first.find("\"priority\":\"stat\""), std::string::npos);
  EXPECT_EQ(first.find("item 9"), std::string::npos) << "no answer, no score";
  care::SafetyEvent noted = safety();
  noted.note = "item 9 answered 1, seen";  // nothing that the notice says
  keep({noted}, "safety");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("Communication").size(), 1u);
  noted.state = "acknowledged";
  keep({noted}, "safety");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  restart();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  ASSERT_EQ(ehr_.all("Communication").size(), 2u);
  EXPECT_NE(ehr_.all("Communication")[1].body.find("the earlier notice is settled"), std::string::npos);
  EXPECT_EQ(count("PUT"), 0u);
}

TEST_F(Rungs, ALostAnswerOfAFirstNoticeIsAdopted) {
  ehr_.declare({"Communication"});
  for (TypeCapability& type : ehr_.declared.types) type.conditional_create = false;
  keep({safety()}, "safety");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("Communication").size(), 1u);
}

TEST_F(Rungs, WhatChangedAfterTheLostAnswerOfAFirstNoticeIsToldInASecond) {
  ehr_.declare({"Communication"});
  ehr_.type("Communication").conditional_create = false;
  care::SafetyEvent event = safety();
  keep({event}, "safety");
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(deliver_next().state, OutboxState::Unknown);
  event.state = "acknowledged";
  keep({event}, "safety");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  ASSERT_EQ(ehr_.all("Communication").size(), 2u);
  EXPECT_NE(ehr_.all("Communication")[1].body.find("settled"), std::string::npos);
}

TEST_F(Rungs, ARequestAndATaskFollowTheirEvent) {
  for (const char* type : {"CommunicationRequest", "Task"}) {
    ehr_.declare({type});
    care::SafetyEvent event = safety();
    event.id = type;
    keep({event}, "safety");
    EXPECT_EQ(deliver_next().rung, type);
    event.state = "acknowledged";
    keep({event}, "safety");
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    ASSERT_EQ(ehr_.all(type).size(), 1u);
    EXPECT_NE(ehr_.all(type)[0].body.find("\"status\":\"completed\""), std::string::npos);
  }
}

TEST_F(Rungs, WrittenTwiceMeansAsADocumentToo) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  terms_.writing.twice = {"care-plan"};
  const OutboxItem item = deliver_plan();
  EXPECT_EQ(item.state, OutboxState::Verified);
  EXPECT_EQ(item.rung, "CarePlan");
  EXPECT_EQ(ehr_.all("CarePlan").size(), 1u);
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);
  EXPECT_EQ(deliver_plan("completed").state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("CarePlan")[0].version, 2);
  EXPECT_EQ(ehr_.all("DocumentReference")[0].version, 2);
}

TEST_F(Rungs, ThePanelHoldsTheScoreAndNamesTheAnswers) {
  ehr_.declare({"QuestionnaireResponse", "Observation"});
  terms_.writing.panel = true;
  keep({phq9()}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  const auto observations = ehr_.all("Observation");
  ASSERT_EQ(observations.size(), 2u);
  const auto panel = document(observations[1].body);
  EXPECT_EQ(panel->root().find("hasMember")->elements()[0].text_of("reference"), "Observation/" + observations[0].id);
  EXPECT_EQ(panel->root().find("derivedFrom")->elements()[0].text_of("reference"),
            "QuestionnaireResponse/" + ehr_.all("QuestionnaireResponse")[0].id);
  EXPECT_EQ(panel->root().find("valueQuantity"), nullptr);
}

// ---- amendments and retractions ------------------------------------------------------------------------------------

TEST_F(Rungs, ARetractedScreeningIsTakenBackInPlaceOnEveryRungThatCan) {
  const std::vector<std::vector<std::string>> ehrs = {
      {"QuestionnaireResponse", "Observation"}, {"Observation"}, {"DocumentReference"}};
  int number = 0;
  for (const auto& types : ehrs) {
    ehr_.declare(types);
    care::Screening screening = phq9();
    screening.id = "r" + std::to_string(++number);
    keep({screening}, "screening-result");
    EXPECT_EQ(deliver_next().state, OutboxState::Verified);
    screening.status = "entered-in-error";
    keep({screening}, "screening-result");
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    for (const std::string& type : types) {
      EXPECT_NE(ehr_.all(type).back().body.find("\"status\":\"entered-in-error\""), std::string::npos) << type;
      EXPECT_EQ(ehr_.all(type).back().version, 2) << type;
    }
  }
}

TEST_F(Rungs, WhereADocumentCannotBeChangedANewOneSaysThatTheFormerIsVoid) {
  ehr_.declare({"DocumentReference"});
  ehr_.type("DocumentReference").update = false;
  deliver_plan();
  const std::string first = ehr_.all("DocumentReference").at(0).id;
  care::CarePlan wrong = plan();
  wrong.status = "entered-in-error";
  keep({wrong}, "care-plan");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  const auto all = ehr_.all("DocumentReference");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[1].body.find("\"status\":\"current\""), std::string::npos);
  const std::string html = html_of(all[1].body);
  EXPECT_NE(html.find("Entered in error"), std::string::npos);
  EXPECT_NE(html.find("DocumentReference/" + first), std::string::npos);
  EXPECT_EQ(html.find("Depression"), std::string::npos) << "nothing of a void plan is repeated";
}

TEST_F(Rungs, ARetractionThatNoRungCanTellNamesWhatMustBeCorrectedByHand) {
  ehr_.declare({"QuestionnaireResponse"});
  ehr_.type("QuestionnaireResponse").update = false;
  keep({phq9()}, "screening-result");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  const std::string id = ehr_.all("QuestionnaireResponse").at(0).id;
  care::Screening wrong = phq9();
  wrong.status = "entered-in-error";
  keep({wrong}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_NE(item.reason.find("to be corrected there: QuestionnaireResponse/" + id), std::string::npos) << item.reason;
  EXPECT_EQ(count("PUT"), 0u);
  EXPECT_EQ(count("POST"), 1u);
}

TEST_F(Rungs, ACorrectedScoreIsToldByTheNextRungAndTheAnswersAreNamedForAPerson) {
  ehr_.declare({"QuestionnaireResponse", "Observation"});
  ehr_.type("QuestionnaireResponse").update = false;
  keep({phq9()}, "screening-result");
  EXPECT_EQ(deliver_next().rung, "QuestionnaireResponse");
  care::Screening amended = phq9();
  amended.status = "amended";
  amended.total = 8;
  keep({amended}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, "Observation");
  EXPECT_NE(item.reason.find("to be corrected there: QuestionnaireResponse/"), std::string::npos) << item.reason;
  ASSERT_EQ(ehr_.all("Observation").size(), 1u);
  EXPECT_NE(ehr_.all("Observation")[0].body.find("\"status\":\"amended\""), std::string::npos);
}

TEST_F(Rungs, WhatWasNeverWrittenNeedsNoTakingBack) {
  for (const char* type : {"CarePlan", "DocumentReference", "Communication", "Task"}) {
    ehr_.declare({type});
    care::CarePlan wrong = plan();
    wrong.id = type;
    wrong.status = "entered-in-error";
    keep({wrong}, "care-plan");
    const OutboxItem item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Superseded) << item.reason;
    EXPECT_TRUE(ehr_.all(type).empty());
  }
}

TEST_F(DeliverEhrPlan, APlanOfTheEhrThatCannotBeChangedThereIsToldInADocument) {
  ehr_.declare({"CarePlan", "DocumentReference"});
  ehr_.type("CarePlan").update = ehr_.type("CarePlan").create = false;
  complete();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(item.rung, "DocumentReference");
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, 1);
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
