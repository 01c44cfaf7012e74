// Lost answers at EHRs of every kind: nothing twice, nothing lost, and what cannot be known waits for a person.
#include "tests/ehr/support/delivery_bed.h"

#include <cstdio>
#include <cstdlib>
#include <set>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using flow::OutboxState;
using test::DeliveryBed;

struct Written {
  const char* profile;
  const char* type;  // where the score or the answers go
  const char* time;
};
constexpr Written kWithoutIdentifierSearch[] = {{"athenahealth", "QuestionnaireResponse", "authored"},
                                                {"eclinicalworks", "QuestionnaireResponse", "authored"},
                                                {"oracle", "Observation", "effectiveDateTime"}};

std::string fault(const char* what, const Written& at) {
  return std::string("{\"") + what + R"(":{"method":"POST","type":")" + at.type + "\"}}";
}

// But for the panels that hold a score.
std::vector<fhir::DocumentPtr> written(DeliveryBed& bed, const Written& at) {
  auto found = bed.all(at.type);
  std::erase_if(found, [](const auto& one) { return one->root().find("hasMember") != nullptr; });
  return found;
}

TEST(LostAnswers, D5_01_AnAnswerLostAfterTheWriteLeavesOneCopyWithEveryProfile) {
  for (const Written& at : {Written{"open", "Observation", ""}, Written{"hapi", "QuestionnaireResponse", ""},
                            Written{"medplum", "Observation", ""}, Written{"epic", "Observation", ""},
                            kWithoutIdentifierSearch[0], kWithoutIdentifierSearch[1], kWithoutIdentifierSearch[2]}) {
    SCOPED_TRACE(at.profile);
    DeliveryBed bed(at.profile);
    bed.add_patients(1);
    bed.add_screening(1, 1);
    bed.faults(fault("lose_answer", at));
    bed.deliver_due(1);
    EXPECT_EQ(bed.item(1).state, OutboxState::Unknown) << bed.item(1).reason;
    EXPECT_EQ(bed.item(1).trouble, "transient");
    bed.work_off(1);
    EXPECT_EQ(written(bed, at).size(), 1u);
    EXPECT_EQ(bed.item(1).reason.find("ambiguous"), std::string::npos) << bed.item(1).reason;
    const auto ledger = bed.store()->ledger(
        "main", std::string(at.type) == "Observation" ? "screening-result" : "questionnaire-response", "s1");
    ASSERT_TRUE(ledger.ok() && *ledger);
    EXPECT_EQ((*ledger)->id, written(bed, at)[0]->root().text_of("id"));
  }
}

TEST(LostAnswers, D5_01_AWriteThatNeverArrivedIsSentAgainAfterTwoLooks) {
  for (const Written& at : kWithoutIdentifierSearch) {
    SCOPED_TRACE(at.profile);
    DeliveryBed bed(at.profile);
    bed.add_patients(1);
    bed.add_screening(1, 1);
    flow::OutboxItem item = bed.store()->due(bed.now(), 1).value().at(0);
    item.state = OutboxState::Sent;  // and the process ended before a byte left
    item.attempts = 1;
    item.request_hash = "of the request";
    ASSERT_TRUE(bed.store()->mark_sent(item, {"send", "main", "Screening/s1", "", bed.now()}).ok());
    ASSERT_TRUE(bed.store()->recover().ok());
    bed.deliver_due(1);
    EXPECT_EQ(bed.item(1).state, OutboxState::RetryAt) << bed.item(1).reason;
    EXPECT_GE(bed.item(1).not_before - bed.now(), 15s);
    EXPECT_TRUE(written(bed, at).empty());
    bed.work_off(1);
    EXPECT_EQ(written(bed, at).size(), 1u);
  }
}

TEST(LostAnswers, D5_02_WhatIsAmbiguousIsForAPersonAndNeverGuessed) {
  for (const Written& at : kWithoutIdentifierSearch) {
    SCOPED_TRACE(at.profile);
    DeliveryBed bed(at.profile);
    bed.add_patients(1);
    bed.add_screening(1, 1);
    bed.faults(fault("lose_answer", at));
    bed.deliver_due(1);
    ASSERT_EQ(bed.item(1).state, OutboxState::Unknown);
    // Somebody enters the very same there, without any identifier.
    Arena arena;
    const auto made = written(bed, at).at(0);
    const auto twin = fhir::without(made->root(), fhir::intern("identifier"), arena);
    ASSERT_EQ(bed.inside("POST", at.type, fhir::write_json(twin)).status, 201);
    const auto ours = fhir::write_json(twin);
    ASSERT_EQ(bed.inside("PUT", std::string(at.type) + "/" + std::string(made->root().text_of("id")), ours).status,
              200);
    bed.work_off(1);
    EXPECT_EQ(bed.item(1).state, OutboxState::Parked);
    EXPECT_EQ(bed.item(1).trouble, "person");
    EXPECT_EQ(bed.item(1).reason.find("ambiguous: "), 0u) << bed.item(1).reason;
    EXPECT_NE(bed.item(1).reason.find(std::string(made->root().text_of("id"))), std::string::npos);
    EXPECT_EQ(written(bed, at).size(), 2u);
  }
}

TEST(LostAnswers, D5_02_AnEhrThatKeepsNoIdentifierIsMatchedByWhatTheResourceSays) {
  for (const Written& at : kWithoutIdentifierSearch) {
    SCOPED_TRACE(at.profile);
    DeliveryBed bed(at.profile);
    bed.add_patients(1);
    bed.add_screening(1, 1);
    bed.faults(fault("lose_answer", at));
    bed.deliver_due(1);
    Arena arena;
    const auto made = written(bed, at).at(0);
    const std::string id(made->root().text_of("id"));
    const auto bare = fhir::without(made->root(), fhir::intern("identifier"), arena);
    ASSERT_EQ(bed.inside("PUT", std::string(at.type) + "/" + id, fhir::write_json(bare)).status, 200);
    bed.work_off(1);
    EXPECT_EQ(written(bed, at).size(), 1u);
    const auto ledger = bed.store()->ledger_of("main", at.type, id);
    EXPECT_TRUE(ledger.ok() && *ledger) << bed.item(1).reason;
  }
}

// ---- ten thousand ---------------------------------------------------------------------------------------------------

bool in_full() {
  const char* full = std::getenv("BHI_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

// 10 % of the answers lost after the write, 5 % 5xx, 5 % conflicts, tokens of 30 seconds.
void run_many(const Written& at, int count) {
  constexpr int kPatients = 50;
  DeliveryBed bed(at.profile);
  bed.add_patients(kPatients);
  bed.token_life(30);
  bed.faults(R"({"lose_answer":{"method":"POST","percent":10,"seed":7},
                 "status":[{"method":"POST","code":503,"percent":3,"seed":8},{"method":"POST","code":500,"percent":2,"seed":9}],
                 "conflict":{"method":"POST","percent":3,"seed":10},"stale":{"method":"POST","percent":2,"seed":11}})");
  std::set<std::string> wanted;
  for (int n = 0; n < count; ++n) bed.add_screening(n, n % kPatients + 1);
  bed.work_off(4);
  std::map<std::string, int> copies;
  for (const auto& resource : written(bed, at)) {
    const auto time = instant_from(resource->root().text_of(at.time));
    ASSERT_TRUE(time);
    ++copies[to_text(*time)];
  }
  int twice = 0;
  for (const auto& [time, times] : copies) twice += times > 1 ? 1 : 0;
  const auto counts = bed.store()->counts(bed.now()).value();
  std::printf("%s: %d screenings, %zu at the EHR, %d twice, %zu not; tokens %d; settled:", at.profile, count,
              copies.size(), twice, static_cast<std::size_t>(count) - copies.size(), bed.tokens_given());
  for (const auto& [state, times] : bed.states) std::printf(" %s %d", std::string(flow::name(state)).c_str(), times);
  std::printf("\n");
  for (const auto& [reason, times] : bed.parked_for) std::printf("  %d parked: %s\n", times, reason.c_str());
  EXPECT_EQ(copies.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(twice, 0);
  EXPECT_EQ(counts.outbox_unknown + counts.outbox_open, 0u);
  EXPECT_GT(bed.states[OutboxState::Unknown], count / 20);
  EXPECT_GT(bed.tokens_given(), 3);
}

TEST(LostAnswers, D5_01_InARunOfTenThousandWritesNothingIsTwiceAndNothingLost) {
  run_many({"open", "Observation", "effectiveDateTime"}, in_full() ? 10'000 : 500);
}

TEST(LostAnswers, D5_02_TheSameWhereNothingCanBeFoundByIdentifier) {
  run_many(kWithoutIdentifierSearch[2], in_full() ? 10'000 : 500);
}

}  // namespace
}  // namespace bhi::ehr
