// What only PostgreSQL's driver has: several writers, connections that are lost, an address.
#include "store/open_store.h"
#include "store/postgres/schema.h"
#include "tests/store/support/cutting_proxy.h"
#include "tests/store/support/driver_test.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace bhi::store::test {
namespace {

class Postgres : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_postgres()) GTEST_SKIP() << "PostgreSQL's server is not installed (postgresql-15)";
    schema_.emplace();
  }
  const std::string& url() const { return schema_->url(); }
  std::unique_ptr<flow::Store> open() const { return must(open_postgres(url())); }
  std::string ask(const std::string& sql) const { return RawPostgres(url()).ask(sql); }

  std::optional<TempSchema> schema_;
};

TEST(PostgresAddress, HoldsNoPasswordAndIsOne) {
  for (const char* wrong :
       {"postgres://bhi:secret@db/bhi", "postgres://bhi@db/bhi?password=secret", "postgres://[::1",
        "postgres://bhi@db/bhi?nonsense=1", "postgres://bhi@db/bhi?options=-csynchronous_commit%3Doff"}) {
    const auto refused = check_address(wrong);
    ASSERT_EQ(kind_of(refused), "incorrect") << wrong;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
    EXPECT_EQ(kind_of(open_postgres(wrong)), "incorrect") << wrong;
  }
  EXPECT_NE(check_address("postgres://bhi:x@db/bhi").error().message.find("passfile="), std::string::npos);
  must(check_address("postgresql://bhi@one,two:5433/bhi?passfile=/etc/bhi/pg.pass&sslmode=verify-full"));
  EXPECT_EQ(kind_of(open_postgres("postgres://bhi@/bhi?host=/nowhere")), "unavailable");
}

