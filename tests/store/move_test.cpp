// A store in a file becomes one on PostgreSQL: whole or not at all, and the work goes on there.
#include "store/postgres/move.h"

#include "store/postgres_store.h"
#include "store/schema.h"
#include "tests/store/support/postgres.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <fstream>
#include <map>
#include <sstream>

namespace bhi::store::test {
namespace {

using flow::InboxState;
using flow::OutboxItem;
using flow::OutboxState;

class Move : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_postgres()) GTEST_SKIP() << "PostgreSQL's server is not installed (postgresql-15)";
    database_.emplace();
  }
  // A store that a daemon of that time left with full queues (stores/README.md).
  void fill(int version) {
    std::ifstream file(BHI_SOURCE_DIR "/tests/store/stores/schema-" + std::to_string(version) + ".sql");
    std::ostringstream text;
    text << file.rdbuf();
    for (const std::string& to : {path(), original()}) RawDatabase(to).run(text.str());
  }
  std::string path() const { return folder_.file("store.db"); }
  std::string original() const { return folder_.file("original.db"); }
  const std::string& url() const { return database_->url(); }
  std::string rows(const std::string& table) const { return RawPostgres(url()).ask("SELECT count(*) FROM " + table); }

  TempFolder folder_;
  std::optional<TempSchema> database_;
};

std::string text_of(const OutboxItem& item) {
  std::ostringstream text;
  text << item.seq << ' ' << item.destination << ' ' << item.patient << ' ' << item.artifact << ' ' << item.care_id
       << ' ' << item.care_version << ' ' << item.urgent << ' ' << name(item.state) << ' ' << item.attempts << ' '
       << item.not_before.time_since_epoch().count() << ' ' << item.reason << ' ' << item.request_hash << ' '
       << item.created.time_since_epoch().count() << ' ' << item.sent << ' ' << item.rung << ' ' << item.trouble
       << '\n';
  return text.str();
}

// Everything that can be asked, as one text.
std::string told_by(flow::Store& store) {
  std::ostringstream all;
  for (const auto& lane : must(store.pending_lanes(1000))) {
    all << lane << '\n';
    for (const auto& item : must(store.pending(lane, 1000))) all << item.seq << ' ' << item.resource.body << '\n';
  }
  for (const InboxState state : {InboxState::Waiting, InboxState::Quarantined, InboxState::Done, InboxState::Left}) {
    for (const auto& row : must(store.inbox(state, 1000))) {
      all << row.item.seq << ' ' << row.item.resource.id << ' ' << row.item.resource.body << ' ' << row.reason;
      for (const auto& issue : row.issues) all << ' ' << issue.code << issue.path << issue.text;
      all << '\n';
      const auto& copy = row.item.resource;
      const auto held = must(store.resource(copy.source, copy.type, copy.id));
      all << (held ? held->version + held->hash + held->body : "none") << '\n';
    }
  }
  for (const auto& item : must(store.outbox("", 1000))) {
    all << text_of(item);
    const auto entry = must(store.ledger(item.destination, item.artifact, item.care_id));
    if (entry)
      all << entry->type << entry->id << entry->version << entry->hash << entry->held << entry->rendered << '\n';
  }
  for (const auto& item : must(store.due(at(4'000'000'000'000), 1000))) all << "due " << item.seq << '\n';
  for (const char* kind : {"Patient", "Screening", "CarePlan", "SafetyEvent"}) {
    for (const auto& entity : must(store.list(kind, "", 1000)).entities) {
      all << entity.kind << entity.id << entity.patient << entity.version << entity.body << '\n';
    }
  }
  for (const auto& cursor : must(store.cursors("main", ""))) all << cursor.name << cursor.value << '\n';
  for (const auto& event : must(store.events(0, 1000))) {
    all << event.seq << ' ' << event.kind << event.id << event.version << event.reason << '\n';
  }
  for (const auto& row : must(store.audit_trail(0, 1000))) all << row.seq << row.entry.subject << row.hash << '\n';
  const auto counts = must(store.counts(at(4'000'000'000'000)));
  all << counts.inbox_pending << ' ' << counts.outbox_open << ' ' << counts.outbox_unknown << '\n';
  return all.str();
}

TEST_F(Move, TheNewStoreTellsWhatTheOldOneTold) {
  fill(migrations().back().version);
  const auto report = must(move_to_postgres(path(), url()));
  EXPECT_FALSE(report.was_there);
  ASSERT_EQ(report.tables.size(), 10U);
  for (const auto& table : report.tables) {
    EXPECT_EQ(std::to_string(table.rows), RawDatabase(original()).ask("SELECT count(*) FROM " + table.name));
    EXPECT_GT(table.rows, 0U) << table.name;
  }
  EXPECT_EQ(must(verify_postgres(url())).audit_last_hash, must(verify_sqlite(original())).audit_last_hash);
  EXPECT_EQ(told_by(*must(open_postgres(url()))), told_by(*must(open_sqlite(original()))));
}

