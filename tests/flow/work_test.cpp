#include "flow/work.h"

#include "flow/bhi_side.h"
#include "flow/binding.h"
#include "flow/inbound.h"
#include "flow/receive.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

constexpr std::string_view kSource = "main";
const Destinations kWritable{{"main"}};

Instant at(std::string_view text) { return *instant_from(text); }
const Instant kNow = at("2026-11-22T12:00:00Z");

constexpr std::array<std::string_view, 9> kItems = {"44250-9", "44255-8", "44259-0", "44254-1", "44251-7",
                                                    "44258-2", "44252-5", "44253-3", "44260-8"};
constexpr std::array<std::string_view, 4> kAnswers = {"LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"};

std::string response(std::string_view id, std::string_view authored, const std::vector<int>& scores,
                     std::string_view status = "completed",
                     std::string_view subject = R"("subject":{"reference":"Patient/p"},)") {
  std::string json = R"({"resourceType":"QuestionnaireResponse","id":")" + std::string(id) + R"(","status":")" +
                     std::string(status) + R"(",)" + std::string(subject) + R"("authored":")" + std::string(authored) +
                     R"(","item":[)";
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i > 0) json += ",";
    json += R"({"linkId":"/)" + std::string(kItems[i]) +
            R"(","answer":[{"valueCoding":{"system":"http://loinc.org","code":")" +
            std::string(kAnswers[static_cast<std::size_t>(scores[i])]) + R"("}}]})";
  }
  return json + "]}";
}

constexpr std::string_view kPatient =
    R"({"resourceType":"Patient","id":"p","name":[{"text":"Test Person"}],"gender":"female"})";
constexpr std::string_view kPlan =
    R"({"resourceType":"CarePlan","id":"c","meta":{"versionId":"1","lastUpdated":"2026-11-01T00:00:00Z"},
  "status":"active","intent":"plan","title":"Plan","subject":{"reference":"Patient/p"},
  "category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}]})";

class Work : public ::testing::Test {
 protected:
  AcceptOutcome accept(std::string json, std::string_view channel = "post") {
    auto received = receive(std::move(json), kSource, channel, kNow, {});
    EXPECT_TRUE(received.ok());
    const auto outcome = store_->accept({std::move(received->items), std::nullopt, {}});
    EXPECT_TRUE(outcome.ok());
    return *outcome;
  }

  WorkSummary work(Instant now = kNow) {
    WorkSummary sum;
    for (;;) {
      const auto lanes = store_->pending_lanes(100);
      if (!lanes.ok() || lanes->empty()) return sum;
      for (const std::string& lane : *lanes) {
        const auto done = work_lane(test::engine(), *store_, kWritable, lane, 100, now);
        EXPECT_TRUE(done.ok()) << done.error().message;
        if (!done.ok()) return sum;
        sum.done += done->done;
        sum.left += done->left;
        sum.quarantined += done->quarantined;
        sum.urgent |= done->urgent;
        sum.wanted.insert(sum.wanted.end(), done->wanted.begin(), done->wanted.end());
      }
    }
  }

  template <typename Entity>
  std::vector<Entity> all(std::string_view patient) {
    std::vector<Entity> found;
    const auto record = store_->record(patient);
    for (const StoredEntity& row : *record) {
      const auto entity = entity_from_json(row.body);
      if (entity.ok() && std::holds_alternative<Entity>(*entity)) found.push_back(std::get<Entity>(*entity));
    }
    return found;
  }

  std::vector<OutboxItem> outbox() { return *store_->outbox("", 100); }
  std::vector<Store::InboxRow> rows(InboxState state) { return *store_->inbox(state, 100); }

  test::TempStore store_;
  const std::string patient_ = care_id(kSource, "Patient", "p");
};

