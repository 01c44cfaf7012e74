// PostgreSQL: the store's accept() against a bare libpq pipeline that writes the same rows into the same tables in one
// transaction a batch, and claiming due deliveries against a bare claim by SKIP LOCKED. The bare pipeline knows that
// every row is new and numbers them itself; it looks for no copy at hand, chains no trail and cannot tell whether a
// commit was kept when its answer is lost. Both sides work on one private cluster (tests/e2e/postgres.py, fsync on),
// each run in a schema of its own.
//
// Compare medians of interleaved rounds:
//   bhi-bench --benchmark_filter=pg_ --benchmark_repetitions=7 --benchmark_enable_random_interleaving=true
#include "base/hash.h"
#include "store/postgres_store.h"

#include <benchmark/benchmark.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bhi {
namespace {

constexpr std::size_t kBodyBytes = 2500;  // a PHQ-9 response as servers send it
constexpr int kRows = 4000;               // written by each run, whatever the batch

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "pg bench: %s\n", why.c_str());
  std::abort();
}

// One cluster for the whole run. We hold the keeper's input; it ends when that closes, however we end.
const std::string& server() {
  static const std::string kFolder = [] {
    const std::string told =
        (std::filesystem::temp_directory_path() / ("bhi-bench-pg." + std::to_string(getpid()))).string();
    if (popen(("python3 " BHI_SOURCE_DIR "/tests/e2e/postgres.py hold > " + told).c_str(), "w") == nullptr)
      give_up("no keeper");
    std::string folder;
    for (int wait = 0; wait < 600 && folder.empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      std::ifstream file(told);
      std::getline(file, folder);
      if (file.eof()) folder.clear();  // not yet the whole line
    }
    std::filesystem::remove(told);
    if (folder.empty()) give_up("PostgreSQL did not start");
    return folder;
  }();
  return kFolder;
}

std::string base_url() {
  // BHI_BENCH_POSTGRES: the folder of a running cluster's socket, to leave starting one to somebody else.
  const char* given = std::getenv("BHI_BENCH_POSTGRES");
  return "postgres://bhi@/postgres?host=" + (given != nullptr ? std::string(given) : server());
}

class Schema {
 public:
  Schema() {
    static std::atomic<int> made = 0;
    name_ = "b" + std::to_string(++made) + "_" +
            std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    run("CREATE SCHEMA " + name_);
  }
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema() { run("DROP SCHEMA " + name_ + " CASCADE"); }
  std::string url() const { return base_url() + "&options=-csearch_path%3D" + name_; }

 private:
  static void run(const std::string& sql) {
    PGconn* on = PQconnectdb(base_url().c_str());
    PGresult* done = PQexec(on, ("SET client_min_messages = error; " + sql).c_str());
    if (PQresultStatus(done) != PGRES_COMMAND_OK) give_up(PQerrorMessage(on));
    PQclear(done);
    PQfinish(on);
  }
  std::string name_;
};

std::unique_ptr<flow::Store> open_or_abort(const Schema& schema) {
  auto opened = store::open_postgres(schema.url());
  if (!opened) give_up(opened.error().message);
  return std::move(opened).value();
}

// Batches of new resources, one patient each; ids in no order, as servers give them.
std::vector<flow::Accepted> make_batches(std::size_t size, int first = 0, int rows = kRows) {
  std::vector<flow::Accepted> batches;
  const std::string body(kBodyBytes, 'x');
  for (int row = first; row < first + rows;) {
    flow::Accepted batch;
    const std::string lane = "clinic|Patient/" + std::to_string(row);
    for (std::size_t i = 0; i < size; ++i, ++row) {
      flow::InboxItem item;
      item.lane = lane;
      item.channel = "poll";
      item.received = Instant(std::chrono::milliseconds(1'790'000'000'000 + row));
      const std::string hash = to_hex(sha256(std::to_string(row)));
      item.resource = {"clinic", "QuestionnaireResponse", hash.substr(0, 20), "1", "2026-11-22T09:30:00Z", hash, "",
                       body};
      batch.items.push_back(std::move(item));
    }
    batch.cursor = flow::Cursor{"clinic", "QuestionnaireResponse", std::to_string(row)};
    batch.audit.push_back({"accept", "clinic", "Bundle", "ok", batch.items.front().received});
    batches.push_back(std::move(batch));
  }
  return batches;
}

