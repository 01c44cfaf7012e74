// Room that forgotten rows leave: given back a little at a time while the store is used, or all at once.
#include "store/compact.h"

#include "store/backup.h"
#include "tests/store/support/faulty_disk.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <fstream>

namespace bhi::store::test {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class Compact : public StoreTest {
 protected:
  // So many MiB of settled rows.
  void fill(int mib, std::int64_t received) {
    for (int i = 0; i < mib; ++i) {
      flow::Accepted batch;
      for (int j = 0; j < 16; ++j) {
        const std::string id = std::to_string(received) + "-" + std::to_string(i) + "-" + std::to_string(j);
        for (const char* hash : {"first", "second"}) {  // the first is nobody's current copy
          auto copy = copy_of(id, hash);
          copy.body = std::string(32 * 1024, *hash);
          batch.items.push_back({0, "clinic|" + id, "poll", at(received), std::move(copy)});
        }
      }
      must(store().accept(batch));
      flow::Worked worked;
      for (const auto& lane : must(store().pending_lanes(100))) {
        for (const auto& item : must(store().pending(lane, 100))) {
          worked.inbox.push_back({item.seq, flow::InboxState::Done, {}, {}});
        }
      }
      must(store().commit(worked));
    }
  }
  void forget() {
    while (must(store().forget_settled(at(5'000'000), 500)).inbox > 0) continue;
  }
  Room room() {
    const auto on = must(Connection::open(path(), Connection::Access::Read, std::chrono::milliseconds(1000)));
    return must(room_of(*on));
  }
};

TEST_F(Compact, GivesBackInStepsWhatForgottenRowsLeaveAndKeepsSome) {
  fill(70, 100);
  const Room full = room();
  EXPECT_TRUE(full.gives_back);
  forget();
  const Room forgotten = room();
  EXPECT_GT(forgotten.free, 30 * kMiB);
  EXPECT_GE(forgotten.bytes, full.bytes);  // deleting alone makes the file no smaller

  EXPECT_LE(must(store().give_back(kMiB)), kMiB + 4096);
  std::uint64_t given = kMiB;
  for (std::uint64_t step = 1; step > 0; given += step) step = must(store().give_back(kMiB));
  EXPECT_GT(given, 13 * kMiB);
  EXPECT_EQ(must(store().give_back(kMiB)), 0U);
  const Room after = room();
  EXPECT_LE(after.free, 17 * kMiB);
  EXPECT_GE(after.free, 15 * kMiB);
  EXPECT_LE(after.bytes - after.free, forgotten.bytes - forgotten.free);
  must(store().accept(batch_of({item_of(copy_of("goes-on", "h"))})));
  store_.reset();  // moves the log over
  EXPECT_EQ(std::filesystem::file_size(path()), room().bytes);
  must(verify_sqlite(path()));
}

TEST_F(Compact, WritesAStoreAnewWithoutFreePagesAndLosesNothing) {
  fill(20, 100);
  must(store().audit(audit_of("read")));
  forget();
  store_.reset();
  const auto before = must(verify_sqlite(path()));
  const std::string rows = RawDatabase(path()).ask("SELECT source, type, id, hash, body FROM resource ORDER BY id");
  const auto report = must(compact_sqlite(path()));
  EXPECT_EQ(report.before, before.bytes);
  EXPECT_EQ(report.after, std::filesystem::file_size(path()));
  EXPECT_LT(report.after, report.before - 5 * kMiB);
  EXPECT_EQ(RawDatabase(path()).ask("SELECT source, type, id, hash, body FROM resource ORDER BY id"), rows);
  const auto after = must(verify_sqlite(path()));
  EXPECT_EQ(after.free_bytes, 0U);
  EXPECT_EQ(after.audit_last_hash, before.audit_last_hash);
  EXPECT_FALSE(std::filesystem::exists(path() + ".unfinished"));
  EXPECT_EQ(std::filesystem::status(path()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  open();
  EXPECT_EQ(must(store().resource("clinic", "QuestionnaireResponse", "100-0-0"))->hash, "second");
}

TEST_F(Compact, MakesAnOlderStoreOneThatGivesBack) {
  store_.reset();
  RawDatabase(path()).run("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
  open();
  fill(40, 100);
  forget();
  EXPECT_FALSE(room().gives_back);
  EXPECT_EQ(must(store().give_back(kMiB)), 0U);
  must(verify_sqlite(path()));

  must(backup_sqlite(path(), folder_.file("copy.db")));
  EXPECT_TRUE(must(verify_sqlite(folder_.file("copy.db"))).gives_back);
  store_.reset();
  must(compact_sqlite(path()));
  EXPECT_TRUE(room().gives_back);
}

TEST_F(Compact, LeavesTheStoreAsItWasWhenTheDiskIsFullOrSomebodyUsesIt) {
  fill(3, 100);
  EXPECT_EQ(kind_of(compact_sqlite(path())), "unavailable");
  store_.reset();
  const auto before = must(verify_sqlite(path()));
  {
    FaultyDisk disk;
    disk.fill_up(".unfinished");
    EXPECT_EQ(kind_of(compact_sqlite(path())), "unavailable");
  }
  EXPECT_FALSE(std::filesystem::exists(path() + ".unfinished"));
  EXPECT_EQ(must(verify_sqlite(path())).bytes, before.bytes);
  EXPECT_EQ(kind_of(compact_sqlite(folder_.file("none.db"))), "not-found");
  open();
  EXPECT_EQ(must(store().inbox(flow::InboxState::Done, 1000)).size(), 96U);
}

}  // namespace
}  // namespace bhi::store::test
