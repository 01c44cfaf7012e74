// An outbox item's way to the EHR: once, in order, without undoing anybody's work, and honest about what is not known.
#include "flow/deliver.h"

#include "flow/binding.h"
#include "flow/held.h"
#include "flow/inbound.h"
#include "flow/work.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;
using test::document;
using test::FakeEhr;
using test::TempStore;
using What = Answer::What;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
const std::string kPatient = care_id("main", "Patient", "1");

care::Patient patient() {
  care::Patient patient;
  patient.id = kPatient;
  patient.source = {"main", "Patient", "1", "1", ""};
  patient.name = "Someone";
  return patient;
}

care::Screening phq9() {
  care::Screening screening;
  screening.id = "s1";
  screening.patient = kPatient;
  screening.instrument = "phq-9";
  screening.authored = "2026-11-21T10:00:00Z";
  screening.status = "completed";
  screening.source.system = "bhi";
  for (int n = 1; n <= 9; ++n) screening.items.push_back({n, "", "LA6569-3", 1});
  screening.total = 9;
  screening.severity = "mild";
  screening.complete = true;
  return screening;
}

care::CarePlan plan() {
  care::CarePlan plan;
  plan.id = "c1";
  plan.patient = kPatient;
  plan.source.system = "bhi";
  plan.status = "active";
  plan.intent = "plan";
  plan.title = "Depression care";
  plan.behavioral = true;
  care::Activity call;
  call.description = "Call the patient";
  call.status = "not-started";
  plan.activities.push_back(call);
  return plan;
}

const char* kEhrPlan = R"({"resourceType":"CarePlan","id":"7","text":{"status":"generated","div":"<div>old</div>"},
  "status":"active","intent":"plan","title":"Depression care","subject":{"reference":"Patient/1"},
  "contributor":[{"reference":"Practitioner/9"}],
  "category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}],
  "activity":[{"detail":{"status":"not-started","description":"Walk"},"progress":[{"text":"started well"}]}]})";

class Deliver : public testing::Test {
 protected:
  Deliver() { keep({patient()}); }

  // Stores entities in their next version, with an outbox item when an artifact is named.
  void keep(const std::vector<care::Entity>& entities, const std::string& artifact = {}) {
    Worked worked;
    for (const care::Entity& entity : entities) {
      StoredEntity row;
      row.kind = care::kind_of(entity);
      row.id = std::visit([](const auto& value) { return value.id; }, entity);
      row.patient = kPatient;
      const auto before = store_->entity(row.kind, row.id).value();
      row.version = before ? before->version : 0;
      row.body = to_json(entity);
      if (!artifact.empty()) {
        OutboxItem item;
        item.destination = "main";
        item.patient = kPatient;
        item.artifact = artifact;
        item.care_id = row.id;
        item.care_version = row.version + 1;
        item.created = kNow;
        worked.outbox.push_back(item);
      }
      worked.entities.push_back(std::move(row));
    }
    const auto committed = store_->commit(worked);
    ASSERT_TRUE(committed.ok()) << committed.error().message;
  }

  // Delivers the next item that is due; far enough in the future that waiting is over.
  OutboxItem deliver_next() {
    clock_ += 10min;
    const auto due = store_->due(clock_, 10).value();
    EXPECT_FALSE(due.empty());
    if (due.empty()) return {};
    auto delivered = deliver(test::engine(), *store_, ehr_, ehr_.declared, due.front(), clock_);
    EXPECT_TRUE(delivered.ok()) << delivered.error().message;
    return delivered.ok() ? *delivered : OutboxItem{};
  }

  // As the daemon starts again after a kill.
  void restart() {
    store_.reopen();
    ASSERT_TRUE(store_->recover().ok());
  }

  // A plan of the EHR, read in as the journey reads it.
  void read_in(const std::string& body) {
    ehr_.put(body);
    accept_and_work();
  }
  void accept_and_work() {
    Accepted batch;
    for (const auto& resource : ehr_.all("CarePlan")) {
      InboxItem item;
      item.resource = copy_of(document(resource.body)->root(), "main");
      item.lane = "main|Patient/1";
      item.channel = "poll";
      batch.items.push_back(item);
    }
    ASSERT_TRUE(store_->accept(batch).ok());
    work();
  }
  void work() {
    const auto worked = work_lane(test::engine(), *store_, {{"main"}}, "main|Patient/1", 100, kNow);
    ASSERT_TRUE(worked.ok()) << worked.error().message;
    EXPECT_EQ(worked->quarantined, 0u);
  }

  care::CarePlan stored_plan() {
    const auto listing = store_->list("CarePlan", "", 10).value();
    EXPECT_EQ(listing.entities.size(), 1u);
    return std::get<care::CarePlan>(entity_from_json(listing.entities.at(0).body).value());
  }

  std::size_t count(std::string_view request) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(ehr_.requests, [request](const std::string& made) { return made.starts_with(request); }));
  }

  TempStore store_;
  FakeEhr ehr_;
  Instant clock_ = kNow;
};

// ---- screening results
// ------------------------------------------------------------------------------------------------

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

TEST_F(Deliver, RefusedContentIsDeadAndForbiddenOrImpossibleThingsArePutAside) {
  const std::vector<std::pair<FakeEhr::Rude, OutboxState>> cases = {{{What::Refused, 422}, OutboxState::Dead},
                                                                    {{What::Refused, 400}, OutboxState::Dead},
                                                                    {{What::Refused, 405}, OutboxState::Parked},
                                                                    {{What::Refused, 404}, OutboxState::Parked},
                                                                    {{What::Forbidden, 403}, OutboxState::Parked}};
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
  EXPECT_EQ(item.reason, "Observation create is not declared by the EHR");
  EXPECT_EQ(count("POST") + count("PUT"), 0u);
}

TEST_F(Deliver, WithoutResponsesTheScoreStandsAlone) {
  std::erase_if(ehr_.declared.types, [](const TypeCapability& type) { return type.type == "QuestionnaireResponse"; });
  keep({phq9()}, "screening-result");
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified);
  EXPECT_NE(item.reason.find("not declared"), std::string::npos);
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
  EXPECT_EQ(item.reason, "outcome unknown, and the EHR cannot search QuestionnaireResponse by identifier");
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
  EXPECT_EQ(item.reason, "outcome unknown, and the EHR ignores a search of QuestionnaireResponse by identifier");
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

// ---- care plans
// -------------------------------------------------------------------------------------------------------

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

class DeliverEhrPlan : public Deliver {
 protected:
  DeliverEhrPlan() { read_in(kEhrPlan); }

  // The BHI side marks the activity as completed.
  void complete() {
    care::CarePlan changed = stored_plan();
    ASSERT_EQ(changed.activities.size(), 1u);
    changed.activities[0].status = "completed";
    keep({changed}, "care-plan");
  }
  fhir::DocumentPtr there() { return document(ehr_.find("CarePlan", "7")->body); }
};

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

TEST_F(DeliverEhrPlan, AnUndeclaredUpdateIsNeverTried) {
  for (TypeCapability& type : ehr_.declared.types) type.update = false;
  complete();
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "CarePlan update is not declared by the EHR");
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

// ---- dry runs and delays
// ----------------------------------------------------------------------------------------------

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
