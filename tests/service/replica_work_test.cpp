// Our place among the replicas: work is begun under leases only, and given away when we go.
#include "service/replica_work.h"

#include "service/lane_work.h"
#include "tests/service/support/daemon.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace bhi::service::test {
namespace {

using std::chrono::milliseconds;

// Leases as the test says.
class FakeLeases final : public flow::Leases {
 public:
  void give(const std::string& lease) {
    const std::lock_guard lock(mutex_);
    held_.insert(lease);
    news_.taken.push_back(lease);
  }
  std::set<std::string> offered() const {
    const std::lock_guard lock(mutex_);
    return {jobs_.begin(), jobs_.end()};
  }

  std::string me() const override { return "a-1"; }
  std::int64_t lease_ms() const override { return 3'000; }
  void offer(std::vector<std::string> jobs) override {
    const std::lock_guard lock(mutex_);
    jobs_ = std::move(jobs);
  }
  Result<flow::RenewalNews> round() override {
    const std::lock_guard lock(mutex_);
    ++rounds;
    if (fails) return Error{Kind::Unavailable, "store: no server"};
    auto news = std::move(news_);
    news_ = {};
    news.again_ms = 10;
    if (retired_ && users_ == 0) held_.clear();
    return news;
  }
  bool retire() override {
    const std::lock_guard lock(mutex_);
    retired_ = true;
    return held_.empty();
  }
  bool holds(std::string_view lease) const override {
    const std::lock_guard lock(mutex_);
    return held_.contains(std::string(lease));
  }
  bool begin(std::string_view lease) override {
    const std::lock_guard lock(mutex_);
    const bool ours = !retired_ && held_.contains(std::string(lease));
    ++(ours ? begun : refused);
    users_ += ours;
    return ours;
  }
  void end(std::string_view) override {
    const std::lock_guard lock(mutex_);
    --users_;
  }
  bool may_send(std::string_view lease) const override { return holds(lease); }
  std::vector<flow::ReplicaRow> replicas() const override {
    return {{"a-1", 10, {"lane/03", "lane/04", "tick"}}, {"b-2", 700, {"source/main"}}};
  }

  std::atomic<int> rounds{0}, begun{0}, refused{0};
  std::atomic<bool> fails{false};

 private:
  mutable std::mutex mutex_;
  std::set<std::string> held_;
  std::vector<std::string> jobs_;
  flow::RenewalNews news_;
  bool retired_ = false;
  int users_ = 0;
};

class ReplicaWorkTest : public DaemonTest {
 protected:
  ReplicaWorkTest()
      : store(*store::open_sqlite((folder / "replica.db").string())),
        live(engine()),
        common{*store, metrics, live, {{"main"}}, [] { return *instant_from("2026-07-28T12:00:00Z"); }, &leases} {}

  std::unique_ptr<flow::Store> store;
  Metrics metrics;
  LiveEngine live;
  FakeLeases leases;
  Common common;
};

TEST_F(ReplicaWorkTest, WakesTheWorkersWhenSomethingIsOurs) {
  std::atomic<int> woken{0};
  ReplicaWork work(common, {[&woken] { ++woken; }, [] {}});
  std::jthread thread([&work](std::stop_token stop) { work.run(stop); });
  ASSERT_TRUE(until([this] { return leases.rounds > 2; }));
  EXPECT_EQ(woken, 0);
  leases.give("lane/03");
  EXPECT_TRUE(until([&woken] { return woken == 1; }));
}

TEST_F(ReplicaWorkTest, GoesOnTryingWhileTheDatabaseIsAway) {
  leases.fails = true;
  std::atomic<int> woken{0};
  ReplicaWork work(common, {[&woken] { ++woken; }, [] {}});
  std::jthread thread([&work](std::stop_token stop) { work.run(stop); });
  ASSERT_TRUE(until([this] { return leases.rounds > 2; }));
  leases.give("lane/03");
  leases.fails = false;
  EXPECT_TRUE(until([&woken] { return woken == 1; }));
}

TEST_F(ReplicaWorkTest, LeavesWhenNobodyWorksUnderALeaseAnyMore) {
  leases.give("lane/03");
  ReplicaWork work(common, {[] {}, [] {}});
  std::atomic<bool> left{false};
  auto under_way = std::make_unique<flow::Underway>(&leases, "lane/03");
  std::jthread thread([&](std::stop_token stop) {
    work.run(stop);
    left = true;
  });
  ASSERT_TRUE(until([this] { return leases.rounds > 0; }));
  thread.request_stop();
  const int before = leases.rounds;
  ASSERT_TRUE(until([&] { return leases.rounds > before + 3; }));
  EXPECT_FALSE(left) << "it renews as long as somebody works";
  EXPECT_FALSE(static_cast<bool>(flow::Underway(&leases, "lane/03"))) << "nothing more is begun";
  under_way.reset();
  EXPECT_TRUE(until([&left] { return left.load(); }));
  EXPECT_FALSE(leases.holds("lane/03"));
}

TEST_F(ReplicaWorkTest, OffersTheJobsOfItsSources) {
  settings.sources.clear();
  settings.sources.resize(3);
  settings.sources[0].name = "epic";
  settings.sources[0].base_url = "https://epic.example/fhir";
  settings.sources[0].write_back = settings.sources[0].provenance = true;
  settings.sources[1].name = "reads";
  settings.sources[1].base_url = "https://reads.example/fhir";
  settings.sources[2].name = "sends";
  ReplicaWork work(common, {[] {}, [] {}});
  work.offer(settings);
  EXPECT_EQ(leases.offered(), (std::set<std::string>{"on-call", "plan/epic", "provenance/epic", "retention",
                                                     "source/epic", "source/reads", "tick"}));
}

TEST_F(ReplicaWorkTest, TellsWhoHoldsWhat) {
  const ReplicaWork work(common, {[] {}, [] {}});
  EXPECT_EQ(work.status(), R"({"me":"a-1","lease_ms":3000,"partitions":64,"replicas":[)"
                           R"({"name":"a-1","me":true,"seen_ms":10,"partitions":2,"jobs":["tick"]},)"
                           R"({"name":"b-2","me":false,"seen_ms":700,"partitions":0,"jobs":["source/main"]}]})");
  leases.give(flow::lease_of_partition(5));
  work.report(metrics);
  EXPECT_NE(metrics.text().find("bhi_partitions_held 1"), std::string::npos);
  EXPECT_NE(metrics.text().find("bhi_replicas 2"), std::string::npos);
}

TEST_F(ReplicaWorkTest, ALaneOfAnotherReplicaIsLeftAlone) {
  const std::string lane = "main|Patient/1";
  flow::InboxItem item;
  item.lane = lane;
  item.channel = "post";
  item.resource = {"main", "Patient", "1", "1", "", "h", "", R"({"resourceType":"Patient","id":"1"})"};
  ASSERT_TRUE(store->accept({{item}, {}, {}}).ok());
  LaneWork lanes(common, {[] {}, [](auto, const auto&) {}});
  std::jthread worker([&lanes](std::stop_token stop) { lanes.work(stop); });
  std::jthread dispatcher([&lanes](std::stop_token stop) { lanes.dispatch(stop); });
  ASSERT_TRUE(until([this] { return leases.refused > 1; }));
  EXPECT_EQ(store->pending(lane, 10)->size(), 1u);
  leases.give(flow::lease_of_partition(flow::partition_of(lane)));
  EXPECT_TRUE(until([&] { return store->pending(lane, 10)->empty(); }));
  EXPECT_GE(leases.begun, 1);
}

}  // namespace
}  // namespace bhi::service::test
