// What is asked all the time must not cost more when a million rows lie beside the few that are wanted. Counted in
// steps of SQLite's machine, not in time. BHI_SCALE=1000000 fills that many rows of each sort and prints times.
#include "store/care.h"
#include "store/copies.h"
#include "store/inbox.h"
#include "store/outbox.h"
#include "store/sqlite_connection.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <cstdio>
#include <cstdlib>
#include <functional>

namespace bhi::store::test {
namespace {

// Rows as the store writes them, made by SQLite itself: `n` of each sort. The few that are wanted come first.
void fill(const std::string& path, std::int64_t n) {
  RawDatabase database(path);
  database.run("CREATE TEMP TABLE size (n); INSERT INTO size VALUES (" + std::to_string(n) + ")");
  const auto run = [&](const std::string& sql) {
    database.run("WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < (SELECT n FROM size)) " +
                 sql);
  };
  database.run("BEGIN; INSERT INTO body VALUES (1, '{}')");
  const auto inbox = [&](const std::string& lane, const std::string& state, const std::string& head,
                         const std::string& reason) {
    run("INSERT INTO inbox (lane, channel, received, source, type, id, version, updated, hash, url, body, state, "
        "reason, head) "
        "SELECT " +
        lane + ", 'poll', 1, 'clinic', 'Observation', '" + state + "' || i, '', '', '', '', 1, '" + state + "', " +
        reason + ", " + head + " FROM i");
  };
  inbox("'long lane'", "pending", "CASE WHEN i = 1 THEN 1 END", "''");
  inbox("'lane ' || i", "pending", "1", "''");
  inbox("'lane ' || i", "waiting", "NULL", "'form ' || i");
  inbox("'lane ' || i", "quarantined", "NULL", "''");
  inbox("'lane ' || i", "done", "NULL", "''");
  run("INSERT INTO resource SELECT 'clinic', 'Observation', 'r' || i, '', '', 'h' || i, 'url ' || i, 1, 0 FROM i");
  run("INSERT INTO care SELECT 'Screening', 's' || i, 'p' || i, 1, '{}' FROM i");
  const auto outbox = [&](const std::string& patient, const std::string& state, const std::string& ready) {
    run("INSERT INTO outbox (lane, destination, patient, artifact, care_id, care_version, urgent, state, attempts, "
        "not_before, "
        "reason, request_hash, created, ready_at) SELECT 'clinic|' || " +
        patient + ", 'clinic', " + patient + ", 'screening-result', 'c' || i, 1, 0, '" + state +
        "', 0, 0, '', '', 1, " + ready + " FROM i");
  };
  outbox("'long'", "planned", "CASE WHEN i = 1 THEN 0 END");
  outbox("'p' || i", "planned", "0");
  outbox("'later ' || i", "retry-at", "1000000");
  outbox("'held ' || i", "sent", "NULL");
  outbox("'done ' || i", "verified", "NULL");
  run("INSERT INTO ledger SELECT 'clinic', 'care-plan', 'c' || i, 'CarePlan', 'e' || i, '1', 1, '', '', '' FROM i");
  database.run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

struct Ask {
  const char* name;
  std::function<bool(Connection&)> run;
};

const std::vector<Ask>& asks() {
  static const std::vector<Ask> kAsks = {
      {"pending_lanes", [](Connection& on) { return must(lanes_with_work(on, 20)).size() == 20; }},
      {"pending of a short lane", [](Connection& on) { return must(pending_of(on, "lane 7", 20)).size() == 1; }},
      {"pending of a long lane", [](Connection& on) { return must(pending_of(on, "long lane", 20)).size() == 20; }},
      {"quarantine", [](Connection& on) { return must(inbox_in(on, flow::InboxState::Quarantined, 20)).size() == 20; }},
      {"waiting", [](Connection& on) { return must(inbox_in(on, flow::InboxState::Waiting, 20)).size() == 20; }},
      {"resource", [](Connection& on) { return must(find_copy(on, "clinic", "Observation", "r7")).has_value(); }},
      {"canonical", [](Connection& on) { return must(find_canonical(on, "clinic", "url 7")).has_value(); }},
      {"record", [](Connection& on) { return must(record_of(on, "p7")).size() == 1; }},
      {"entity", [](Connection& on) { return must(find_entity(on, "Screening", "s7")).has_value(); }},
      {"list", [](Connection& on) { return must(list_entities(on, "Screening", "s1", 20)).entities.size() == 20; }},
      {"ledger", [](Connection& on) { return must(find_ledger(on, "clinic", "care-plan", "c7")).has_value(); }},
      {"ledger_of", [](Connection& on) { return must(find_ledger_of(on, "clinic", "CarePlan", "e7")).has_value(); }},
      {"due", [](Connection& on) { return must(due_items(on, at(5), 20)).size() == 20; }},
      {"due after the wait", [](Connection& on) { return must(due_items(on, at(5'000'000), 20)).size() == 20; }},
      {"outbox of a patient", [](Connection& on) { return must(outbox_of(on, "p7", 20)).size() == 1; }},
      {"outbox", [](Connection& on) { return must(outbox_of(on, "", 20)).size() == 20; }},
      {"parked", [](Connection& on) { return must(outbox_in(on, {flow::OutboxState::Parked}, 0, 20)).empty(); }},
      {"unknown or sent",
       [](Connection& on) {
         return must(outbox_in(on, {flow::OutboxState::Unknown, flow::OutboxState::Sent}, 0, 20)).size() == 20;
       }},
      {"accept",
       [](Connection& on) {
         return must(take_in(on, {item_of(copy_of("new", "h"), "lane 7"), item_of(copy_of("also", "h"), "long lane")}))
                    .stored == 2;
       }},
      {"outcome",
       [](Connection& on) {
         return note_outcomes(on, {{must(pending_of(on, "lane 8", 1)).front().seq, flow::InboxState::Done, {}, {}},
                                   {must(pending_of(on, "long lane", 1)).front().seq, flow::InboxState::Done, {}, {}}})
             .ok();
       }},
      {"requeue_waiting", [](Connection& on) { return must(requeue_waiting_for(on, "form 7")) == 1; }},
      {"plan",
       [](Connection& on) {
         return add_intents(on, {intent_of("p7", "x"), intent_of("long", "y")}).ok();
       }},
      {"send and settle",
       [](Connection& on) {
         auto item = must(due_items(on, at(5), 1)).front();  // of the long lane
         item.attempts = 1;
         if (!note_sent(on, item)) return false;
         item.state = flow::OutboxState::Verified;
         return note_settled(on, item).ok();
       }},
  };
  return kAsks;
}

std::vector<std::int64_t> efforts(std::int64_t n) {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  must(open_sqlite(path));
  fill(path, n);
  const auto connection = must(Connection::open(path, Connection::Access::Write, std::chrono::milliseconds(100)));
  std::vector<std::int64_t> steps;
  for (const Ask& ask : asks()) {
    const std::int64_t before = connection->effort();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(ask.run(*connection)) << ask.name;
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    steps.push_back(connection->effort() - before);
    if (n > 100'000)
      std::printf("%-26s %8.3f ms %8ld steps\n", ask.name, took.count(), static_cast<long>(steps.back()));
  }
  if (n > 100'000) {
    const auto store = must(open_sqlite(path));
    const auto start = std::chrono::steady_clock::now();
    const auto counts = must(store->counts(at(0)));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::printf("%-26s %8.3f ms, %zu pending, %zu open\n", "counts", took.count(), counts.inbox_pending,
                counts.outbox_open);
  }
  return steps;
}

TEST(Scale, CostsTheSameHoweverManyRowsLieBeside) {
  const char* text = std::getenv("BHI_SCALE");
  const std::int64_t large = text == nullptr ? 6000 : std::atoll(text);
  const auto few = efforts(60);
  const auto many = efforts(large);
  ASSERT_EQ(few.size(), many.size());
  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_LE(many[i], few[i] + few[i] / 10 + 40) << asks()[i].name << ": " << few[i] << " steps beside 60 rows";
  }
}

}  // namespace
}  // namespace bhi::store::test
