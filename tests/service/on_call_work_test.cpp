// The watch over safety events on a real store: who is told, what is remembered, when it ends. Time is the test's.
#include "service/on_call_work.h"

#include "flow/binding.h"
#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class OnCallWorkTest : public DaemonTest {
 protected:
  OnCallWorkTest()
      : store(*store::open_sqlite((folder / "on_call.db").string())),
        live(engine()),
        common{*store, metrics, live, {{"main"}}, [this] { return now; }} {
    on_call.first.webhook_url = "http://127.0.0.1:1/first";
    on_call.backup.webhook_url = "http://127.0.0.1:1/backup";
    on_call.repeat_secs = 300;
    on_call.backup_after_secs = 900;
    on_call.acknowledge_within_mins = 60;
    on_call.undelivered_after_secs = 120;
    begin();
  }

  void begin() {
    work = std::make_unique<OnCallWork>(OnCallWork::Parts{
        common, on_call, "clinic", [this](const OnCallContact& contact, std::string_view text) -> Telling {
          const bool first = contact.webhook_url.ends_with("first");
          if (first && first_down) return {false, "webhook: answered 500"};
          told.push_back((first ? "first " : "backup ") + std::string(text));
          return {true, ""};
        }});
  }

  static care::SafetyEvent event(const std::string& id, const std::string& patient = "p1") {
    care::SafetyEvent made;
    made.id = id;
    made.patient = patient;
    made.rule = "phq-9.item9";
    made.level = "positive";
    made.derived_from = "s1";
    made.occurred = made.raised = "2026-11-22T02:00:00.000Z";
    made.state = "open";
    made.note = "item 9 answered 2";
    return made;
  }

  void keep(care::SafetyEvent of, std::optional<flow::OutboxState> state = {}) {
    const auto held = must(store->entity("SafetyEvent", of.id));
    flow::Worked worked;
    worked.entities = {{"SafetyEvent", of.id, of.patient, held ? held->version : 0, flow::to_json(of)}};
    worked.at = now;
    if (state) {
      flow::OutboxItem item;
      item.destination = "main";
      item.patient = of.patient;
      item.artifact = "safety";
      item.care_id = of.id;
      item.care_version = 1;
      item.urgent = true;
      item.created = now;
      worked.outbox = {item};
    }
    ASSERT_TRUE(store->commit(worked).ok());
    if (state && *state != flow::OutboxState::Planned) settle(of.id, *state);
  }
  void settle(const std::string& id, flow::OutboxState state) {
    for (auto& item : must(store->outbox("", 100))) {
      if (item.care_id != id) continue;
      flow::Settled settled;
      settled.item = item;
      settled.item.state = state;
      ASSERT_TRUE(store->settle(settled).ok());
      return;
    }
    FAIL() << "no item of " << id;
  }
  void acknowledge(const std::string& id) {
    auto done = event(id);
    done.state = "acknowledged";
    keep(done);
  }
  std::size_t look(std::chrono::milliseconds later = {}) {
    now += later;
    const auto before = told.size();
    const auto done = work->round();
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
    return told.size() - before;
  }
  template <typename T>
  static T must(Result<T> result) {
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return *std::move(result);
  }

  Instant now = *instant_from("2026-11-22T02:00:00Z");
  std::unique_ptr<flow::Store> store;
  Metrics metrics;
  LiveEngine live;
  Common common;
  OnCallSettings on_call;
  std::unique_ptr<OnCallWork> work;
  bool first_down = false;
  std::vector<std::string> told;
};

TEST_F(OnCallWorkTest, AParkedSafetyArtifactIsToldAtOnceAndUntilSomebodyAcknowledges) {
  look();
  keep(event("e1"), flow::OutboxState::Parked);
  ASSERT_EQ(look(), 1u);
  EXPECT_TRUE(told[0].starts_with("first {")) << told[0];
  EXPECT_NE(told[0].find(R"("reason":"not-delivered","destination":"main")"), std::string::npos) << told[0];
  EXPECT_EQ(look(seconds(299)), 0u);
  EXPECT_EQ(look(seconds(1)), 1u);
  EXPECT_EQ(look(minutes(5)), 1u);
  EXPECT_EQ(look(minutes(5)), 2u) << "the backup too, a quarter of an hour after the first notice";
  EXPECT_TRUE(told.back().starts_with("backup {"));
  acknowledge("e1");
  EXPECT_EQ(look(minutes(5)), 0u);
  EXPECT_EQ(look(minutes(60)), 0u);
  EXPECT_TRUE(must(store->cursors("on-call", "")).empty());
}

TEST_F(OnCallWorkTest, OneOnItsWayHasItsTimeAndADeliveredOneIsToldWhenNobodyAcknowledges) {
  keep(event("e1"), flow::OutboxState::Planned);
  keep(event("e2"), flow::OutboxState::Verified);
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(look(seconds(119)), 0u);
  EXPECT_EQ(look(seconds(1)), 1u);
  EXPECT_NE(told.back().find(R"("event":"e1","reason":"not-delivered")"), std::string::npos);
  acknowledge("e1");
  EXPECT_EQ(look(minutes(57)), 0u);
  EXPECT_EQ(look(minutes(1)), 1u);
  EXPECT_NE(told.back().find(R"("event":"e2","reason":"not-acknowledged")"), std::string::npos);
}

