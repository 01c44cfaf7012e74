// Stores that earlier versions wrote, with full queues (stores/README.md): opened by the present code they hold what
// they held, their queues go on, and a copy of what they were lies beside them.
#include "store/schema.h"
#include "store/sqlite_connection.h"
#include "tests/store/support/faulty_disk.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace bhi::store::test {
namespace {

using flow::InboxState;
using flow::OutboxItem;
using flow::OutboxState;

std::string stored(int version) {
  std::ifstream file(BHI_SOURCE_DIR "/tests/store/stores/schema-" + std::to_string(version) + ".sql");
  EXPECT_TRUE(file) << "no store of schema " << version << " is kept; tests/store/stores/keep.py makes one";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int newest() { return migrations().back().version; }

// All rows but those that the schema itself speaks of; columns by name, so that a copy of another age compares.
std::string content(const std::string& path, const std::string& columns_of) {
  RawDatabase mine(path);
  RawDatabase theirs(columns_of);
  std::string all;
  for (const char* table :
       {"body", "resource", "inbox", "inbox_issue", "care", "outbox", "ledger", "cursor", "audit"}) {
    const std::string columns =
        theirs.ask("SELECT group_concat(name, ', ') FROM pragma_table_info('" + std::string(table) + "')");
    all += std::string(table) + "\n" + mine.ask("SELECT " + columns + " FROM " + table + " ORDER BY 1, 2") + "\n";
  }
  return all;
}

class OldStores : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    for (const std::string& file : {path(), untouched()}) RawDatabase(file).run(stored(GetParam()));
  }
  std::string path() const { return folder_.file("store.db"); }
  std::string untouched() const { return folder_.file("untouched.db"); }
  std::string copy() const { return path() + ".before-" + std::to_string(newest()); }
  std::size_t rows(const std::string& where) const {
    return std::stoul(RawDatabase(untouched()).ask("SELECT count(*) FROM " + where));
  }

  TempFolder folder_;
};

class EarlierStores : public OldStores {};

TEST_P(OldStores, AreBroughtUpToDateAndACopyOfBeforeIsKept) {
  must(open_sqlite(path()));
  const auto report = must(verify_sqlite(path()));
  EXPECT_EQ(report.schema_version, newest());
  EXPECT_EQ(report.audit_rows, rows("audit"));
  EXPECT_EQ(content(path(), untouched()), content(untouched(), untouched()));
  ASSERT_EQ(std::filesystem::exists(copy()), GetParam() < newest());
  if (GetParam() == newest()) return;
  EXPECT_EQ(must(verify_sqlite(copy())).schema_version, GetParam());
  EXPECT_EQ(content(copy(), untouched()), content(untouched(), untouched()));
  EXPECT_FALSE(std::filesystem::exists(copy() + ".unfinished"));
}

TEST_P(OldStores, GiveBackEverythingTheyHold) {
  const auto store = must(open_sqlite(path()));
  std::size_t pending = 0;
  std::set<std::int64_t> order;
  for (const auto& lane : must(store->pending_lanes(1000))) {
    const auto items = must(store->pending(lane, 1000));
    for (const auto& item : items) {
      EXPECT_FALSE(item.resource.body.empty()) << item.seq;
      order.insert(item.seq);
    }
    pending += items.size();
  }
  EXPECT_EQ(pending, rows("inbox WHERE state = 'pending'"));
  EXPECT_GT(pending, 0U);
  EXPECT_EQ(order.size(), pending);
  for (const InboxState state : {InboxState::Waiting, InboxState::Quarantined, InboxState::Done, InboxState::Left}) {
    EXPECT_EQ(must(store->inbox(state, 1000)).size(), rows("inbox WHERE state = '" + std::string(name(state)) + "'"))
        << name(state);
  }
  const auto quarantined = must(store->inbox(InboxState::Quarantined, 1));
  ASSERT_EQ(quarantined.size(), 1U);
  EXPECT_FALSE(quarantined.front().issues.empty());

  EXPECT_EQ(must(store->outbox("", 1000)).size(), rows("outbox"));
  EXPECT_EQ(must(store->audit_trail(0, 1000)).size(), rows("audit"));
  EXPECT_EQ(must(store->events(0, 1000)).size(), GetParam() == 1 ? rows("care") : rows("event"));
  std::size_t entities = 0;
  for (const char* kind : {"Patient", "Screening", "CarePlan", "SafetyEvent", "Practice", "TeamMember"}) {
    entities += must(store->list(kind, "", 1000)).entities.size();
  }
  EXPECT_EQ(entities, rows("care"));
  std::size_t bases = 0;
  for (const OutboxItem& item : must(store->outbox("", 1000))) {
    if (item.state != OutboxState::Verified) continue;
    const auto entry = must(store->ledger(item.destination, item.artifact, item.care_id));
    ASSERT_TRUE(entry) << item.seq;
    EXPECT_TRUE(must(store->ledger_of(entry->destination, entry->type, entry->id)));
    bases += entry->rendered.empty() ? 0 : 1;
  }
  EXPECT_GT(bases, 0U);
}

