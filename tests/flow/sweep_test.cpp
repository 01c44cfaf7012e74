// Everything again: what changed, what is new, what is gone, and what only seems to be.
#include "flow/sweep.h"

#include "flow/cohort.h"
#include "flow/rounds.h"
#include "tests/flow/support/crashing_store.h"
#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;
using test::FakeEhr;
using test::searchset;
using test::TempStore;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");

std::string plan(const std::string& id, const std::string& title = "one", const std::string& meta = "") {
  return R"({"resourceType":"CarePlan","id":")" + id + R"(",)" + (meta.empty() ? "" : "\"meta\":" + meta + ",") +
         R"("subject":{"reference":"Patient/p"},"title":")" + title + R"("})";
}

// An EHR whose reads fail as a test says, by id.
struct Refusing : FakeEhr {
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    if (const auto error = errors.find(std::string(id)); error != errors.end()) return error->second;
    return FakeEhr::read(type, id);
  }
  std::map<std::string, Error> errors;
};

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    choice_.type = "CarePlan";
    choice_.mode = PollMode::Sweep;
    choice_.by_patient = true;
    choice_.parameter = "patient";
  }
  void there(const std::vector<std::string>& plans) {
    Page page;
    page.bundle = searchset(plans);
    ehr_.pages["patient=p"] = page;
  }
  SweepSummary run() {
    auto summary = sweep(*store_, ehr_, {.source = "main"}, choice_, "p", kNow);
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return summary.ok() ? *summary : SweepSummary{};
  }
  std::vector<InboxItem> pending() { return store_->pending("main|Patient/p", 100).value(); }

  TempStore store_;
  Refusing ehr_;
  PollChoice choice_;
};

TEST_F(SweepTest, D4_06_FindsAnEditAnAdditionAndADisappearance) {
  there({plan("a"), plan("b")});
  EXPECT_EQ(run().stored, 2u);
  EXPECT_EQ(run().stored, 0u);
  there({plan("a", "two"), plan("c")});
  ehr_.errors["b"] = {Kind::NotFound, "GET CarePlan/b: 410 deleted"};
  const SweepSummary summary = run();
  EXPECT_EQ(summary.stored, 3u);
  EXPECT_EQ(summary.deleted, 1u);
  const auto items = pending();
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[4].resource.id, "b");
  EXPECT_TRUE(items[4].resource.body.empty());
  EXPECT_EQ(run().stored, 0u);
  EXPECT_EQ(run().requests, 1u);
}

TEST_F(SweepTest, D4_05_ChangesOfMetaTextAndOrderAreNoNews) {
  there({plan("a", "one", R"({"versionId":"1"})")});
  run();
  there({R"({"title":"one","text":{"div":"<div/>"},"resourceType":"CarePlan","meta":{"versionId":"7"},"id":"a",
            "subject":{"reference":"Patient/p"}})"});
  EXPECT_EQ(run().stored, 0u);
}

TEST_F(SweepTest, D4_07_AnAbsenceIsBelievedOnlyWhenTheEhrConfirmsIt) {
  there({plan("gone"), plan("unknown"), plan("closed"), plan("skipped")});
  run();
  there({});
  ehr_.put(plan("skipped"));
  ehr_.errors["gone"] = {Kind::NotFound, "GET CarePlan/gone: 410"};
  ehr_.errors["unknown"] = {Kind::NotFound, "GET CarePlan/unknown: 404"};
  ehr_.errors["closed"] = {Kind::Forbidden, "GET CarePlan/closed: 403"};
  const SweepSummary first = run();
  EXPECT_EQ(first.deleted, 1u);
  EXPECT_EQ(first.absent, 2u);
  EXPECT_EQ(first.issues.size(), 3u);
  for (const auto& item : pending()) {
    EXPECT_TRUE(!item.resource.body.empty() || item.resource.id == "gone");
  }
  run();
  run();
  ehr_.requests.clear();
  const SweepSummary fourth = run();
  EXPECT_EQ(fourth.absent, 2u);
  EXPECT_EQ(fourth.requests,
            2u);  // the search and the one that the search skips; the absent ones were asked for three times
  there({plan("unknown")});
  EXPECT_EQ(run().absent, 1u);  // it is back
}