TEST_F(OnCallWorkTest, AnItemThatIsParkedLaterIsToldWhenTheDeliveryRings) {
  keep(event("e1"), flow::OutboxState::Planned);
  EXPECT_EQ(look(), 0u);
  settle("e1", flow::OutboxState::Dead);
  work->wake("e1");
  EXPECT_EQ(look(), 1u);
}

TEST_F(OnCallWorkTest, AnEventWithoutAPatientIsToldAtOnce) {
  keep(event("e1", ""));
  EXPECT_EQ(look(), 1u);
}

TEST_F(OnCallWorkTest, WhatNobodyHasToBeCalledForIsNotTold) {
  auto unanswered = event("e1");
  unanswered.level = "unknown";
  unanswered.note = "item 9 not answered";
  keep(unanswered);
  auto old = event("e2");
  old.state = "review";
  keep(old);
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(look(minutes(600)), 0u);
}

TEST_F(OnCallWorkTest, ARestartNeitherForgetsNorStorms) {
  for (int i = 0; i < 20; ++i) keep(event("e" + std::to_string(i)), flow::OutboxState::Parked);
  EXPECT_EQ(look(), 20u);
  for (int restart = 0; restart < 10; ++restart) {
    begin();
    EXPECT_EQ(look(seconds(1)), 0u) << "told a moment ago";
  }
  begin();
  EXPECT_EQ(look(minutes(5)), 20u) << "and not forgotten";
  EXPECT_NE(told.back().find(R"("attempt":2)"), std::string::npos) << told.back();
  for (int i = 0; i < 20; ++i) acknowledge("e" + std::to_string(i));
  begin();
  EXPECT_EQ(look(minutes(5)), 0u);
  EXPECT_TRUE(must(store->cursors("on-call", "")).empty()) << "what is over is forgotten";
}

TEST_F(OnCallWorkTest, WhenTheFirstCannotBeToldTheBackupIsAtOnceAndTheFirstIsTriedAgain) {
  first_down = true;
  keep(event("e1"), flow::OutboxState::Parked);
  ASSERT_EQ(look(), 1u);
  EXPECT_TRUE(told[0].starts_with("backup {"));
  EXPECT_NE(metrics.text().find(R"(bhi_on_call_notices_total{contact="first",outcome="failed"} 1)"), std::string::npos)
      << metrics.text();
  first_down = false;
  EXPECT_EQ(look(minutes(5)), 1u);
  EXPECT_TRUE(told[1].starts_with("first {"));
}

TEST_F(OnCallWorkTest, WhenNobodyCanBeToldItIsTriedAgainSoonAndSaid) {
  first_down = true;
  on_call.backup = {};
  keep(event("e1"), flow::OutboxState::Parked);
  EXPECT_EQ(look(), 0u);
  EXPECT_EQ(work->remarks(), std::vector<std::string>{"1 safety events of which nobody could be told"});
  first_down = false;
  EXPECT_EQ(look(seconds(30)), 1u);
  EXPECT_TRUE(work->remarks().empty());
}

TEST_F(OnCallWorkTest, AContactThatFailsDoesNotHoldUpManyEvents) {
  first_down = true;
  for (int i = 0; i < 50; ++i) keep(event("e" + std::to_string(i)), flow::OutboxState::Parked);
  EXPECT_EQ(look(), 50u) << "the backup was told of each";
  EXPECT_NE(metrics.text().find(R"(bhi_on_call_notices_total{contact="first",outcome="failed"} 1)"), std::string::npos)
      << "the first was tried once: " << metrics.text();
}

TEST_F(OnCallWorkTest, NobodyOnCallIsSaidAndCounted) {
  on_call.first = on_call.backup = {};
  keep(event("e1"), flow::OutboxState::Parked);
  EXPECT_EQ(look(), 0u);
  ASSERT_EQ(work->remarks().size(), 1u);
  EXPECT_NE(work->remarks()[0].find("nobody is on call"), std::string::npos);
  EXPECT_NE(metrics.text().find(R"(bhi_on_call_notices_total{contact="first",outcome="nobody"} 1)"), std::string::npos)
      << metrics.text();
  EXPECT_NE(metrics.text().find("bhi_on_call_events 1"), std::string::npos);
}

TEST_F(OnCallWorkTest, EveryNoticeLeavesAnAuditRecordWithItsOutcome) {
  first_down = true;
  keep(event("e1"), flow::OutboxState::Parked);
  look();
  acknowledge("e1");
  look();
  std::vector<std::string> outcomes;
  for (const auto& row : must(store->audit_trail(0, 100))) {
    if (row.entry.action == "on-call") outcomes.push_back(row.entry.subject + " " + row.entry.outcome);
  }
  EXPECT_EQ(outcomes, (std::vector<std::string>{"SafetyEvent/e1 not-delivered, attempt 1: first failed; backup told",
                                                "SafetyEvent/e1 ended: acknowledged"}));
}

}  // namespace
}  // namespace bhi::service::test
