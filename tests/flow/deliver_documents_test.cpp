// Documents, notices, requests and tasks in place of what an EHR does not take: readable, one of each version, never
// twice.
#include "tests/flow/support/rungs_fixture.h"

namespace bhi::flow {
namespace {

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

}  // namespace
}  // namespace bhi::flow
