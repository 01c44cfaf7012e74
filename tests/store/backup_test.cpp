#include "store/backup.h"

#include "tests/store/support/faulty_disk.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

namespace bhi::store::test {
namespace {

using flow::OutboxItem;
using flow::OutboxState;

class Backup : public StoreTest {
 protected:
  void add(const std::string& care_id) {
    flow::Worked worked;
    worked.outbox = {intent_of("p-" + care_id, care_id)};
    worked.audit = {audit_of("plan")};
    must(store().commit(worked));
  }
  OutboxItem settle(const std::string& care_id, OutboxState state) {
    for (OutboxItem item : must(store().outbox("", 1000))) {
      if (item.care_id != care_id) continue;
      ++item.attempts;
      item.request_hash = "h";
      must(store().mark_sent(item, audit_of("send")));
      if (state == OutboxState::Sent) return item;
      item.state = state;
      item.reason = "because";
      if (state != OutboxState::Unknown) item.request_hash.clear();
      must(store().settle({item, {}, {}, {audit_of("settle")}}));
      return item;
    }
    ADD_FAILURE() << care_id;
    return {};
  }
  std::map<std::string, OutboxItem> items() {
    std::map<std::string, OutboxItem> found;
    for (OutboxItem& item : must(store().outbox("", 1000))) found.emplace(item.care_id, std::move(item));
    return found;
  }
  std::string copy() const { return folder_.file("copies/monday.db"); }
};

TEST_F(Backup, HoldsWhatTheStoreHeldAndNobodyElseMayReadIt) {
  add("a");
  const auto report = must(backup_sqlite(path(), copy()));
  EXPECT_EQ(report.store.audit_rows, 1U);
  EXPECT_GT(report.bytes, 4096U);
  EXPECT_EQ(std::filesystem::file_size(copy()), report.bytes);
  EXPECT_EQ(std::filesystem::status(copy()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  add("b");  // the store goes on
  EXPECT_EQ(RawDatabase(copy()).ask("SELECT care_id FROM outbox"), "a");
}

TEST_F(Backup, IsNeverWrittenOverAnythingAndLeavesNothingHalfDone) {
  add("a");
  must(backup_sqlite(path(), copy()));
  EXPECT_EQ(kind_of(backup_sqlite(path(), copy())), "conflict");
  EXPECT_EQ(kind_of(backup_sqlite(folder_.file("none.db"), folder_.file("x.db"))), "not-found");
  {
    FaultyDisk disk;
    disk.fill_up(".unfinished");
    EXPECT_EQ(kind_of(backup_sqlite(path(), folder_.file("full.db"))), "unavailable");
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.file("full.db")));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("full.db.unfinished")));
  must(backup_sqlite(path(), folder_.file("full.db")));
}

TEST_F(Backup, IsWholeWhileTheStoreIsWritten) {
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    while (!stop) {
      add("w" + std::to_string(written));
      ++written;
    }
  });
  while (written < 20) std::this_thread::yield();
  for (int round = 0; round < 5; ++round) {
    const int before = written;
    const std::string to = folder_.file("under-load-" + std::to_string(round) + ".db");
    const auto report = must(backup_sqlite(path(), to));
    const int after = written + 1;
    const int rows = std::stoi(RawDatabase(to).ask("SELECT count(*) FROM outbox"));
    EXPECT_GE(rows, before);
    EXPECT_LE(rows, after);
    EXPECT_EQ(report.store.audit_rows, static_cast<std::size_t>(rows));  // rows of one transaction stay together
  }
  stop = true;
  writer.join();
}

TEST_F(Backup, RestoredIsTheStoreOfThatMomentAndLooksUpWhatMayHaveGoneOut) {
  for (const char* id : {"planned", "sent", "unknown", "retry", "verified", "parked"}) add(id);
  settle("sent", OutboxState::Sent);
  settle("unknown", OutboxState::Unknown);
  settle("retry", OutboxState::RetryAt);
  settle("verified", OutboxState::Verified);
  settle("parked", OutboxState::Parked);
  must(backup_sqlite(path(), copy()));
  add("later");
  store_.reset();

  EXPECT_EQ(kind_of(restore_sqlite(copy(), path(), at(5))), "conflict");  // a store is there
  const std::string moved = folder_.file("moved/store.db");
  const auto report = must(restore_sqlite(copy(), moved, at(5)));
  EXPECT_EQ(report.looked_up, 4U);
  store_ = must(open_sqlite(moved));
  const auto found = items();
  EXPECT_EQ(found.count("later"), 0U);
  for (const char* id : {"planned", "sent", "unknown", "retry"}) {
    EXPECT_EQ(found.at(id).state, OutboxState::Unknown) << id;
    EXPECT_EQ(found.at(id).reason, "restored from a backup: looked up before it is sent");
    EXPECT_FALSE(found.at(id).request_hash.empty());
  }
  EXPECT_EQ(must(store().due(at(10), 100)).size(), 4U);
  EXPECT_EQ(found.at("verified").state, OutboxState::Verified);
  EXPECT_EQ(found.at("parked").state, OutboxState::Parked);
  EXPECT_FALSE(found.at("parked").request_hash.empty());  // a person who sets it free does not make it blind
  EXPECT_EQ(must(store().audit_trail(0, 1000)).back().entry.action, "restore");
  must(verify_audit(moved));
}

TEST_F(Backup, DamagedIsNotRestored) {
  for (int i = 0; i < 200; ++i) add(std::to_string(i));
  must(backup_sqlite(path(), copy()));
  {
    std::fstream file(copy(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * 4096);
    file.write("damaged damaged damaged damaged", 31);
  }
  const std::string to = folder_.file("new/store.db");
  EXPECT_EQ(kind_of(restore_sqlite(copy(), to, at(5))), "fault");
  EXPECT_FALSE(std::filesystem::exists(to));
  EXPECT_FALSE(std::filesystem::exists(to + ".unfinished"));
}

TEST_F(Backup, IsNotRestoredUnderADaemonThatRuns) {
  must(backup_sqlite(path(), copy()));
  EXPECT_EQ(kind_of(restore_sqlite(copy(), path(), at(5))), "unavailable");  // its lock is held
}

}  // namespace
}  // namespace bhi::store::test
