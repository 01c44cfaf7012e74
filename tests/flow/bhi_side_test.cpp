#include "flow/bhi_side.h"

#include "flow/binding.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

const Destinations kWritable{{"main"}};
const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

class BhiSide : public ::testing::Test {
 protected:
  BhiSide() {
    care::Patient patient;
    patient.id = "p";
    patient.source = {"main", "Patient", "p", "", ""};
    EXPECT_TRUE(store_->commit({{{"Patient", "p", "p", 0, to_json(patient)}}, {}, {}, {}, {}}).ok());
  }

  Result<StoredEntity> screening(std::string json, std::string_view patient = "p") {
    const auto body = fhir::read_json(std::move(json));
    if (!body.ok()) return body.error();
    return post_screening(test::engine(), *store_, kWritable, patient, (*body)->root(), {"app"}, kNow);
  }

  Result<StoredEntity> plan(std::string json) {
    const auto body = fhir::read_json(std::move(json));
    return post_plan(test::engine(), *store_, kWritable, "p", (*body)->root(), {"app"}, kNow);
  }

  Result<StoredEntity> patch(std::string_view id, std::string json, std::int64_t version) {
    const auto body = fhir::read_json(std::move(json));
    return patch_plan(test::engine(), *store_, kWritable, "p", id, (*body)->root(), version, {"app"}, kNow);
  }

  test::TempStore store_;
};

constexpr const char* kGad7 = R"({"instrument":"gad-7","authored":"2026-11-22T10:00:00Z",
  "items":[{"n":1,"score":1},{"n":2,"score":1},{"n":3,"score":1},{"n":4,"score":1},{"n":5,"score":1},{"n":6,"score":1},{"n":7,"score":3}]})";

TEST_F(BhiSide, ScoresAPostedScreeningAndWantsItWritten) {
  const auto made = screening(kGad7);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto entity = entity_from_json(made->body);
  EXPECT_EQ(std::get<care::Screening>(*entity).total, 9);
  EXPECT_EQ(store_->outbox("p", 10)->size(), 1u);
}

TEST_F(BhiSide, ChangesNothingWhenTheSameIsPostedAgain) {
  const auto first = screening(kGad7);
  const auto again = screening(kGad7);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->id, again->id);
  EXPECT_EQ(again->version, 1);
  EXPECT_EQ(store_->outbox("p", 10)->size(), 1u);
}

TEST_F(BhiSide, QueuesSubstanceUseForTheGuardToDecideWhenItIsSent) {
  ASSERT_TRUE(
      screening(
          R"({"instrument":"audit-c","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":1},{"n":2,"score":0},{"n":3,"score":0}]})")
          .ok());
  const auto items = *store_->outbox("p", 10);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].state, OutboxState::Planned);
}

struct Refused {
  std::string json;
  std::string word;  // in the message
};

class RefusedScreening : public BhiSide, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedScreening, NamesWhatIsWrongAndKeepsNothing) {
  const auto made = screening(GetParam().json);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, Kind::Incorrect);
  EXPECT_NE(made.error().message.find(GetParam().word), std::string::npos) << made.error().message;
  EXPECT_EQ(store_->record("p")->size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RefusedScreening,
    ::testing::Values(
        Refused{R"({"instrument":"phq-99","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":1}]})",
                "instrument"},
        Refused{R"({"instrument":"phq-9","authored":"yesterday","items":[{"n":1,"score":1}]})", "authored"},
        Refused{R"({"instrument":"phq-9","authored":"2027-11-22T10:00:00Z","items":[{"n":1,"score":1}]})", "future"},
        Refused{R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[]})", "items"},
        Refused{R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":4}]})", "item 1"},
        Refused{
            R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":1},{"n":1,"score":2}]})",
            "once"},
        Refused{R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":"1"}]})",
                "items[0].score"},
        Refused{R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"scroe":1}]})", "items[0]"},
        Refused{R"({"instrument":"phq-9","author":"x","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":1}]})",
                "author"}));

TEST_F(BhiSide, SaysThatAPatientIsUnknown) {
  const auto made = screening(kGad7, "nobody");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, Kind::NotFound);
}

TEST_F(BhiSide, ChangesAPlanOnlyFromTheVersionThatWasRead) {
  const auto made = plan(R"({"title":"First"})");
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto changed = patch(made->id, R"({"title":"Second"})", made->version);
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  EXPECT_EQ(changed->version, made->version + 1);
  const auto late = patch(made->id, R"({"title":"Third"})", made->version);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind, Kind::Conflict);
}

TEST_F(BhiSide, RefusesWhatAPlanDoesNotHaveOrNobodyMayChange) {
  const auto made = plan(R"({"title":"First"})");
  for (const auto& [json, word] : {std::pair{R"({"colour":"red"})", "colour"}, std::pair{R"({"id":"x"})", "id"},
                                   std::pair{R"({"activities":"walk"})", "activities"}}) {
    const auto changed = patch(made->id, json, made->version);
    ASSERT_FALSE(changed.ok()) << json;
    EXPECT_EQ(changed.error().kind, Kind::Incorrect);
    EXPECT_NE(changed.error().message.find(word), std::string::npos) << changed.error().message;
  }
}

TEST_F(BhiSide, AcknowledgesASafetyEventOnceAndNeverUnasked) {
  ASSERT_TRUE(
      screening(
          R"({"instrument":"phq-9","authored":"2026-11-22T10:00:00Z","items":[{"n":1,"score":0},{"n":2,"score":0},{"n":3,"score":0},
    {"n":4,"score":0},{"n":5,"score":0},{"n":6,"score":0},{"n":7,"score":0},{"n":8,"score":0},{"n":9,"score":2}]})")
          .ok());
  const auto events = store_->list("SafetyEvent", "", 10);
  ASSERT_EQ(events->entities.size(), 1u);
  const auto taken = acknowledge(test::engine(), *store_, kWritable, events->entities[0].id, {"nurse"}, kNow);
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  const auto entity = entity_from_json(taken->body);
  EXPECT_EQ(std::get<care::SafetyEvent>(*entity).state, "acknowledged");
  EXPECT_EQ(std::get<care::SafetyEvent>(*entity).acknowledged_by, "nurse");
  EXPECT_EQ(acknowledge(test::engine(), *store_, kWritable, "nothing", {"nurse"}, kNow).error().kind, Kind::NotFound);
}

}  // namespace
}  // namespace bhi::flow