TEST_F(Work, MakesAScreeningOfAResponseAndWantsItsScoreWritten) {
  accept(std::string(kPatient));
  accept(response("r", "2026-11-20T10:00:00Z", {1, 2, 3, 0, 1, 2, 0, 0, 0}));
  EXPECT_EQ(work().done, 2u);
  const auto screenings = all<care::Screening>(patient_);
  ASSERT_EQ(screenings.size(), 1u);
  EXPECT_EQ(screenings[0].total, 9);
  ASSERT_EQ(outbox().size(), 1u);
  EXPECT_EQ(outbox()[0].artifact, "screening-result");
  EXPECT_EQ(outbox()[0].state, OutboxState::Planned);
}

TEST_F(Work, KnowsAPatientByReferenceUntilThePatientArrives) {
  accept(response("r", "2026-11-20T10:00:00Z", {0, 0, 0, 0, 0, 0, 0, 0, 0}));
  work();
  ASSERT_EQ(all<care::Patient>(patient_).size(), 1u);
  EXPECT_EQ(all<care::Patient>(patient_)[0].name, "");
  accept(std::string(kPatient));
  work();
  EXPECT_EQ(all<care::Patient>(patient_)[0].name, "Test Person");
}

TEST_F(Work, ChangesNothingWhenTheSameComesAgain) {
  const std::string json = response("r", "2026-11-20T10:00:00Z", {0, 0, 0, 0, 0, 0, 0, 0, 0});
  accept(json);
  work();
  EXPECT_EQ(accept(json).unchanged, 1u);
  EXPECT_EQ(work().done, 0u);
  EXPECT_EQ(outbox().size(), 1u);
}

TEST_F(Work, QuarantinesABadItemAndLetsItsNeighboursPass) {
  accept(R"({"resourceType":"Bundle","type":"collection","entry":[
    {"resource":)" +
         response("good", "2026-11-20T10:00:00Z", {0, 0, 0, 0, 0, 0, 0, 0, 0}) + R"(},
    {"resource":{"resourceType":"MedicationRequest","id":"bad","status":"active","intent":"order","authoredOn":"yesterday",
      "subject":{"reference":"Patient/p"},"medicationCodeableConcept":{"text":"x"}}}]})");
  const WorkSummary summary = work();
  EXPECT_EQ(summary.done, 1u);
  EXPECT_EQ(summary.quarantined, 1u);
  const auto rejected = rows(InboxState::Quarantined);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].item.resource.id, "bad");
  EXPECT_NE(rejected[0].reason.find("MedicationRequest.authoredOn"), std::string::npos);
}

TEST_F(Work, RaisesTheSelfHarmAnswerOfAResponseThatIsPutAside) {
  accept(response("r", "not a time", {3, 3, 3, 3, 3, 3, 3, 3, 2}));
  const WorkSummary summary = work();
  EXPECT_EQ(summary.quarantined, 1u);
  EXPECT_TRUE(all<care::Screening>(patient_).empty());
  const auto events = all<care::SafetyEvent>(patient_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].level, "positive");
}

TEST_F(Work, RaisesAnUnassignedEventForAResponseOfNobody) {
  accept(response("r", "2026-11-22T10:00:00Z", {3, 3, 3, 3, 3, 3, 3, 3, 1}, "completed", ""));
  EXPECT_TRUE(work().urgent);
  ASSERT_EQ(all<care::SafetyEvent>("").size(), 1u);
  const auto items = outbox();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].artifact, "safety");
  EXPECT_EQ(items[0].state, OutboxState::Parked);
  EXPECT_TRUE(items[0].urgent);
}

