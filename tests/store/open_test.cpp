// Opening: who may, what is made, what is refused.
#include "store/audit_chain.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"
#include "tests/store/support/faulty_disk.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace bhi::store::test {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 0777;
}

TEST(Open, MakesFoldersAndFilesForTheOwnerAlone) {
  const TempFolder folder;
  const mode_t before = ::umask(0);
  const std::string path = folder.file("state/deep/store.db");
  {
    const auto store = must(open_sqlite(path));
    must(store->audit(audit_of("read")));
    EXPECT_EQ(mode_of(folder.file("state")), 0700u);
    EXPECT_EQ(mode_of(folder.file("state/deep")), 0700u);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode_of(path + suffix), 0600u) << suffix;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  { const auto store = must(open_sqlite(path)); }
  EXPECT_EQ(mode_of(path), 0600u);
  ::umask(before);
}

TEST(Open, MakesANewStoreBesideItsPlaceWithoutASyncForEachStep) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  FaultyDisk disk;
  auto store = must(open_sqlite(path));
  EXPECT_LE(disk.syncs(), 2u);  // of SQLite's own; the whole file is synced once, before it has its name
  EXPECT_FALSE(exists(path + ".new"));
  must(store->audit(audit_of("read")));
  EXPECT_GT(disk.syncs(), 0u);
  store.reset();
  EXPECT_EQ(must(verify_sqlite(path)).audit_rows, 1u);
}

TEST(Open, MakesAStoreAnewThatAStartLeftHalfMade) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  for (const char* suffix : {".new", ".new-wal", ".new-journal"}) std::ofstream(path + suffix) << "half of a store";
  must(must(open_sqlite(path))->check());
  for (const char* suffix : {".new", ".new-wal", ".new-journal"}) EXPECT_FALSE(exists(path + suffix)) << suffix;
  must(verify_sqlite(path));
}

TEST(Open, LeavesNoStoreWhenThereIsNoRoomForANewOne) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  FaultyDisk disk;
  for (const char* full : {".new", ".new-wal"}) {
    disk.fill_up(full);
    EXPECT_EQ(kind_of(open_sqlite(path)), "unavailable") << full;
    EXPECT_FALSE(exists(path)) << full;
    disk.heal();
  }
  must(must(open_sqlite(path))->check());
}

// Made by hand, or by a version that made its store in place.
TEST(Open, TakesAnEmptyFileForANewStore) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  std::ofstream(path).close();
  must(must(open_sqlite(path))->audit(audit_of("read")));
  EXPECT_EQ(must(verify_sqlite(path)).audit_rows, 1u);
}

TEST(Open, RefusesASecondOwnerWithAClearError) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  auto store = must(open_sqlite(path));
  const auto again = open_sqlite(path);
  ASSERT_EQ(kind_of(again), "unavailable");
  EXPECT_NE(again.error().message.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << again.error().message;
  store.reset();
  must(open_sqlite(path));
}

TEST(Open, RefusesASecondProcess) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  // The child owns the store and tells so; then we try.
  int ready[2];
  int leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = open_sqlite(path);
    char byte = store ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(leave[0], &byte, 1) != 1) _exit(1);
    _exit(0);  // without closing: as in a crash
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_EQ(kind_of(open_sqlite(path)), "unavailable");
  // Reading for a check is fine beside it.
  EXPECT_EQ(must(verify_sqlite(path)).schema_version, migrations().back().version);
  ASSERT_EQ(::write(leave[1], &byte, 1), 1);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  must(open_sqlite(path));
  for (const int end : {ready[0], ready[1], leave[0], leave[1]}) ::close(end);
}

TEST(Open, KeepsWhatWasThere) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  must(must(open_sqlite(path))->accept(batch_of({item_of(copy_of("a", "h"))})));
  const auto store = must(open_sqlite(path));
  EXPECT_EQ(must(store->pending("clinic|Patient/1", 10)).size(), 1u);
}