TEST_F(SweepTest, D4_07_ARecordWhoseIdHoldsTheDigitsOfAStatusIsNotTakenForDeleted) {
  there({plan("410")});
  run();
  there({});
  ehr_.errors["410"] = {Kind::NotFound, "GET CarePlan/410: 404"};
  EXPECT_EQ(run().deleted, 0u);
}

TEST_F(SweepTest, D4_10_AWindowThatWasCutShortDeletesNothing) {
  there({plan("a"), plan("b")});
  run();
  there({plan("a"), R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})"});
  ehr_.errors["b"] = {Kind::NotFound, "410"};
  const SweepSummary summary = run();
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.deleted, 0u);
  there({plan("a")});
  EXPECT_EQ(run().deleted, 1u);
}

TEST_F(SweepTest, D4_07_ARecordThatCannotBeConfirmedHoldsUpNoOther) {
  there({plan("a")});
  run();
  there({plan("b")});
  ehr_.errors["a"] = {Kind::Unavailable, "GET CarePlan/a: 500"};
  EXPECT_FALSE(sweep(*store_, ehr_, {.source = "main"}, choice_, "p", kNow).ok());
  EXPECT_EQ(pending().size(), 2u);
  ehr_.errors["a"] = {Kind::NotFound, "GET CarePlan/a: 410"};
  EXPECT_EQ(run().deleted, 1u);
}

TEST_F(SweepTest, ReadsTheRecordOfAPatientOfTheCohort) {
  choice_ = {};
  choice_.type = "Patient";
  choice_.mode = PollMode::Sweep;
  choice_.by_patient = true;
  ehr_.put(R"({"resourceType":"Patient","id":"p"})");
  const SweepSummary first = run();
  EXPECT_EQ(first.stored, 1u);
  EXPECT_TRUE(first.issues.empty());
  ehr_.errors["p"] = {Kind::NotFound, "GET Patient/p: 410 deleted"};
  EXPECT_EQ(run().deleted, 1u);
}

TEST_F(SweepTest, D4_12_AKillAtAnyWriteLosesNothingAndDoublesNothing) {
  for (const auto moment : {test::CrashingStore::Moment::Before, test::CrashingStore::Moment::After}) {
    for (int write = 1; write <= 5; ++write) {
      TempStore real;
      Refusing ehr;
      Page first, second;
      first.bundle = searchset({plan("a"), plan("b")});
      first.next = "n";
      second.bundle = searchset({plan("c")});
      ehr.pages["patient=p"] = first;
      ehr.pages["n"] = second;
      ASSERT_TRUE(sweep(*real, ehr, {.source = "main"}, choice_, "p", kNow).ok());
      // Now an edit, an addition and a deletion; the process dies somewhere in it.
      first.bundle = searchset({plan("a", "two"), plan("d")});
      second.bundle = searchset({plan("c")});
      ehr.pages["patient=p"] = first;
      ehr.pages["n"] = second;
      ehr.errors["b"] = {Kind::NotFound, "410"};
      test::CrashingStore dying(*real);
      dying.crash_at(write, moment);
      static_cast<void>(sweep(dying, ehr, {.source = "main"}, choice_, "p", kNow));
      real.reopen();
      ASSERT_TRUE(sweep(*real, ehr, {.source = "main"}, choice_, "p", kNow).ok());
      std::map<std::string, int> count;
      const auto pending = real->pending("main|Patient/p", 100);
      for (const auto& item : pending.value()) ++count[item.resource.id];
      EXPECT_EQ(count, (std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 1}, {"d", 1}})) << "write " << write;
    }
  }
}