TEST_F(Move, TheWorkGoesOnInOrderAndNumbersAreNotGivenTwice) {
  fill(1);  // of an older schema: brought up to date on the way
  must(move_to_postgres(path(), url()));
  const auto store = must(open_postgres(url()));
  must(store->recover());
  std::int64_t last_seq = 0;
  for (const auto& lane : must(store->pending_lanes(1000))) {
    flow::Worked worked;
    for (const auto& item : must(store->pending(lane, 1000))) {
      worked.inbox.push_back({item.seq, InboxState::Done, {}, {}});
      last_seq = std::max(last_seq, item.seq);
    }
    must(store->commit(worked));
  }
  std::map<std::string, std::int64_t> last;
  std::size_t settled = 0;
  for (auto due = must(store->due(at(4'000'000'000'000), 10)); !due.empty();
       due = must(store->due(at(4'000'000'000'000), 10))) {
    for (OutboxItem& item : due) {
      const std::string lane = item.patient + (item.urgent ? "urgent" : "");
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
  EXPECT_GT(settled, 10U);
  EXPECT_EQ(must(store->counts(at(5))).outbox_open, 0U);

  must(store->accept(batch_of({item_of(copy_of("new", "h"), "main|Patient/new")})));
  EXPECT_GT(must(store->pending("main|Patient/new", 1)).front().seq, last_seq);
  const auto highest = must(store->outbox("", 1)).front().seq;
  flow::Worked worked;
  worked.entities = {{"Screening", "new", "p", 0, "{}"}};
  worked.outbox = {intent_of("p", "new")};
  worked.audit = {audit_of("map")};
  must(store->commit(worked));
  EXPECT_GT(must(store->outbox("", 1)).front().seq, highest);
  must(verify_postgres(url()));
}

TEST_F(Move, ASecondTimeIsRecognisedAndTheFileIsNotOpenedAgain) {
  fill(migrations().back().version);
  must(move_to_postgres(path(), url()));
  const auto refused = open_sqlite(path());
  ASSERT_EQ(kind_of(refused), "incorrect");
  EXPECT_NE(refused.error().message.find("moved to PostgreSQL"), std::string::npos) << refused.error().message;
  EXPECT_EQ(kind_of(move_to_postgres(path(), url())), "incorrect");

  // An attempt that was kept and did not hear of it; the new store may even have gone on.
  must(must(open_postgres(url()))->audit(audit_of("read")));
  const auto again = must(move_to_postgres(original(), url()));
  EXPECT_TRUE(again.was_there);
  EXPECT_EQ(kind_of(open_sqlite(original())), "incorrect");
}

TEST_F(Move, IntoAnotherStoreIsRefusedAndChangesNothing) {
  fill(migrations().back().version);
  must(must(open_postgres(url()))->audit(audit_of("read", "Patient/other")));
  EXPECT_EQ(kind_of(move_to_postgres(path(), url())), "conflict");
  EXPECT_EQ(rows("audit"), "1");
  EXPECT_EQ(rows("inbox"), "0");
  must(open_sqlite(path()));
  EXPECT_EQ(kind_of(move_to_postgres(path(), "/somewhere.db")), "incorrect");
  EXPECT_EQ(kind_of(move_to_postgres(folder_.file("none.db"), url())), "not-found");
  const auto daemon = must(open_sqlite(path()));
  EXPECT_EQ(kind_of(move_to_postgres(path(), url())), "unavailable");
}

TEST_F(Move, ThatFailsOnTheWayLeavesNothingAndCanBeRepeated) {
  fill(migrations().back().version);
  must(open_postgres(url()));
  RawPostgres(url()).run("ALTER TABLE event ADD CONSTRAINT never CHECK (seq < 5)");  // the last table
  EXPECT_FALSE(move_to_postgres(path(), url()));
  for (const char* table : {"body", "inbox", "outbox", "lane", "turn", "audit", "event"}) EXPECT_EQ(rows(table), "0");
  EXPECT_EQ(RawPostgres(url()).ask("SELECT audit_seq, event_seq FROM tail"), "0|0");
  must(open_sqlite(path()));
  RawPostgres(url()).run("ALTER TABLE event DROP CONSTRAINT never");
  must(move_to_postgres(path(), url()));
  must(verify_postgres(url()));
}

TEST_F(Move, ThatFindsOtherRowsThanItCopiedKeepsNothing) {
  fill(migrations().back().version);
  must(open_postgres(url()));
  RawPostgres(url()).run("CREATE RULE lose AS ON INSERT TO cursor DO INSTEAD NOTHING");
  const auto refused = move_to_postgres(path(), url());
  ASSERT_EQ(kind_of(refused), "fault");
  EXPECT_NE(refused.error().message.find("table cursor"), std::string::npos) << refused.error().message;
  EXPECT_EQ(rows("inbox"), "0");
}

TEST_F(Move, SealedTextsStaySealedUnderTheirKeys) {
  const SealKey key = must(seal_key_from(std::string(32, 'k')));
  {
    const auto store = must(open_sqlite(path(), {.keys = {key}}));
    flow::Worked worked;
    worked.entities = {{"Screening", "s", "p", 0, R"({"total":7})"}};
    must(store->commit(worked));
    must(store->accept(batch_of({item_of(copy_of("a", "h"))})));
  }
  must(move_to_postgres(path(), url()));
  EXPECT_EQ(RawPostgres(url()).ask("SELECT count(*) FROM care WHERE encode(body, 'escape') LIKE '%total%'"), "0");
  EXPECT_EQ(must(must(open_postgres(url(), {.keys = {key}}))->entity("Screening", "s"))->body, R"({"total":7})");
  EXPECT_FALSE(open_postgres(url()));
}

}  // namespace
}  // namespace bhi::store::test