TEST_P(OldStores, GoOnWithTheirQueuesInOrderToTheEnd) {
  const auto store = must(open_sqlite(path()));
  must(store->recover());
  for (const auto& lane : must(store->pending_lanes(1000))) {
    flow::Worked worked;
    for (const auto& item : must(store->pending(lane, 1000))) {
      worked.inbox.push_back({item.seq, InboxState::Done, {}, {}});
    }
    worked.audit = {audit_of("map")};
    must(store->commit(worked));
  }
  std::map<std::string, std::int64_t> last;  // of a lane
  std::size_t settled = 0;
  const std::size_t open = rows("outbox WHERE state IN ('planned', 'retry-at', 'unknown', 'sent')");
  for (auto due = must(store->due(at(4'000'000'000'000), 10)); !due.empty();
       due = must(store->due(at(4'000'000'000'000), 10))) {
    for (OutboxItem& item : due) {
      const std::string lane = item.destination + item.patient + (item.urgent ? "urgent" : "");
      EXPECT_GT(item.seq, last[lane]);
      last[lane] = item.seq;
      ++item.attempts;
      item.request_hash = "h" + std::to_string(item.attempts);
      must(store->mark_sent(item, audit_of("send")));
      item.state = OutboxState::Verified;
      must(store->settle({item, {}, {}, {audit_of("settle")}}));
      ++settled;
    }
    if (HasFailure()) return;
  }
  EXPECT_EQ(settled, open);
  EXPECT_GT(settled, 10U);
  const auto counts = must(store->counts(at(5)));
  EXPECT_EQ(counts.outbox_open, 0U);
  EXPECT_EQ(counts.inbox_pending, 0U);
  must(verify_sqlite(path()));
}

TEST_P(OldStores, AreLeftAsTheyWereByAStepThatFails) {
  std::vector<Migration> steps(migrations().begin(), migrations().end());
  steps.push_back({newest() + 1, "DROP TABLE outbox; UPDATE inbox SET state = 'done'; SELECT nonsense;"});
  {
    const auto writer = must(Connection::open(path(), Connection::Access::Write, std::chrono::milliseconds(10)));
    must(writer->begin_log());
    EXPECT_EQ(kind_of(migrate(*writer, path(), steps)), "fault");
    EXPECT_EQ(must(schema_version(*writer)), GetParam());
  }
  EXPECT_EQ(content(path(), untouched()), content(untouched(), untouched()));
  must(open_sqlite(path()));  // the right steps still can
  must(verify_sqlite(path()));
}

TEST_P(EarlierStores, AreNotChangedWhenThereIsNoRoomForTheCopy) {
  {
    FaultyDisk disk;
    disk.fill_up(".unfinished");
    const auto refused = open_sqlite(path());
    ASSERT_EQ(kind_of(refused), "unavailable");
    EXPECT_NE(refused.error().message.find("nothing was changed"), std::string::npos) << refused.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(copy()));
  EXPECT_FALSE(std::filesystem::exists(copy() + ".unfinished"));
  EXPECT_EQ(RawDatabase(path()).ask("SELECT max(version) FROM migration"), std::to_string(GetParam()));
  must(open_sqlite(path()));
  EXPECT_EQ(content(path(), untouched()), content(untouched(), untouched()));
}

TEST_P(EarlierStores, SurviveALossOfPowerAtEveryMomentOfTheChange) {
  std::mt19937_64 random(20261122U + static_cast<unsigned>(GetParam()));
  std::vector<std::string> images;
  std::filesystem::create_directory(folder_.file("through"));
  {
    FaultyDisk disk;
    bool changing = false;  // until then the old store is only laid down through this disk
    disk.watch([&](std::uint64_t moment) {
      if (!changing || moment % 4 != 0) return;
      images.push_back(folder_.file("lost-" + std::to_string(moment)));
      std::filesystem::create_directory(images.back());
      disk.lose_power_into(images.back(), random);
    });
    RawDatabase(folder_.file("through/store.db")).run(stored(GetParam()));
    changing = true;
    must(open_sqlite(folder_.file("through/store.db")));
  }
  ASSERT_GT(images.size(), 10U);
  std::printf("  losses of power: %zu\n", images.size());
  for (const std::string& image : images) {
    const std::string left = image + "/store.db";
    must(open_sqlite(left));
    must(verify_sqlite(left));
    EXPECT_EQ(content(left, untouched()), content(untouched(), untouched())) << image;
    std::filesystem::remove_all(image);
  }
}

INSTANTIATE_TEST_SUITE_P(Schema, OldStores, testing::Range(1, newest() + 1));
INSTANTIATE_TEST_SUITE_P(Schema, EarlierStores, testing::Range(1, newest()));

}  // namespace
}  // namespace bhi::store::test
