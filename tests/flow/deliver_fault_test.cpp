// Deliveries to an EHR that fails at random, by a daemon that is killed at random: nothing twice, nothing lost.
#include "tests/flow/support/crashing_store.h"
#include "tests/flow/support/delivery_fixture.h"

#include <map>
#include <random>

namespace bhi::flow {
namespace {

constexpr int kScreenings = 30;
constexpr int kEntities = 4;  // of those that are written again and again

class DeliverFaults : public DeliverEhrPlan, public testing::WithParamInterface<unsigned> {
 protected:
  bool chance(int percent) { return std::uniform_int_distribution<int>(1, 100)(random_) <= percent; }

  std::optional<FakeEhr::Rude> bad_day() {
    static const std::vector<FakeEhr::Rude> kMoods = {
        {What::Unknown, 0, true}, {What::Unknown, 0, false}, {What::Later, 503, false}, {What::Later, 500, true},
        {What::NotSent},          {What::Later, 429},        {What::Conflict, 409}};
    if (!chance(40)) return std::nullopt;
    return kMoods[std::uniform_int_distribution<std::size_t>(0, kMoods.size() - 1)(random_)];
  }

  // Works until nothing is due any more. Some deliveries end in the middle of things.
  void work_off() {
    for (int round = 0; round < 100'000; ++round) {
      clock_ += 10min;
      const auto due = store_->due(clock_, 4);
      ASSERT_TRUE(due.ok()) << due.error().message;
      if (due->empty()) return;
      for (const OutboxItem& item : *due) {
        test::CrashingStore store(*store_);
        using Moment = test::CrashingStore::Moment;
        if (chance(15))
          store.crash_at(1 + (chance(50) ? 1 : 0) + (chance(50) ? 1 : 0), chance(50) ? Moment::Before : Moment::After);
        const auto delivered = deliver(test::engine(), store, ehr_, ehr_.declared, item, clock_);
        if (store.crashed()) {
          ++crashes_;
          restart();
          break;
        }
        ASSERT_TRUE(delivered.ok()) << delivered.error().message;
        states_[delivered->state]++;
        EXPECT_NE(delivered->state, OutboxState::Parked) << delivered->reason;
      }
    }
    FAIL() << "never done";
  }

