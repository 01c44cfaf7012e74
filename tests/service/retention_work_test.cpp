// Letting go of what is settled: by age, and when the store has grown too large, down to the last day.
#include "service/retention_work.h"

#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

class RetentionWorkTest : public DaemonTest {
 protected:
  RetentionWorkTest() : store(*store::open_sqlite((folder / "kept.db").string())) {}

  void take(const std::string& id, Instant received, flow::InboxState state, std::size_t bytes = 100) {
    flow::Accepted batch;
    flow::InboxItem item;
    item.lane = "main|" + id;
    item.channel = "poll";
    item.received = received;
    item.resource = {"main", "Observation", id, "", "", id, "", std::string(bytes, 'x')};
    batch.items.push_back(item);
    item.resource.hash += "-newer";  // so that the first text is nobody's copy
    item.resource.body += "y";
    batch.items.push_back(item);
    ASSERT_TRUE(store->accept(batch).ok());
    flow::Worked worked;
    const auto rows = store->pending(item.lane, 10);
    for (const auto& row : *rows) worked.inbox.push_back({row.seq, state, "", {}});
    ASSERT_TRUE(store->commit(worked).ok());
  }
  std::size_t left() { return store->inbox(flow::InboxState::Left, 10'000)->size(); }

  std::unique_ptr<flow::Store> store;
  Metrics metrics;
  const Instant now = *instant_from("2026-07-28T12:00:00Z");
};

TEST_F(RetentionWorkTest, ForgetsByAgeWhatIsSettled) {
  for (int day = 1; day <= 20; ++day)
    take("r" + std::to_string(day), now - std::chrono::days(day), flow::InboxState::Left);
  take("old", now - std::chrono::days(900), flow::InboxState::Quarantined);
  LiveEngine live(engine());
  const Common common{*store, metrics, live, {{}}, [this] { return now; }};
  RetentionWork work(common, {std::chrono::days(10), 0});
  work.round({});
  EXPECT_EQ(left(), 20U);  // two a day; what is exactly ten days old stays
  EXPECT_EQ(store->inbox(flow::InboxState::Quarantined, 10)->size(), 2U);
  EXPECT_NE(metrics.text().find("bhi_store_bytes"), std::string::npos);
}

TEST_F(RetentionWorkTest, ForgetsBeforeItsTimeWhenTheStoreIsTooLargeButNotTheLastDay) {
  for (int day = 0; day < 30; ++day)
    take("r" + std::to_string(day), now - std::chrono::days(day) - std::chrono::hours(1), flow::InboxState::Left,
         40'000);
  LiveEngine live(engine());
  const Common common{*store, metrics, live, {{}}, [this] { return now; }};
  const auto all = *store->bytes_in_use();
  RetentionWork some(common, {std::chrono::days(400), all * 3 / 4});
  some.round({});
  EXPECT_LE(*store->bytes_in_use(), all * 3 / 4);
  EXPECT_GT(left(), 2U);
  RetentionWork most(common, {std::chrono::days(400), 1});
  most.round({});
  EXPECT_EQ(left(), 2U);  // today's; told as an ERROR that it does not fit
}

TEST_F(RetentionWorkTest, GivesBackWhatForgottenRowsLeave) {
  for (int i = 0; i < 40; ++i)
    take("r" + std::to_string(i), now - std::chrono::days(20), flow::InboxState::Left, 1 << 20);
  LiveEngine live(engine());
  const Common common{*store, metrics, live, {{}}, [this] { return now; }};
  RetentionWork work(common, {std::chrono::days(10), 0});
  work.round({});
  EXPECT_EQ(left(), 0U);
  EXPECT_EQ(*store->give_back(1 << 20), 0U);  // nothing more to give
  store.reset();                              // moves the log over
  const auto size = std::filesystem::file_size(folder / "kept.db");
  EXPECT_GT(size, 50U << 20);  // the copies of 40 resources and some room
  EXPECT_LT(size, 65U << 20);  // of 80 MiB
}

}  // namespace
}  // namespace bhi::service::test
