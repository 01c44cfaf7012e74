// A request that arrives after we gave it up: a slow line, a queue before the EHR. What was sent since must not hide
// it.
#include "flow/delivery.h"
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

class DeliverLate : public Deliver {
 protected:
  // A score that came by a response of this EHR is one Observation.
  static care::Screening score(int total) {
    care::Screening screening = phq9();
    screening.source = {"main", "QuestionnaireResponse", "r1", "1", ""};
    screening.total = total;
    screening.severity = total < 10 ? "mild" : "moderate";
    return screening;
  }

  // The next request leaves and nobody answers; what it carried arrives when the test says so.
  OutboxItem send_into_the_void() {
    ehr_.rude = {{What::Unknown, 0, false}};
    OutboxItem item = deliver_next();
    if (item.state == OutboxState::RetryAt) item = deliver_next();  // it was looked for once more before
    EXPECT_EQ(item.state, OutboxState::Unknown);
    EXPECT_TRUE(ehr_.rude.empty());
    ehr_.rude.clear();
    return item;
  }
  void arrives(const std::string& sent) { ASSERT_EQ(ehr_.create("Observation", sent, "").status, 201); }

  OutboxItem deliver_to_the_end() {
    OutboxItem item;
    for (int turn = 0; turn < 6; ++turn) {
      item = deliver_next();
      if (item.state == OutboxState::Verified || item.state == OutboxState::Parked) break;
    }
    return item;
  }
  std::string value() {
    const auto all = ehr_.all("Observation");
    EXPECT_EQ(all.size(), 1u);
    if (all.empty()) return {};
    const auto there = document(all.front().body);
    const fhir::Node* quantity = there->root().find("valueQuantity");
    return std::string(quantity == nullptr ? "none" : quantity->find("value")->text());
  }
};

TEST_F(DeliverLate, AFormerScoreThatArrivesLateIsBroughtUpToDate) {
  keep({score(6)}, "screening-result");
  const std::string six = send_into_the_void().sent;
  keep({score(11)}, "screening-result");
  const OutboxItem eleven = send_into_the_void();
  ASSERT_EQ(lines_of_sent(eleven.sent).size(), 2u) << "both may still arrive";
  arrives(six);
  EXPECT_EQ(deliver_to_the_end().state, OutboxState::Verified);
  EXPECT_EQ(value(), "11");
}

TEST_F(DeliverLate, ThreeAmendmentsAndTheFirstArrives) {
  keep({score(6)}, "screening-result");
  const std::string six = send_into_the_void().sent;
  for (const int total : {7, 8, 12}) {
    keep({score(total)}, "screening-result");
    send_into_the_void();
  }
  arrives(six);
  EXPECT_EQ(deliver_to_the_end().state, OutboxState::Verified);
  EXPECT_EQ(value(), "12");
}

TEST_F(DeliverLate, TheFormerScoreArrivesBetweenTheLookAndTheConditionalCreate) {
  keep({score(6)}, "screening-result");
  const std::string six = send_into_the_void().sent;
  keep({score(11)}, "screening-result");
  send_into_the_void();
  ehr_.before_create = [this, six] { arrives(six); };
  EXPECT_EQ(deliver_to_the_end().state, OutboxState::Verified);
  EXPECT_EQ(value(), "11");
}

TEST_F(DeliverLate, WhereNoIdentifierTellsTheFormerScoreIsFoundByWhatItSays) {
  for (TypeCapability& type : ehr_.declared.types) type.conditional_create = false;
  ehr_.honours_identifier_search = false;
  TypeCapability& observation = ehr_.type("Observation");
  observation.search_params = {"patient", "code", "_lastUpdated"};
  keep({score(6)}, "screening-result");
  const std::string six = send_into_the_void().sent;
  keep({score(11)}, "screening-result");
  send_into_the_void();
  arrives(six);
  const OutboxItem item = deliver_to_the_end();
  // By a search of the patient's scores, or not at all: never a second one beside it, and never called verified.
  if (item.state == OutboxState::Verified) {
    EXPECT_EQ(value(), "11");
  } else {
    EXPECT_EQ(item.state, OutboxState::Parked) << item.reason;
    EXPECT_EQ(ehr_.all("Observation").size(), 1u);
  }
}

TEST_F(DeliverLate, AnEditOfTheEhrIsStillAnEdit) {
  keep({score(6)}, "screening-result");
  const std::string six = send_into_the_void().sent;
  keep({score(11)}, "screening-result");
  send_into_the_void();
  arrives(six);
  const test::EhrResource there = ehr_.all("Observation").front();
  std::string edited = there.body;
  const auto at = edited.find(R"("value":6,)");
  ASSERT_NE(at, std::string::npos) << edited;
  edited.replace(at, 10, R"("value":9,)");
  ASSERT_EQ(ehr_.update("Observation", there.id, edited, "").status, 200);
  const OutboxItem item = deliver_to_the_end();
  EXPECT_EQ(value(), "9") << "what a clinician entered is not overwritten";
  EXPECT_EQ(item.state, OutboxState::Parked) << item.reason;
}

}  // namespace
}  // namespace bhi::flow