  std::map<OutboxState, int> states_;
  int crashes_ = 0;
  std::mt19937 random_{GetParam()};
};

TEST_P(DeliverFaults, LeaveOneResponseAndOneScoreOfEachScreening) {
  for (const bool conditional : {true, false}) {
    SCOPED_TRACE(conditional ? "conditional create" : "search only");
    for (TypeCapability& type : ehr_.declared.types) type.conditional_create = conditional;
    ehr_.honours_conditions = conditional;
    ehr_.mood = [this] { return bad_day(); };
    for (int n = 0; n < kScreenings; ++n) {
      care::Screening screening = phq9();
      screening.id = (conditional ? "a" : "b") + std::to_string(n);
      keep({screening}, "screening-result");
    }
    work_off();
    for (const char* type : {"Observation", "QuestionnaireResponse"}) {
      std::map<std::string, int> copies;
      for (const auto& resource : ehr_.all(type)) {
        const auto read = document(resource.body);
        ++copies[std::string(fhir::each(read->root().find("identifier"))[0].text_of("value"))];
        EXPECT_EQ(resource.version, 1);
      }
      EXPECT_EQ(copies.size(), static_cast<std::size_t>(conditional ? kScreenings : 2 * kScreenings)) << type;
      EXPECT_TRUE(std::ranges::all_of(copies, [](const auto& entry) { return entry.second == 1; })) << type;
    }
  }
  EXPECT_GT(states_[OutboxState::Unknown], 10);
  EXPECT_GT(crashes_, 5);
  EXPECT_EQ(states_[OutboxState::Parked] + states_[OutboxState::Dead], 0);
}

TEST_P(DeliverFaults, LoseNoEditOfEitherSideOfAPlan) {
  int notes = 0;
  const auto edit_there = [this, &notes] {  // as a clinician does: reads the newest, adds a note
    std::string body = ehr_.find("CarePlan", "7")->body;
    const std::string note = "{\"text\":\"note " + std::to_string(++notes) + "\"}";
    const std::size_t at = body.find("\"note\":[");
    if (at == std::string::npos)
      body.insert(1, "\"note\":[" + note + "],");
    else
      body.insert(at + 8, note + ",");
    ehr_.put(body);
  };
  ehr_.mood = [this] { return bad_day(); };
  ehr_.before_update = [this, edit_there] {
    if (chance(30)) edit_there();
  };
  const std::vector<std::string> statuses = {"scheduled", "in-progress", "on-hold", "completed"};
  for (int round = 0; round < 100; ++round) {
    if (chance(30)) edit_there();
    if (chance(30)) accept_and_work();
    care::CarePlan changed = stored_plan();
    changed.activities[0].status = statuses[static_cast<std::size_t>(round) % statuses.size()];
    keep({changed}, "care-plan");
    if (chance(50)) {  // the next change comes before this one is through
      const auto due = store_->due(clock_ += 10min, 1).value();
      if (!due.empty()) {
        ASSERT_TRUE(deliver(test::engine(), *store_, ehr_, ehr_.declared, due[0], clock_).ok());
      }
      continue;
    }
    work_off();
    work();
    const auto after = there();
    EXPECT_EQ(after->root().find("activity")->elements()[0].find("detail")->text_of("status"),
              changed.activities[0].status)
        << round;
    EXPECT_EQ(fhir::each(after->root().find("note")).size(), static_cast<std::size_t>(notes)) << round;
    if (testing::Test::HasFailure()) return;
  }
  work_off();
  accept_and_work();
  EXPECT_EQ(stored_plan().notes.size(), static_cast<std::size_t>(notes));
  EXPECT_GT(notes, 20);
  EXPECT_EQ(states_[OutboxState::Parked] + states_[OutboxState::Dead], 0);
  // And then silence: what we wrote is no news.
  const int version = ehr_.find("CarePlan", "7")->version;
  for (int i = 0; i < 3; ++i) {
    accept_and_work();
    work_off();
  }
  EXPECT_EQ(ehr_.find("CarePlan", "7")->version, version);
}

TEST_P(DeliverFaults, LeaveOneDocumentOfEachStateAndOneNoticeOfEachWord) {
  for (const bool conditional : {true, false}) {
    SCOPED_TRACE(conditional ? "conditional create" : "search only");
    ehr_.declare({"DocumentReference", "Communication"});
    for (TypeCapability& type : ehr_.declared.types) {
      type.update = false;
      type.conditional_create = conditional;
    }
    ehr_.honours_conditions = conditional;
    ehr_.mood = [this] { return bad_day(); };
    const std::size_t documents = ehr_.all("DocumentReference").size(), notices = ehr_.all("Communication").size();
    for (int n = 0; n < kEntities; ++n) {
      const std::string id = (conditional ? "a" : "b") + std::to_string(n);
      for (const char* status : {"completed", "amended", "entered-in-error"}) {
        care::Screening screening = phq9();
        screening.id = id;
        screening.status = status;
        keep({screening}, "screening-result");
        work_off();
      }
      for (const char* state : {"open", "open", "acknowledged"}) {
        care::SafetyEvent event;
        event.id = "e" + id;
        event.patient = kPatient;
        event.level = "positive";
        event.state = state;
        event.occurred = "2026-11-21";
        keep({event}, "safety");
        work_off();
      }
    }
    EXPECT_EQ(ehr_.all("DocumentReference").size(), documents + 3 * kEntities);
    EXPECT_EQ(ehr_.all("Communication").size(), notices + 2 * kEntities);
    std::map<std::string, int> replaced;
    for (const auto& resource : ehr_.all("DocumentReference")) {
      const auto read = document(resource.body);
      for (const fhir::Node& relation : fhir::each(read->root().find("relatesTo"))) {
        ++replaced[std::string(relation.find("target")->text_of("reference"))];
      }
    }
    EXPECT_TRUE(std::ranges::all_of(replaced, [](const auto& entry) { return entry.second == 1; }));
  }
  EXPECT_GT(states_[OutboxState::Unknown], 0);
  EXPECT_EQ(states_[OutboxState::Parked] + states_[OutboxState::Dead], 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeliverFaults, testing::Values(1u, 2u, 3u, 4u));

}  // namespace
}  // namespace bhi::flow