TEST(Open, WritesAheadWithFullSyncsAndForeignKeys) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  auto writer = must(Connection::open(path, Connection::Access::Write, std::chrono::milliseconds(10)));
  must(writer->begin_log());
  const auto setting = [](Connection& on, Sql sql) {
    return must(first(on.query(sql), [](const Query& row) { return row.text(0); })).value_or("?");
  };
  EXPECT_EQ(setting(*writer, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(setting(*writer, "PRAGMA synchronous"), "2");
  EXPECT_EQ(setting(*writer, "PRAGMA foreign_keys"), "1");
  EXPECT_EQ(setting(*writer, "PRAGMA mmap_size"), "0");
  EXPECT_EQ(setting(*writer, "PRAGMA wal_autocheckpoint"), "0");
  EXPECT_EQ(setting(*writer, "PRAGMA temp_store"), "2");
  must(migrate(*writer, path, migrations()));

  auto reader = must(Connection::open(path, Connection::Access::Read, std::chrono::milliseconds(10)));
  EXPECT_EQ(setting(*reader, "PRAGMA wal_autocheckpoint"), "0");
  EXPECT_EQ(setting(*reader, "PRAGMA mmap_size"), "0");
  EXPECT_FALSE(reader->run("DELETE FROM care"));
}

TEST(Open, RefusesAPathThatIsNoFile) {
  for (const char* path : {"", ":memory:", "file:x?mode=memory"})
    EXPECT_EQ(kind_of(open_sqlite(path)), "incorrect") << path;
  EXPECT_EQ(kind_of(open_sqlite("/proc/nowhere/store.db")), "fault");
}

TEST(Open, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  { RawDatabase(path).run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)"); }
  const auto refused = open_sqlite(path);
  ASSERT_EQ(kind_of(refused), "incorrect");
  EXPECT_EQ(RawDatabase(path).ask("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(RawDatabase(path).ask("SELECT name FROM sqlite_schema"), "theirs");
}

TEST(Open, RefusesAFileThatIsNoDatabase) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  std::ofstream(path) << std::string(5000, 'x');
  EXPECT_EQ(kind_of(open_sqlite(path)), "fault");
}

TEST(Open, RefusesAStoreThatIsNewer) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  must(open_sqlite(path));
  { RawDatabase(path).run("INSERT INTO migration VALUES (99, 'later')"); }
  const auto refused = open_sqlite(path);
  ASSERT_EQ(kind_of(refused), "unsupported");
  EXPECT_NE(refused.error().message.find("found 99"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("newer bhi-adapter"), std::string::npos) << refused.error().message;
}

class Migrating : public testing::Test {
 protected:
  static constexpr Migration kOne[] = {{1, "CREATE TABLE one (x); INSERT INTO one VALUES (7);"}};
  static constexpr Migration kTwo[] = {kOne[0], {2, "CREATE TABLE two (x);"}};
  static constexpr Migration kBroken[] = {kOne[0], {2, "CREATE TABLE two (x); DROP TABLE one; SELECT nonsense;"}};

  std::unique_ptr<Connection> connect() {
    auto connection = must(Connection::open(path(), Connection::Access::Write, std::chrono::milliseconds(10)));
    must(connection->begin_log());
    return connection;
  }
  std::string path() const { return folder_.file("store.db"); }
  TempFolder folder_;
};

TEST_F(Migrating, GoesStepByStepAndKeepsACopyOfBefore) {
  const auto connection = connect();
  EXPECT_EQ(must(schema_version(*connection)), 0);
  must(migrate(*connection, path(), kOne));
  EXPECT_FALSE(exists(path() + ".before-1"));  // there was nothing before
  must(migrate(*connection, path(), kOne));    // nothing to do
  must(migrate(*connection, path(), kTwo));
  EXPECT_EQ(must(schema_version(*connection)), 2);
  EXPECT_EQ(RawDatabase(path()).ask("SELECT version FROM migration ORDER BY version"), "1\n2");
  EXPECT_EQ(mode_of(path() + ".before-2"), 0600u);
  EXPECT_EQ(RawDatabase(path() + ".before-2").ask("SELECT x FROM one"), "7");
  EXPECT_EQ(RawDatabase(path() + ".before-2").ask("SELECT max(version) FROM migration"), "1");
  EXPECT_EQ(kind_of(check_schema(*connection, kOne)), "unsupported");
}

TEST_F(Migrating, KeepsNothingOfAStepThatFails) {
  const auto connection = connect();
  must(migrate(*connection, path(), kOne));
  EXPECT_EQ(kind_of(migrate(*connection, path(), kBroken)), "fault");
  EXPECT_EQ(must(schema_version(*connection)), 1);
  EXPECT_EQ(RawDatabase(path()).ask("SELECT x FROM one"), "7");
  must(migrate(*connection, path(), kTwo));
}

TEST(Verify, FindsDamageInTheFile) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  {
    const auto store = must(open_sqlite(path));
    for (int i = 0; i < 200; ++i) must(store->accept(batch_of({item_of(copy_of(std::to_string(i), "h"))})));
  }
  must(verify_sqlite(path));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 3; page < 30; ++page) {
      file.seekp(page * 4096 + 2);
      file << "damage";
    }
  }
  EXPECT_EQ(kind_of(verify_sqlite(path)), "fault");
  EXPECT_EQ(kind_of(verify_sqlite(folder.file("nothing.db"))), "not-found");
}

}  // namespace
}  // namespace bhi::store::test
