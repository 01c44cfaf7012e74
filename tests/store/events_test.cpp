#include "store/schema.h"
#include "store/sqlite_connection.h"
#include "tests/store/support/driver_test.h"
#include "tests/store/support/raw_database.h"

#include <atomic>
#include <thread>

namespace bhi::store::test {
namespace {

class Events : public DriverTest {
 protected:
  Result<void> put(std::vector<flow::StoredEntity> entities, std::int64_t ms = 1000, std::string reason = "map") {
    flow::Worked worked;
    worked.entities = std::move(entities);
    worked.at = at(ms);
    worked.reason = std::move(reason);
    return store().commit(worked);
  }
  static flow::StoredEntity entity(std::string id, std::int64_t version = 0) {
    return {"Screening", std::move(id), "p1", version, "{}"};
  }
};

BHI_ON_BOTH_DRIVERS(Events);

TEST_P(Events, TellEveryChangeOnceInItsOrder) {
  must(put({entity("s1"), entity("s2")}));
  must(put({entity("s1", 1)}, 2000, "post-entry"));
  const auto events = must(store().events(0, 10));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].seq, 1);
  EXPECT_EQ(events[1].id, "s2");
  EXPECT_EQ(events[2].seq, 3);
  EXPECT_EQ(events[2].id, "s1");
  EXPECT_EQ(events[2].version, 2);
  EXPECT_EQ(events[2].at, at(2000));
  EXPECT_EQ(events[2].reason, "post-entry");
  EXPECT_EQ(events[2].patient, "p1");
  EXPECT_EQ(must(store().events(1, 1)).at(0).seq, 2);
  EXPECT_TRUE(must(store().events(3, 10)).empty());
}

TEST_P(Events, LeaveNoGapForWorkThatWasNotKept) {
  must(put({entity("s1")}));
  EXPECT_EQ(kind_of(put({entity("s2"), entity("s1", 7)})), "conflict");
  must(put({entity("s2")}));
  const auto events = must(store().events(0, 10));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].seq, 2);
  open();
  must(put({entity("s3")}));
  EXPECT_EQ(must(store().events(2, 10)).at(0).seq, 3);
}

// Several writers, one of them always refused; a follower reads all the while.
TEST_P(Events, NeverAppearBehindACursorThatWasHandedOut) {
  constexpr int kWriters = 4;
  constexpr int kEach = 60;
  must(put({entity("taken")}));
  std::atomic<int> working{kWriters};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        if (writer == 0) {
          EXPECT_EQ(kind_of(put({entity("x" + std::to_string(i)), entity("taken", 9)})), "conflict");
        } else {
          must(put({entity(std::to_string(writer) + "-" + std::to_string(i))}));
        }
      }
      --working;
    });
  }
  std::int64_t cursor = 0;
  bool last_round = false;
  while (true) {
    for (const auto& event : must(store().events(cursor, 7))) {
      ASSERT_EQ(event.seq, cursor + 1);
      cursor = event.seq;
    }
    if (last_round && cursor == must(store().event_span()).last) break;
    last_round = working == 0;
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(cursor, 1 + (kWriters - 1) * kEach);
}

TEST_P(Events, AreForgottenFromTheOldEndOnly) {
  EXPECT_EQ(must(store().event_span()).last, 0);
  EXPECT_EQ(must(store().event_span()).first, 1);
  must(put({entity("s1")}, 1000));
  must(put({entity("s2")}, 5000));
  must(put({entity("s3")}, 2000));  // a clock that was set back
  must(put({entity("s4")}, 6000));
  EXPECT_EQ(must(store().forget_events(at(3000))), 1u);
  EXPECT_EQ(must(store().event_span()).first, 2);
  EXPECT_EQ(must(store().forget_events(at(9000))), 3u);
  EXPECT_EQ(must(store().event_span()).first, 5);
  EXPECT_EQ(must(store().event_span()).last, 4);
  must(put({entity("s5")}, 9500));
  EXPECT_EQ(must(store().events(0, 10)).at(0).seq, 5);
}

TEST_P(Events, FindEntitiesOfOnePatientAndKind) {
  must(put({entity("b"), entity("a"), {"CarePlan", "c", "p1", 0, "{}"}, {"Screening", "d", "p2", 0, "{}"}}));
  const auto found = must(store().entities_of("p1", "Screening"));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "a");
}

TEST(EventsMigration, TellsWhatAStoreHeldBefore) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  {
    const auto connection = must(Connection::open(path, Connection::Access::Write, std::chrono::milliseconds(10)));
    must(connection->begin_log());
    must(migrate(*connection, path, migrations().first(1)));
    RawDatabase raw(path);
    raw.run("INSERT INTO care VALUES ('Patient', 'p1', 'p1', 3, '{}'), ('Contact', 'c1', 'p1', 1, '{}')");
  }
  const auto store = must(open_sqlite(path));
  const auto events = must(store->events(0, 10));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, "Patient");
  EXPECT_EQ(events[0].version, 3);
  EXPECT_EQ(events[1].id, "c1");
  EXPECT_TRUE(std::filesystem::exists(path + ".before-" + std::to_string(migrations().back().version)));
}

}  // namespace
}  // namespace bhi::store::test