TEST(PollChoiceTest, D4_01_ChoosesByWhatIsDeclaredAndSaysWhy) {
  Capabilities capabilities;
  TypeCapability type;
  type.search = type.read = true;
  type.type = "CarePlan";
  type.search_params = {"patient", "date", "_count"};
  capabilities.types.push_back(type);
  type.type = "Goal";
  type.search_params = {"patient", "_lastupdated"};
  capabilities.types.push_back(type);
  type.type = "Questionnaire";
  type.search_params = {"_id"};
  capabilities.types.push_back(type);
  const auto says = [&](const std::string& name, const PollWishes& wishes = {}) {
    const auto choice = choose_poll(capabilities, name, wishes);
    return std::string(flow::name(choice.mode)) + (choice.by_patient ? " by patient" : "") + ": " + choice.reason;
  };
  EXPECT_EQ(says("CarePlan"), "sweep by patient: _lastUpdated is not declared; one search by patient for each");
  EXPECT_EQ(says("Goal"), "lastUpdated: _lastUpdated is declared");
  EXPECT_EQ(choose_poll(capabilities, "Goal", {}).parameter, "_lastupdated");
  EXPECT_EQ(says("Questionnaire"),
            "sweep: _lastUpdated is not declared, nor is patient; everything is asked for again");
  EXPECT_EQ(says("Account"), "none: the EHR does not declare the type");
  PollWishes wishes;
  wishes.created_date_types = {"CarePlan", "Questionnaire"};
  wishes.sweep_types = {"Goal"};
  EXPECT_EQ(says("CarePlan", wishes), "created-date: configured; edits of older records are not seen");
  EXPECT_EQ(says("Questionnaire", wishes),
            "none: configured by created date, but the EHR declares no such date to search by");
  EXPECT_EQ(says("Goal", wishes), "sweep by patient: configured; one search by patient for each");
  EXPECT_TRUE(choose_poll(capabilities, "CarePlan", {}).with_count);
  EXPECT_FALSE(choose_poll(capabilities, "Goal", {}).with_count);
  const auto instead = by_patient_instead(capabilities, choose_poll(capabilities, "Goal", {}), "400");
  EXPECT_EQ(instead.reason, "the EHR refuses a search of the whole type (400); one search by patient for each");
}

TEST(RoundsTest, KnowsHowOldThePictureIs) {
  Rounds rounds;
  rounds.begin({"a", "b"});
  EXPECT_FALSE(rounds.complete_until().has_value());
  rounds.done(kNow);
  EXPECT_FALSE(rounds.complete_until().has_value());
  rounds.done(kNow + 10s);
  EXPECT_FALSE(rounds.under_way());
  EXPECT_EQ(rounds.complete_until(), kNow);
  rounds.begin({"b", "a"});
  EXPECT_EQ(rounds.next(), "a");  // asked longest ago
  rounds.done(std::nullopt);
  rounds.done(kNow + 30s);
  EXPECT_EQ(rounds.complete_until(), kNow);
  rounds.begin({"a", "b", "c"});
  EXPECT_EQ(rounds.next(), "c");
  EXPECT_FALSE(rounds.complete_until().has_value());
}

TEST(CohortTest, ReadsAListAndAGroup) {
  const auto list = patients_of_list("# ours\n1\nPatient/2\r\n\n 1 \n");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(patients_of_list("1\nJane Doe\n").error().message, "cohort: line 2: expected a patient id");
  FakeEhr ehr;
  ehr.put(R"({"resourceType":"Group","id":"g","member":[{"entity":{"reference":"Patient/1"}},
             {"entity":{"reference":"Patient/2"},"inactive":true},{"entity":{"reference":"Device/3"}}]})");
  EXPECT_EQ(*patients_of_group(ehr, "g"), (std::vector<std::string>{"1"}));
}

}  // namespace
}  // namespace bhi::flow
