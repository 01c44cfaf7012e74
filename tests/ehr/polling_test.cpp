// Polling against EHRs as they declare themselves: the captured statements, and the simulator's profiles.
#include "ehr/capability.h"
#include "ehr/fhir_ehr.h"
#include "flow/poll_choice.h"
#include "flow/rounds.h"
#include "flow/sweep.h"
#include "store/sqlite_store.h"
#include "tests/ehr/support/sim_ehr.h"
#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using flow::PollMode;

std::string fixtures() {
  const char* given = std::getenv("BHI_FIXTURES");
  return given != nullptr ? given : std::string(BHI_SOURCE_DIR) + "/../shared/fixtures";
}

std::string statement(const std::string& name) {
  std::ifstream in(fixtures() + "/capability_statements/" + name + ".json", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Expected {
  const char* file;
  const char* profile;
  const char* type;
  PollMode mode;
  bool by_patient;
};
constexpr Expected kExpected[] = {
    {"epic", "epic", "CarePlan", PollMode::Sweep, true},
    {"epic", "epic", "QuestionnaireResponse", PollMode::Sweep, true},
    {"epic", "epic", "Patient", PollMode::Sweep, false},
    {"oracle_health", "oracle", "CarePlan", PollMode::Sweep, true},
    {"oracle_health", "oracle", "Observation", PollMode::LastUpdated, false},
    {"oracle_health", "oracle", "EpisodeOfCare", PollMode::None, false},
    {"athenahealth", "athenahealth", "CarePlan", PollMode::LastUpdated, false},
    {"athenahealth", "athenahealth", "QuestionnaireResponse", PollMode::LastUpdated, false},
    {"athenahealth", "athenahealth", "Questionnaire", PollMode::Sweep, false},
    {"eclinicalworks", "eclinicalworks", "MedicationRequest", PollMode::Sweep, true},
};

TEST(Polling, D4_01_ChoosesTheModeFromTheCapturedStatements) {
  if (statement("epic").empty()) GTEST_SKIP() << "capability_statements: not at hand";
  for (const Expected& row : kExpected) {
    auto read = fhir::read_json(statement(row.file));
    ASSERT_TRUE(read.ok()) << row.file;
    const auto capabilities = capabilities_from((*read)->root());
    ASSERT_TRUE(capabilities.ok()) << row.file << ": " << capabilities.error().message;
    const auto choice = flow::choose_poll(*capabilities, row.type, {});
    EXPECT_EQ(choice.mode, row.mode) << row.file << " " << row.type << ": " << choice.reason;
    EXPECT_EQ(choice.by_patient, row.by_patient) << row.file << " " << row.type;
  }
}

TEST(Polling, TheProfilesOfTheSimulatorDeclareWhatTheirEhrDoes) {
  for (const Expected& row : kExpected) {
    sim::Settings settings;
    settings.rules.profile = *sim::profile_named(row.profile);
    sim::Simulator simulator(settings);
    test::SimEhr ehr(simulator, *instant_from("2026-11-22T09:00:00Z"), 0);
    const auto capabilities = ehr.capabilities();
    ASSERT_TRUE(capabilities.ok()) << capabilities.error().message;
    if (row.mode != PollMode::None || capabilities->of(row.type) == nullptr) {
      const auto choice = flow::choose_poll(*capabilities, row.type, {});
      EXPECT_EQ(choice.mode, row.mode) << row.profile << " " << row.type << ": " << choice.reason;
    }
  }
}

TEST(Polling, D4_11_ASearchIsAGetWithItsQueryAndNoBody) {
  test::TinyServer server([](const test::Heard&) { return test::json_answer(200, R"({"resourceType":"Bundle"})"); });
  EhrSettings settings;
  settings.http.base_url = server.base();
  const auto ehr = connect(settings);
  ASSERT_TRUE(ehr.ok());
  ASSERT_TRUE((*ehr)->search("Patient", "_lastUpdated=ge2026").ok());
  ASSERT_EQ(server.heard().size(), 1u);
  EXPECT_EQ(server.heard()[0].method, "GET");
  EXPECT_EQ(server.heard()[0].target, "/fhir/Patient?_lastUpdated=ge2026");
  EXPECT_TRUE(server.heard()[0].body.empty());
}

// The simulated minute passes while a call waits for its turn: the token is taken afterwards.
TEST(Polling, ATokenIsTakenAfterTheWaitForOnesTurn) {
  test::TinyServer server([](const test::Heard&) { return test::json_answer(200, R"({"resourceType":"Bundle"})"); });
  EhrSettings settings;
  settings.http.base_url = server.base();
  settings.traffic = std::make_shared<Traffic>(TrafficSettings{});
  Response busy;
  busy.what = Response::What::Answered;
  busy.status = 429;
  busy.retry_after = "1";
  const auto before = std::chrono::steady_clock::now();
  settings.traffic->heard(busy, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
  std::chrono::steady_clock::time_point asked;
  settings.token = [&]() -> Result<std::string> {
    asked = std::chrono::steady_clock::now();
    return std::string("t");
  };
  const auto ehr = connect(settings);
  ASSERT_TRUE((*ehr)->search("Patient", "").ok());
  EXPECT_GE(asked - before, 900ms);
}

TEST(Polling, ACallThatWouldWaitTooLongOrWhileWeStopIsNotSent) {
  test::TinyServer server([](const test::Heard&) { return test::json_answer(200, R"({"resourceType":"Bundle"})"); });
  EhrSettings settings;
  settings.http.base_url = server.base();
  TrafficSettings quiet;
  quiet.quiet_until = [](Instant now) { return std::optional(now + 1h); };
  settings.traffic = std::make_shared<Traffic>(quiet);
  const auto ehr = connect(settings);
  const auto page = (*ehr)->search("Patient", "");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().kind, Kind::Busy);
  EXPECT_TRUE(server.heard().empty());
  EXPECT_TRUE((*ehr)->urgent().search("Patient", "").ok());
  EXPECT_EQ((*ehr)->create("Observation", "{}", "").what, flow::Answer::What::NotSent);
}

class Clinic : public testing::Test {
 protected:
  // 1,000 in the long form.
  static int patients_at_all() {
    const char* full = std::getenv("BHI_FULL");
    return full != nullptr && std::string(full) == "1" ? 1000 : 100;
  }
  const int count_ = patients_at_all();
  static constexpr const char* kTypes[] = {"CarePlan", "Goal", "MedicationRequest", "QuestionnaireResponse"};

  Clinic() {
    std::string name = (std::filesystem::temp_directory_path() / "bhi-clinic-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    store_ = *store::open_sqlite((folder_ / "bhi.db").string());
    sim::Settings settings;
    settings.seed = "clinic";
    settings.rules.profile = *sim::profile_named("epic");
    settings.rules.profile.calls_per_minute = 250;  // a strict one: a call too many is 429
    simulator_ = std::make_unique<sim::Simulator>(settings);
    ehr_ = std::make_unique<test::SimEhr>(*simulator_, kStart, 250);
    for (int i = 0; i < count_; ++i) {
      patients_.push_back("p" + std::to_string(i));
      for (const std::string type : kTypes) load(type, type.substr(0, 1) + std::to_string(i), i, "one");
    }
  }

  ~Clinic() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::string body(const std::string& type, const std::string& id, int patient, const std::string& word) {
    return R"({"resourceType":")" + type + R"(","id":")" + id + R"(","status":"active","language":")" + word +
           R"(","subject":{"reference":"Patient/p)" + std::to_string(patient) + R"("}})";
  }
  // As a clinician at the EHR, beside its interface.
  void load(const std::string& type, const std::string& id, int patient, const std::string& word) {
    load(body(type, id, patient, word));
  }
  void remove(const std::string& place) {
    load(R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":")" + place +
         R"("}}]})");
  }
  void load(const std::string& document) {
    const auto read = fhir::read_json(document);
    ASSERT_TRUE(read.ok());
    const auto loaded = simulator_->load((*read)->root(), ehr_->now);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  }

  // One round over all types, a patient of each in turn, as the poller takes them.
  flow::SweepSummary round() {
    flow::SweepSummary all;
    const auto capabilities = ehr_->capabilities();
    EXPECT_TRUE(capabilities.ok());
    std::map<std::string, flow::PollChoice> choices;
    for (const char* type : kTypes) {
      choices[type] = flow::choose_poll(*capabilities, type, {});
      EXPECT_TRUE(choices[type].by_patient) << choices[type].reason;
      rounds_[type].begin(patients_);
    }
    for (int i = 0; i < count_; ++i) {
      for (const char* type : kTypes) {
        const Instant asked = ehr_->now;
        const auto& patient = rounds_[type].next();
        asked_[std::string(type) + patient] = asked;
        const auto summary = flow::sweep(*store_, *ehr_, {.source = "main"}, choices[type], patient, asked);
        EXPECT_TRUE(summary.ok()) << summary.error().message;
        if (!summary.ok()) return all;
        all.stored += summary->stored;
        all.deleted += summary->deleted;
        all.absent += summary->absent;
        rounds_[type].done(asked);
      }
    }
    return all;
  }

  static constexpr Instant kStart{std::chrono::milliseconds(1'795'000'000'000)};
  std::vector<std::string> patients_;
  std::unique_ptr<sim::Simulator> simulator_;
  std::unique_ptr<test::SimEhr> ehr_;
  std::filesystem::path folder_;
  std::unique_ptr<flow::Store> store_;
  std::map<std::string, flow::Rounds> rounds_;
  std::map<std::string, Instant> asked_;
};

