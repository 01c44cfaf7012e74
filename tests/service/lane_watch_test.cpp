// What a run of deliveries says of a destination, and what is done about it.
#include "service/lane_watch.h"

#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

using flow::OutboxItem;
using flow::OutboxState;

class LaneWatchTest : public DaemonTest {
 protected:
  LaneWatchTest() : store(*store::open_sqlite((folder / "watch.db").string())), live(engine()) {
    flow::Worked worked;
    for (const char* patient : {"p1", "p1", "p2"}) {
      OutboxItem item;
      item.destination = "main";
      item.patient = patient;
      item.artifact = "screening-result";
      worked.outbox.push_back(item);
    }
    EXPECT_TRUE(store->commit(worked).ok());
  }

  // The first due item of a patient, settled so.
  OutboxItem settle(const std::string& patient, OutboxState state, const std::string& trouble) {
    const auto due = *store->due(now + std::chrono::hours(1), 10);
    const auto found = std::ranges::find(due, patient, &OutboxItem::patient);
    if (found == due.end()) return {};
    OutboxItem item = *found;
    ++item.attempts;
    item.request_hash = std::to_string(item.attempts);
    item.reason = "Observation create: " + std::string(trouble == "auth" ? "401" : "500");
    EXPECT_TRUE(store->mark_sent(item, {"send", "main", "Screening/s", "", now}).ok());
    item.state = state;
    item.trouble = trouble;
    item.not_before = now;
    flow::Settled settled;
    settled.item = item;
    EXPECT_TRUE(store->settle(settled).ok());
    return item;
  }

  static OutboxItem passed() {
    OutboxItem item;
    item.seq = 99;
    item.state = OutboxState::Verified;
    item.reason = "Observation/1 version 1; the EHR did not keep as written: Observation.note[0], Observation.method";
    return item;
  }

  Instant now = *instant_from("2026-11-22T12:00:00Z");
  std::unique_ptr<flow::Store> store;
  Metrics metrics;
  LiveEngine live;
  const Common common{*store, metrics, live, {{"main"}}, [this] { return now; }};
};

TEST_F(LaneWatchTest, SetsAsideTheOneThatFailsAloneAndThePatientsNextItemFlows) {
  LaneWatch watch(common, "main");
  for (int attempt = 1; attempt <= 5; ++attempt) {
    ASSERT_EQ(store->outbox_item(1).value()->state, attempt == 1 ? OutboxState::Planned : OutboxState::RetryAt);
    watch.heard(passed());
    watch.heard(settle("p1", OutboxState::RetryAt, "transient"));
  }
  const auto aside = store->outbox_item(1).value();
  EXPECT_EQ(aside->state, OutboxState::Parked);
  EXPECT_EQ(aside->trouble, "content");
  EXPECT_EQ(aside->reason, "given up after 5 tries while others passed: Observation create: 500");
  const auto due = *store->due(now, 10);
  EXPECT_TRUE(std::ranges::any_of(due, [](const OutboxItem& item) { return item.seq == 2; }));
  EXPECT_NE(metrics.text().find("bhi_elements_not_kept_total{destination=\"main\"} 10"), std::string::npos);
}

TEST_F(LaneWatchTest, StopsWhenNoTokenWorksAndGoesOnWithTheFirstThatPasses) {
  LaneWatch watch(common, "main");
  watch.heard(settle("p2", OutboxState::RetryAt, "auth"));
  EXPECT_TRUE(watch.stopped());
  EXPECT_NE(metrics.text().find("bhi_delivery_stopped{destination=\"main\"} 1"), std::string::npos);
  now += std::chrono::minutes(1);
  EXPECT_FALSE(watch.stopped());
  watch.heard(passed());
  EXPECT_NE(metrics.text().find("bhi_delivery_stopped{destination=\"main\"} 0"), std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