void pg_store_ingest(benchmark::State& state) {
  const auto batches = make_batches(static_cast<std::size_t>(state.range(0)));
  const Schema schema;
  const auto store = open_or_abort(schema);
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto done = store->accept(batches[next++]);
    if (!done || done->stored != static_cast<std::size_t>(state.range(0))) state.SkipWithError("accept failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// ---- the bare side --------------------------------------------------------------------------------------------------

struct Statement {
  const char* name;
  const char* sql;
};
constexpr std::array kStatements = std::to_array<Statement>({
    {"begin", "BEGIN"},
    {"commit", "COMMIT"},
    {"body", "INSERT INTO body (id, text) VALUES ($1, $2)"},
    {"inbox",
     "INSERT INTO inbox (seq, lane, channel, received, source, type, id, version, updated, hash, url, body, part, "
     "state, "
     "reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $1, 0, 'pending', '')"},
    {"resource",
     "INSERT INTO resource (source, type, id, version, updated, hash, url, body, own_body) "
     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false)"},
    {"lane", "INSERT INTO lane (lane, part, head) VALUES ($1, 0, $2)"},
    {"cursor",
     "INSERT INTO cursor (source, name, value) VALUES ($1, $2, $3) "
     "ON CONFLICT (source, name) DO UPDATE SET value = excluded.value"},
    {"audit", "INSERT INTO audit (seq, at, action, actor, subject, outcome, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)"},
});

class Bare {
 public:
  explicit Bare(const Schema& schema) : on_(PQconnectdb(schema.url().c_str())) {
    for (const Statement& statement : kStatements) {
      PQclear(PQprepare(on_, statement.name, statement.sql, 0, nullptr));
    }
    if (PQenterPipelineMode(on_) != 1) give_up(PQerrorMessage(on_));
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() { PQfinish(on_); }

  void write(const flow::Accepted& batch) {
    add("begin", {});
    const std::string first = std::to_string(seq_ + 1);
    for (const flow::InboxItem& item : batch.items) {
      const flow::ResourceCopy& copy = item.resource;
      const std::string seq = std::to_string(++seq_);
      const std::string received = std::to_string(item.received.time_since_epoch().count());
      add("body", {&seq, &copy.body});
      add("inbox", {&seq, &item.lane, &item.channel, &received, &copy.source, &copy.type, &copy.id, &copy.version,
                    &copy.updated, &copy.hash, &copy.url});
      add("resource", {&copy.source, &copy.type, &copy.id, &copy.version, &copy.updated, &copy.hash, &copy.url, &seq});
    }
    add("lane", {&batch.items.front().lane, &first});
    add("cursor", {&batch.cursor->source, &batch.cursor->name, &batch.cursor->value});
    const flow::AuditEntry& entry = batch.audit.front();
    const std::string audit = std::to_string(++audit_), at = std::to_string(entry.at.time_since_epoch().count());
    add("audit",
        {&audit, &at, &entry.action, &entry.actor, &entry.subject, &entry.outcome, &batch.items.front().resource.hash});
    add("commit", {});
    finish();
  }

 private:
  void add(const char* name, const std::vector<const std::string*>& values) {
    std::vector<const char*> texts;
    for (const std::string* value : values) texts.push_back(value->c_str());
    if (PQsendQueryPrepared(on_, name, static_cast<int>(texts.size()), texts.data(), nullptr, nullptr, 0) != 1)
      give_up(PQerrorMessage(on_));
    ++sent_;
  }
  void finish() {
    PQpipelineSync(on_);
    for (; sent_ > 0; --sent_) {
      PGresult* answer = PQgetResult(on_);
      if (PQresultStatus(answer) != PGRES_COMMAND_OK) give_up(PQerrorMessage(on_));
      PQclear(answer);
      PQclear(PQgetResult(on_));
    }
    PQclear(PQgetResult(on_));
  }

  PGconn* on_;
  int sent_ = 0;
  std::int64_t seq_ = 0, audit_ = 0;
};

void pg_bare_ingest(benchmark::State& state) {
  const auto batches = make_batches(static_cast<std::size_t>(state.range(0)));
  const Schema schema;
  open_or_abort(schema).reset();  // makes the tables
  Bare bare(schema);
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) bare.write(batches[next++]);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// ---- many callers ---------------------------------------------------------------------------------------------------

void pg_store_ingest_by_threads(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    std::vector<std::vector<flow::Accepted>> loads;
    for (int t = 0; t < threads; ++t) loads.push_back(make_batches(1, t * kRows, kRows / threads));
    const Schema schema;
    const auto store = open_or_abort(schema);
    std::atomic<bool> failed = false;
    std::vector<std::thread> workers;
    state.ResumeTiming();
    for (auto& load : loads) {
      workers.emplace_back([&] {
        for (const auto& batch : load) {
          if (!store->accept(batch)) failed = true;
        }
      });
    }
    for (auto& worker : workers) worker.join();
    if (failed) state.SkipWithError("accept failed");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

// ---- claiming -------------------------------------------------------------------------------------------------------

constexpr int kClaims = 2000, kClaimers = 4;

void plan(flow::Store& store) {
  flow::Worked worked;
  for (int i = 0; i < kClaims; ++i) {
    flow::OutboxItem item;
    item.destination = "clinic";
    item.patient = "p" + std::to_string(i);
    item.artifact = "screening-result";
    item.care_id = "s" + std::to_string(i);
    item.care_version = 1;
    worked.outbox.push_back(std::move(item));
  }
  if (!store.commit(worked)) give_up("no outbox");
}

// A page of due items is read and each is marked as sent, durably, by several threads, as the delivery workers do it.
void pg_store_claim(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    const Schema schema;
    const auto store = open_or_abort(schema);
    plan(*store);
    std::atomic<bool> failed = false;
    state.ResumeTiming();
    for (int done = 0; done < kClaims;) {
      auto due = store->due(Instant(std::chrono::milliseconds(1)), 200);
      if (!due || due->empty()) give_up("nothing due");
      std::atomic<std::size_t> next = 0;
      std::vector<std::thread> workers;
      for (int t = 0; t < kClaimers; ++t) {
        workers.emplace_back([&] {
          for (std::size_t at = next++; at < due->size(); at = next++) {
            flow::OutboxItem& item = (*due)[at];
            item.attempts = 1;
            item.request_hash = "h";
            if (!store->mark_sent(item, {"send", "clinic", item.care_id, "ok", Instant()})) failed = true;
          }
        });
      }
      for (auto& worker : workers) worker.join();
      done += static_cast<int>(due->size());
    }
    if (failed) state.SkipWithError("mark_sent failed");
  }
  state.SetItemsProcessed(state.iterations() * kClaims);
}

constexpr const char* kClaim =
    "UPDATE outbox SET state = 'sent', attempts = attempts + 1 WHERE seq = (SELECT seq FROM outbox "
    "WHERE state = 'planned' AND state NOT IN ('verified', 'superseded') ORDER BY seq LIMIT 1 "
    "FOR UPDATE SKIP LOCKED) RETURNING seq, destination, patient, artifact, care_id, care_version, attempts";
constexpr const char* kClaimAlike =
    "WITH o AS (UPDATE outbox SET state = 'sent', attempts = attempts + 1 WHERE seq = (SELECT seq FROM outbox "
    "WHERE state = 'planned' AND state NOT IN ('verified', 'superseded') ORDER BY seq LIMIT 1 "
    "FOR UPDATE SKIP LOCKED) RETURNING seq, lane, destination, patient, artifact, care_id, care_version, attempts), "
    "t AS (UPDATE turn SET ready_at = NULL FROM o WHERE turn.lane = o.lane), "
    "a AS (INSERT INTO audit SELECT seq, 0, 'send', 'clinic', care_id, 'ok', repeat('0', 64) FROM o) "
    "SELECT * FROM o";

// One item a transaction, as many connections as there are threads on the other side, each durable. `alike`: it also
// changes the rows that ours changes, the turn of the lane and a row of the trail (one of its own numbers, no chain),
// all in one round trip. Without, only the item.
void pg_bare_claim(benchmark::State& state) {
  const bool alike = state.range(0) != 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    const Schema schema;
    plan(*open_or_abort(schema));
    std::array<PGconn*, kClaimers> connections{};
    for (PGconn*& on : connections) {
      on = PQconnectdb(schema.url().c_str());
      PQclear(PQexec(
          on, "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan"));
      PQclear(PQprepare(on, "claim", alike ? kClaimAlike : kClaim, 0, nullptr));
    }
    std::vector<std::thread> workers;
    state.ResumeTiming();
    for (PGconn* on : connections) {
      workers.emplace_back([on] {
        for (bool more = true; more;) {
          PGresult* done = PQexecPrepared(on, "claim", 0, nullptr, nullptr, nullptr, 0);
          if (PQresultStatus(done) != PGRES_TUPLES_OK) give_up(PQerrorMessage(on));
          more = PQntuples(done) == 1;
          PQclear(done);
        }
      });
    }
    for (auto& worker : workers) worker.join();
    state.PauseTiming();
    for (PGconn* on : connections) PQfinish(on);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kClaims);
}

BENCHMARK(pg_store_ingest)->Arg(1)->Iterations(kRows / 4)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(pg_bare_ingest)->Arg(1)->Iterations(kRows / 4)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(pg_store_ingest)->Arg(100)->Iterations(kRows / 100)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(pg_bare_ingest)->Arg(100)->Iterations(kRows / 100)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(pg_store_ingest_by_threads)->Arg(1)->Arg(8)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(pg_store_claim)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(pg_bare_claim)->Arg(0)->Arg(1)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bhi
