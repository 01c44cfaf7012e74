// What a map looked for and did not find is fetched, and whoever needed it is read again.
#include "flow/fill_in.h"

#include "flow/binding.h"
#include "flow/inbound.h"
#include "flow/receive.h"
#include "flow/work.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

using test::FakeEhr;

const Destinations kNowhere{};
const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

const std::string kOrder =
    R"({"resourceType":"MedicationRequest","id":"9","status":"active","intent":"order","subject":{"reference":)"
    R"("Patient/p"},"medicationReference":{"reference":"Medication/7"},"authoredOn":"2026-11-01"})";
const std::string kMedication =
    R"({"resourceType":"Medication","id":"7","code":{"coding":[{"system":)"
    R"("http://www.nlm.nih.gov/research/umls/rxnorm","code":"312940","display":"sertraline 50 MG Oral Tablet"}]}})";

class FillsIn : public ::testing::Test {
 protected:
  void take(const std::string& json) {
    auto received = receive(json, "main", "post", kNow, {});
    ASSERT_TRUE(received.ok());
    ASSERT_TRUE(store_->accept({std::move(received->items), std::nullopt, {}}).ok());
  }
  std::vector<Missing> work() {
    std::vector<Missing> missing;
    for (int round = 0; round < 20; ++round) {
      const auto lanes = store_->pending_lanes(100);
      if (lanes->empty()) break;
      for (const std::string& lane : *lanes) {
        const auto done = work_lane(test::engine(), *store_, kNowhere, lane, 100, kNow);
        EXPECT_TRUE(done.ok());
        if (done.ok()) missing.insert(missing.end(), done->missing.begin(), done->missing.end());
      }
    }
    std::ranges::sort(missing);
    return missing;
  }
  std::string therapy() {
    const auto row = store_->entity("MedicationTherapy", care_id("main", "MedicationRequest", "9"));
    return *row ? (*row)->body : std::string();
  }
  Result<Filled> fill(const std::string& reference, const std::set<std::string>& by = {}) {
    return fill_in(*store_, ehr_, "main", reference, by, kNow);
  }

  test::TempStore store_;
  FakeEhr ehr_;
};

TEST_F(FillsIn, AMedicineThatAnOrderRefersTo) {
  take(kOrder);
  const auto missing = work();
  EXPECT_EQ(missing, (std::vector<Missing>{{"Medication/7", "MedicationRequest/9"}, {"Patient/p", ""}}));
  EXPECT_EQ(therapy().find("sertraline"), std::string::npos);
  ehr_.put(kMedication);
  const auto filled = fill("Medication/7", {"MedicationRequest/9"});
  ASSERT_TRUE(filled.ok());
  EXPECT_EQ(*filled, Filled::Now);
  EXPECT_EQ(work(), std::vector<Missing>{}) << "nothing is missing the second time";
  EXPECT_NE(therapy().find("sertraline"), std::string::npos);
}

TEST_F(FillsIn, ThePatientKnownByReferenceOnly) {
  take(kOrder);
  work();
  ehr_.put(R"({"resourceType":"Patient","id":"p","gender":"female"})");
  ASSERT_TRUE(fill("Patient/p").ok());
  work();
  const auto row = store_->entity("Patient", care_id("main", "Patient", "p"));
  EXPECT_NE((*row)->body.find("female"), std::string::npos);
  take(kOrder.substr(0, kOrder.size() - 1) + R"(,"priority":"routine"})");
  EXPECT_EQ(work(), (std::vector<Missing>{{"Medication/7", "MedicationRequest/9"}})) << "the patient is here now";
}

TEST_F(FillsIn, AsksOnlyForWhatIsNotAtHand) {
  take(kMedication);
  take(kOrder);
  work();
  ASSERT_EQ(*fill("Medication/7", {"MedicationRequest/9"}), Filled::Now);
  EXPECT_TRUE(ehr_.requests.empty());
}

TEST_F(FillsIn, TellsWhatIsNotThereFromWhatCannotBeAskedNow) {
  EXPECT_EQ(*fill("Medication/7"), Filled::Absent);
  ehr_.read_errors.push_back({Kind::Forbidden, "GET Medication: 403"});
  EXPECT_EQ(*fill("Medication/7"), Filled::Absent);
  ehr_.read_errors.push_back({Kind::Unavailable, "no answer"});
  EXPECT_FALSE(fill("Medication/7").ok());
}

TEST_F(FillsIn, AsksForNothingOutsideAndForNoOtherTypes) {
  for (const char* reference : {"http://elsewhere/fhir/Medication/7", "Observation/1", "Medication/..", "Medication",
                                "", "Medication/7/_history/1/x", "Binary/1", "#7", "Medication/a b"}) {
    const auto filled = fill(reference);
    ASSERT_TRUE(filled.ok()) << reference;
    EXPECT_EQ(*filled, Filled::Absent) << reference;
  }
  EXPECT_TRUE(ehr_.requests.empty());
  take(R"({"resourceType":"MedicationRequest","id":"9","status":"active","intent":"order","subject":{"reference":)"
       R"("Patient/p"},"medicationReference":{"reference":"Observation/7"}})");
  EXPECT_EQ(work(), (std::vector<Missing>{{"Patient/p", ""}}));
}

TEST_F(FillsIn, AFormIsFoundByItsCanonicalWhateverItsIdHere) {
  take(
      R"({"resourceType":"Questionnaire","id":"77","url":"http://clinic.example/Questionnaire/mood","status":"active",)"
      R"("item":[{"linkId":"a","type":"choice","code":[{"system":"http://loinc.org","code":"44250-9"}]},)"
      R"({"linkId":"b","type":"choice","code":[{"system":"http://loinc.org","code":"44255-8"}]}]})");
  take(R"({"resourceType":"QuestionnaireResponse","id":"r","status":"completed","subject":{"reference":"Patient/p"},)"
       R"("questionnaire":"http://clinic.example/Questionnaire/mood","authored":"2026-11-20","item":[)"
       R"({"linkId":"a","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6569-3"}}]},)"
       R"({"linkId":"b","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6570-1"}}]}]})");
  work();
  EXPECT_TRUE(store_->inbox(InboxState::Waiting, 10)->empty());
  EXPECT_EQ(store_->entities_of(care_id("main", "Patient", "p"), "Screening")->size(), 1u);
}

TEST_F(FillsIn, TakesNoOtherRecordForTheOneReferredTo) {
  ehr_.put(R"({"resourceType":"Patient","id":"survivor"})");
  class Redirecting : public FakeEhr {
   public:
    Result<fhir::DocumentPtr> read(std::string_view, std::string_view) override {
      return fhir::read_json(R"({"resourceType":"Patient","id":"survivor"})");
    }
  } redirecting;
  const auto filled = fill_in(*store_, redirecting, "main", "Patient/old", {}, kNow);
  ASSERT_TRUE(filled.ok());
  EXPECT_EQ(*filled, Filled::Absent);
  EXPECT_TRUE(store_->pending_lanes(10)->empty());
}

}  // namespace
}  // namespace bhi::flow