TEST_F(Clinic, D4_13_OneSweepFindsEveryEditAdditionAndRemovalWithinTheBudget) {
  const auto all = static_cast<std::size_t>(4 * count_);
  EXPECT_EQ(round().stored, all);

  std::size_t edits = 0, additions = 0, removals = 0;
  for (int i = 0; i < count_; i += 9) {
    load("CarePlan", "C" + std::to_string(i), i, "two");
    ++edits;
  }
  for (int i = 13; i < count_; i += 11) {
    load("QuestionnaireResponse", "new" + std::to_string(i), i, "one");
    ++additions;
  }
  for (int i = 29; i < count_; i += 17) {
    remove("MedicationRequest/M" + std::to_string(i));
    ++removals;
  }
  ehr_->minutes.clear();
  ehr_->calls = 0;
  const Instant before = ehr_->now;
  const auto found = round();
  EXPECT_EQ(found.stored, edits + additions + removals);
  EXPECT_EQ(found.deleted, removals);
  int most = 0;
  for (const auto& [minute, calls] : ehr_->minutes) most = std::max(most, calls);
  EXPECT_LE(most, 250);
  const auto took = std::chrono::duration_cast<std::chrono::minutes>(ehr_->now - before);
  RecordProperty("calls", static_cast<int>(ehr_->calls));
  RecordProperty("most_calls_in_a_minute", most);
  RecordProperty("minutes", static_cast<int>(took.count()));
  EXPECT_EQ(ehr_->calls, all + 1 + removals);  // one to confirm each removal

  // What is printed as staleness is the true one: the age of the oldest answer.
  for (const char* type : kTypes) {
    Instant oldest = ehr_->now;
    for (const auto& patient : patients_) oldest = std::min(oldest, asked_[std::string(type) + patient]);
    EXPECT_EQ(rounds_[type].complete_until(), oldest);
  }
}

}  // namespace
}  // namespace bhi::ehr