TEST_F(Postgres, ReplicasThatStartTogetherMakeTheTablesOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([&] { EXPECT_NE(open(), nullptr); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ask("SELECT string_agg(version::text, ',' ORDER BY version) FROM bhi_migration"), "0,1,2");
}

TEST_F(Postgres, ANewerStoreAndAForeignSchemaAreRefused) {
  open();
  RawPostgres(url()).run("INSERT INTO bhi_migration VALUES (99, now())");
  const auto newer = open_postgres(url());
  ASSERT_EQ(kind_of(newer), "unsupported");
  EXPECT_NE(newer.error().message.find("found 99"), std::string::npos);
  const TempSchema foreign;
  RawPostgres(foreign.url()).run("CREATE TABLE inbox (theirs TEXT)");
  EXPECT_EQ(kind_of(open_postgres(foreign.url())), "incorrect");
  EXPECT_EQ(RawPostgres(foreign.url()).ask("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"), "2");
}

TEST_F(Postgres, SessionsCommitSynchronouslyWhateverTheUserIsSetTo) {
  const auto connection = must(postgres::Connection::open(url() + "%20-cjit%3Don", {}));
  EXPECT_EQ(must(connection->script("SHOW synchronous_commit")).text(0, 0), "on");
  EXPECT_EQ(must(connection->script("SHOW transaction_isolation")).text(0, 0), "read committed");
}

TEST_F(Postgres, ATextWithANulIsRefusedAndNothingElseSuffers) {
  const auto store = open();
  auto bad = item_of(copy_of("bad", "h"));
  bad.resource.version = std::string(
      "1\0"
      "2",
      3);
  const auto refused = store->accept(batch_of({bad}));
  ASSERT_EQ(kind_of(refused), "incorrect");
  EXPECT_NE(refused.error().message.find("NUL"), std::string::npos) << refused.error().message;
  EXPECT_EQ(must(store->accept(batch_of({item_of(copy_of("good", "h"))}))).stored, 1u);
}

// Two replicas, eight threads, five lanes: whatever comes is worked on exactly once, and no lane is forgotten.
TEST_F(Postgres, SeveralWritersLoseNoLaneAndNoTurn) {
  constexpr int kEach = 40;
  const auto one = open(), two = open();
  std::atomic<int> feeding = 4;
  std::atomic<int> worked = 0, delivered = 0;
  std::vector<std::thread> threads;
  for (int feeder = 0; feeder < 4; ++feeder) {
    threads.emplace_back([&, feeder] {
      auto& store = feeder % 2 == 0 ? *one : *two;
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(feeder) + "-" + std::to_string(i);
        must(store.accept(batch_of({item_of(copy_of(id, "h"), "lane-" + std::to_string(i % 5))})));
      }
      --feeding;
    });
  }
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      auto& store = worker % 2 == 0 ? *one : *two;
      while (feeding > 0 || worked < 4 * kEach || delivered < 4 * kEach) {
        const auto lanes = must(store.pending_lanes(10));
        for (const auto& lane : lanes) {
          const auto pending = must(store.pending(lane, 3));
          if (pending.empty()) continue;
          flow::Worked work;
          for (const auto& item : pending) {
            work.inbox.push_back({item.seq, flow::InboxState::Done, {}, {}});
            work.entities.push_back({"Screening", item.resource.id, lane, 0, "{}"});
            work.outbox.push_back(intent_of(lane, item.resource.id));
          }
          const auto done = store.commit(work);
          if (done) worked += static_cast<int>(pending.size());
          EXPECT_TRUE(done || done.error().kind == Kind::Conflict) << done.error().message;
        }
        const auto due = must(store.due(at(10'000), 10));
        for (auto item : due) {
          item.attempts += 1;
          item.request_hash = item.care_id;  // as two senders of one item would
          if (const auto sent = store.mark_sent(item, audit_of("send")); !sent) {
            EXPECT_EQ(kind_of(sent), "conflict") << sent.error().message;
            continue;
          }
          item.state = flow::OutboxState::Verified;
          must(store.settle({item, {}, copy_of("form", "h" + item.care_id), {audit_of("settle")}}));
          ++delivered;
        }
        if (lanes.empty() && due.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(worked, 4 * kEach);
  EXPECT_EQ(delivered, 4 * kEach);
  EXPECT_EQ(must(verify_postgres(url())).audit_rows, 8u * kEach);
  EXPECT_EQ(ask("SELECT count(*), min(seq), max(seq) FROM event"), "160|1|160");
  EXPECT_EQ(ask("SELECT count(*) FROM lane") + ask("SELECT count(*) FROM turn"), "00");
}

TEST_F(Postgres, AfterARestoreEverythingOpenIsLookedUpFirst) {
  auto store = open();
  flow::Worked worked;
  worked.outbox = {intent_of("p1", "a"), intent_of("p1", "b"), intent_of("p2", "c")};
  must(store->commit(worked));
  store.reset();
  std::ifstream file(BHI_SOURCE_DIR "/adapter/store/postgres/after_restore.sql");
  RawPostgres(url()).run(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  store = open();
  EXPECT_EQ(must(store->recover()), 3u);
  const auto due = must(store->due(at(10'000), 10));
  EXPECT_EQ(care_ids(due), (std::vector<std::string>{"a", "c"}));
  for (const auto& item : due) {
    EXPECT_EQ(item.state, flow::OutboxState::Unknown);
    EXPECT_EQ(item.request_hash, "restored");
  }
  must(verify_postgres(url()));
}

TEST_F(Postgres, OneOfTwoReplicasTakesInWhatBothGetAtOnce) {
  const auto one = open(), two = open();
  std::size_t stored = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<flow::InboxItem> items;
    for (int i = 0; i < 5; ++i) items.push_back(item_of(copy_of(std::to_string(i), "h" + std::to_string(round / 2))));
    std::atomic<std::size_t> here = 0;
    std::thread other([&] { here += must(one->accept(batch_of(items))).stored; });
    here += must(two->accept(batch_of({items.rbegin(), items.rend()}))).stored;
    other.join();
    stored += here;
  }
  EXPECT_EQ(stored, 15u * 5);
  must(verify_postgres(url()));
}

// Sessions are ended by the server at any moment, also between COMMIT and its answer: what was answered is there once,
// what was refused is not.
TEST_F(Postgres, SessionsEndedAtAnyMomentLeaveNoDoubt) {
  const auto store = open();
  std::atomic<bool> ending = false;
  std::atomic<std::size_t> done = 0;
  std::thread meddler([&] {
    RawPostgres raw(maintenance_url());
    while (!ending) {
      raw.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bhi-adapter'");
      // Between one and seven more are kept until the next time.
      const std::size_t enough = done + 1 + done % 7;
      while (!ending && done < enough) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::vector<std::set<std::string>> kept(4), refused(4);
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < kept.size(); ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; kept[writer].size() < 60; ++i) {
        const std::string id = std::to_string(writer) + "-" + std::to_string(i);
        auto batch = batch_of({item_of(copy_of(id, "h"), "lane-" + std::to_string(writer))});
        batch.audit = {audit_of("accept", id)};
        const auto answer = store->accept(batch);
        EXPECT_TRUE(answer || answer.error().kind == Kind::Unavailable) << answer.error().message;
        (answer ? kept : refused)[writer].insert(id);
        done += answer ? 1 : 0;
        if (!answer) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  ending = true;
  meddler.join();
  std::size_t count = 0, lost = 0;
  const std::string there = "\n" + ask("SELECT id FROM inbox") + "\n";
  for (std::size_t writer = 0; writer < kept.size(); ++writer) {
    count += kept[writer].size();
    lost += refused[writer].size();
    for (const auto& id : refused[writer]) EXPECT_EQ(there.find("\n" + id + "\n"), std::string::npos) << id;
    for (const auto& id : kept[writer]) EXPECT_NE(there.find("\n" + id + "\n"), std::string::npos) << id;
  }
  EXPECT_EQ(ask("SELECT count(*), count(DISTINCT id) FROM inbox"), std::to_string(count) + "|" + std::to_string(count));
  EXPECT_EQ(must(verify_postgres(url())).audit_rows, count);
  std::printf("%zu kept, %zu refused, none in doubt\n", count, lost);
}

TEST_F(Postgres, ACommitWhoseAnswerWasLostIsLookedUp) {
  const TempFolder folder;
  const std::string servers = maintenance_url().substr(maintenance_url().find("host=") + 5);
  CuttingProxy proxy(std::filesystem::path(folder.file("x")).parent_path().string(), servers);
  std::string through = url();
  through.replace(through.find(servers), servers.size(),
                  std::filesystem::path(folder.file("x")).parent_path().string());
  const auto store = must(open_postgres(through));
  int number = 0;
  for (const auto cut :
       {CuttingProxy::Cut::AfterCommit, CuttingProxy::Cut::BeforeCommit, CuttingProxy::Cut::AfterCommit}) {
    proxy.cut_next(cut);
    auto batch = batch_of({item_of(copy_of(std::to_string(++number), "h"))});
    batch.audit = {audit_of("accept")};
    const auto done = store->accept(batch);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->stored, 1u);
    EXPECT_EQ(proxy.cuts(), number);
    EXPECT_EQ(ask("SELECT count(*) FROM inbox"), std::to_string(number)) << "once, and only once";
    // A connection prepares COMMIT once; a new one is needed for the next cut.
    RawPostgres(maintenance_url())
        .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bhi-adapter'");
  }
  EXPECT_EQ(must(verify_postgres(url())).audit_rows, 3u);
}

TEST_F(Postgres, WhatWasFoundNotToBeKeptIsNotKeptWhenItArrivesLater) {
  const TempFolder folder;
  const std::string servers = maintenance_url().substr(maintenance_url().find("host=") + 5);
  const std::string ours = std::filesystem::path(folder.file("x")).parent_path().string();
  CuttingProxy proxy(ours, servers);
  std::string through = url();
  through.replace(through.find(servers), servers.size(), ours);
  const auto store = must(open_postgres(through));
  auto entry = audit_of("accept");
  // A session that was just used sends all in one message. (On a machine so slow that it is no longer warm, it asks
  // first, and what is kept back is only the rest: then the row's lock is waited for, and nothing is shown here.)
  entry.subject = "early/1";
  ASSERT_TRUE(store->audit(entry));
  entry.subject = "late/1";
  proxy.keep_back(entry.subject);
  std::thread later([&] {
    const std::string there =
        "SELECT (SELECT count(*) FROM audit WHERE subject = 'late/1') + "
        "(SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction')";
    while (ask(there) == "0") std::this_thread::sleep_for(std::chrono::milliseconds(10));
    proxy.deliver();
  });
  const auto done = store->audit(entry);  // cut off, looked up, done again
  later.join();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ask("SELECT count(*), count(DISTINCT subject) FROM audit"), "2|2");
  EXPECT_EQ(must(verify_postgres(url())).audit_rows, 2u);
}

TEST_F(Postgres, OfManyClaimsTogetherOnlyTheOneThatMayNotIsRefused) {
  const auto store = must(open_postgres(url()));
  constexpr std::size_t kMany = 24;
  flow::Worked worked;
  for (std::size_t i = 0; i < kMany; ++i) {
    flow::OutboxItem item;
    item.destination = "clinic";
    item.patient = "p" + std::to_string(i);
    item.artifact = "screening-result";
    item.care_id = "s" + std::to_string(i);
    item.care_version = 1;
    worked.outbox.push_back(std::move(item));
  }
  ASSERT_TRUE(store->commit(worked));
  auto due = must(store->due(Instant(std::chrono::milliseconds(1)), kMany));
  ASSERT_EQ(due.size(), kMany);
  for (auto& item : due) {
    item.attempts = 1;
    item.request_hash = "h";
  }
  ASSERT_TRUE(store->mark_sent(due[7], audit_of("send")));
  std::vector<Result<void>> results(kMany);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kMany; ++i) {
    callers.emplace_back([&, i] {
      auto item = due[i];
      if (i == 11) item.reason = std::string("a\0b", 3);  // no column keeps that
      results[i] = store->mark_sent(item, audit_of("send"));
    });
  }
  for (auto& caller : callers) caller.join();
  for (std::size_t i = 0; i < kMany; ++i) {
    if (i == 7) {
      ASSERT_FALSE(results[i]);
      EXPECT_EQ(results[i].error().kind, Kind::Conflict);
    } else if (i == 11) {
      ASSERT_FALSE(results[i]);
      EXPECT_EQ(results[i].error().kind, Kind::Incorrect);
    } else {
      EXPECT_TRUE(results[i]) << i << ": " << results[i].error().message;
    }
  }
  EXPECT_EQ(ask("SELECT count(*) FROM outbox WHERE state = 'sent'"), std::to_string(kMany - 1));
  EXPECT_EQ(ask("SELECT count(*) FROM turn WHERE ready_at IS NULL"), std::to_string(kMany - 1));
  EXPECT_EQ(must(verify_postgres(url())).audit_rows, kMany - 1);
}

}  // namespace
}  // namespace bhi::store::test