TEST_F(Work, WaitsForAFormThatIsNotAtHandAndGoesOnWhenItArrives) {
  accept(R"({"resourceType":"QuestionnaireResponse","id":"r","status":"completed","questionnaire":"http://x/form|2",
    "subject":{"reference":"Patient/p"},"authored":"2026-11-20T10:00:00Z",
    "item":[{"linkId":"a","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6569-3"}}]},
            {"linkId":"b","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6569-3"}}]}]})");
  const WorkSummary first = work();
  EXPECT_EQ(first.wanted, (std::vector<std::string>{"http://x/form|2"}));
  EXPECT_EQ(rows(InboxState::Waiting).size(), 1u);
  ResourceCopy form;
  form.source = std::string(kSource);
  form.type = "Questionnaire";
  form.id = "f";
  form.url = "http://x/form";
  form.hash = "h";
  form.body = R"({"resourceType":"Questionnaire","id":"f","url":"http://x/form","status":"active",
    "item":[{"linkId":"a","type":"choice","code":[{"system":"http://loinc.org","code":"44250-9"}]},
            {"linkId":"b","type":"choice","code":[{"system":"http://loinc.org","code":"44255-8"}]}]})";
  ASSERT_TRUE(store_->keep_copy(form).ok());
  ASSERT_EQ(*store_->requeue_waiting("http://x/form|2"), 1u);
  EXPECT_EQ(work().done, 1u);
  ASSERT_EQ(all<care::Screening>(patient_).size(), 1u);
  EXPECT_EQ(all<care::Screening>(patient_)[0].instrument, "phq-2");
  EXPECT_EQ(all<care::Screening>(patient_)[0].total, 2);
}

TEST(Inbound, DoesNotTakeAPatientOfAnotherServerForOneOfTheSource) {
  Engine engine = test::engine();
  engine.bases["main"] = {"https://ehr.example/fhir"};
  Arena arena;
  const auto what = [&](std::string_view reference) {
    const auto document = fhir::read_json(response("r", "2026-11-20T10:00:00Z", {0, 1}, "completed",
                                                   R"("subject":{"reference":")" + std::string(reference) + R"("},)"));
    return map_inbound(engine, (*document)->root(), {"main", "r", "", ""}, {}, kNow, arena).what;
  };
  EXPECT_EQ(what("Patient/p"), Inbound::What::Change);
  EXPECT_EQ(what("https://ehr.example/fhir/Patient/p"), Inbound::What::Change);
  EXPECT_EQ(what("https://elsewhere.example/fhir/Patient/p"), Inbound::What::Invalid);
  EXPECT_EQ(what("https://ehr.example.evil/fhir/Patient/p"), Inbound::What::Invalid);
}

TEST_F(Work, KeepsAResourceWhosePrimitivesHaveExtensions) {
  accept(R"({"resourceType":"Patient","id":"p","gender":"female","_gender":{"id":"g"},
    "birthDate":"1980-01-01","_birthDate":{"extension":[{"url":"http://x","valueString":"y"}]}})");
  EXPECT_EQ(work().done, 1u);
  EXPECT_EQ(all<care::Patient>(patient_)[0].birth_date, "1980-01-01");
}

TEST_F(Work, TakesItsOwnObservationComingBackAsNoNews) {
  accept(
      R"({"resourceType":"Observation","id":"o","status":"final","identifier":[{"system":"urn:bhi-adapter:test","value":"screening-result/x"}],
    "code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},"subject":{"reference":"Patient/p"},
    "effectiveDateTime":"2026-11-20T10:00:00Z","valueQuantity":{"value":9}})");
  EXPECT_EQ(work().left, 1u);
  EXPECT_TRUE(all<care::Screening>(patient_).empty());
}

