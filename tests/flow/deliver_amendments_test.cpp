// What was entered in error or corrected reaches the EHR as such on every rung, or names what a person must correct
// there.
#include "tests/flow/support/rungs_fixture.h"

namespace bhi::flow {
namespace {

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

}  // namespace
}  // namespace bhi::flow