TEST_F(Work, DoesNotWriteToASourceThatIsNotOnTheList) {
  accept(response("r", "2026-11-20T10:00:00Z", {0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const auto lanes = store_->pending_lanes(10);
  ASSERT_TRUE(work_lane(test::engine(), *store_, Destinations{}, lanes->front(), 100, kNow).ok());
  EXPECT_TRUE(outbox().empty());
}

TEST_F(Work, LetsTheNewestScreeningDecideTheReviewWhateverTheStoreGivesFirst) {
  accept(std::string(kPatient));
  for (int year = 2001; year < 2020; ++year) {
    const std::string y = std::to_string(year);
    accept(R"({"resourceType":"Observation","id":"o)" + y + R"(","status":"final","subject":{"reference":"Patient/p"},
      "code":{"coding":[{"system":"http://loinc.org","code":"55758-7"}]},"effectiveDateTime":")" +
           y + R"(-05-01T10:00:00Z","valueQuantity":{"value":1}})");
  }
  work();
  accept(std::string(kPlan));
  work();
  ASSERT_EQ(all<care::CarePlan>(patient_).size(), 1u);
  EXPECT_EQ(all<care::CarePlan>(patient_)[0].review_date, "2019-05-29");
}

TEST_F(Work, JoinsAnEditOfTheEhrWithAChangeOfOursThatIsNotWrittenYet) {
  accept(std::string(kPatient));
  accept(std::string(kPlan));
  work();
  const std::string plan = care_id(kSource, "CarePlan", "c");
  const auto patch = fhir::read_json(R"({"description":"Ours"})");
  const auto stored = store_->entity("CarePlan", plan);
  ASSERT_TRUE(stored.ok() && stored->has_value());
  const auto patched = patch_plan(test::engine(), *store_, kWritable, patient_, plan, (*patch)->root(),
                                  (*stored)->version, {"nurse"}, kNow);
  ASSERT_TRUE(patched.ok()) << patched.error().message;
  std::string edited(kPlan);
  edited.replace(edited.find("\"versionId\":\"1\""), 15, "\"versionId\":\"2\"");
  edited.replace(edited.find("2026-11-01"), 10, "2026-11-02");
  edited.replace(edited.find("\"title\":\"Plan\""), 14, "\"title\":\"Theirs\"");
  accept(edited);
  work();
  const auto joined = all<care::CarePlan>(patient_).at(0);
  EXPECT_EQ(joined.title, "Theirs");
  EXPECT_EQ(joined.description, "Ours");
  ASSERT_EQ(outbox().size(), 1u);
  EXPECT_EQ(outbox()[0].state, OutboxState::Planned) << "our change still has to be written";
  const auto ledger = store_->ledger(kSource, "care-plan", plan);
  EXPECT_LT((*ledger)->care_version, outbox()[0].care_version) << "or the delivery would be taken for settled";
}

TEST_F(Work, ReadsAPlanOfTheEhrIntoWhichAnEarlierStoreWrote) {
  const auto with_ours = [](std::string_view id, const std::string& value) {
    std::string plan(kPlan);
    plan.replace(plan.find("\"id\":\"c\""), 8, "\"id\":\"" + std::string(id) + "\"");
    plan.replace(plan.find("\"status\""), 8,
                 R"("identifier":[{"system":"urn:bhi-adapter:test","value":")" + value + R"("}],"status")");
    return plan;
  };
  accept(std::string(kPatient));
  accept(with_ours("theirs", "care-plan/" + care_id(kSource, "CarePlan", "theirs")));
  accept(with_ours("ours", "care-plan/a-plan-that-we-made"));
  EXPECT_EQ(work().left, 1u) << "our own plan";
  const auto plans = all<care::CarePlan>(patient_);
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].source.id, "theirs");
  EXPECT_TRUE(outbox().empty()) << "a plan is there: none is proposed beside it";
}

TEST_F(Work, LeavesOurPlanAloneWhenBothSidesChangedTheSame) {
  accept(std::string(kPatient));
  accept(std::string(kPlan));
  work();
  const std::string plan = care_id(kSource, "CarePlan", "c");
  const auto patch = fhir::read_json(R"({"title":"Ours"})");
  ASSERT_TRUE(patch_plan(test::engine(), *store_, kWritable, patient_, plan, (*patch)->root(),
                         (*store_->entity("CarePlan", plan))->version, {"nurse"}, kNow)
                  .ok());
  std::string edited(kPlan);
  edited.replace(edited.find("\"versionId\":\"1\""), 15, "\"versionId\":\"2\"");
  edited.replace(edited.find("2026-11-01"), 10, "2026-11-02");
  edited.replace(edited.find("\"title\":\"Plan\""), 14, "\"title\":\"Theirs\"");
  accept(edited);
  work();
  EXPECT_EQ(all<care::CarePlan>(patient_).at(0).title, "Ours");
  const auto left = rows(InboxState::Left);
  ASSERT_FALSE(left.empty());
  EXPECT_NE(left[0].reason.find("both sides"), std::string::npos);
}

}  // namespace
}  // namespace bhi::flow
