// Durable ingest: the store's accept() against the bare SQLite C API writing the very same rows into the same tables
// with the same settings (WAL, synchronous=FULL, one commit per batch). The bare side knows beforehand that every row
// is new; it neither looks for a copy at hand nor chains the audit trail.
//
// Both sides start with an empty file and write the same number of rows. Compare medians of interleaved rounds:
//   bhi-bench --benchmark_filter=ingest --benchmark_repetitions=7 --benchmark_enable_random_interleaving=true
//
// Last figures (2 cores, an almost quiet machine, fdatasync 0.12 ms, medians of 7):
//   batch of   1: store 274 us, bare 239 us (0.87 x)     CPU 162 and 145 us
//   batch of 100: store 3.01 ms, bare 2.75 ms (0.91 x)   CPU 2.36 and 2.13 ms
//   batches of 1 by one thread 4.0 k/s, by eight 8.8 k/s (0.14 and 0.88 k/s on a disk that others kept busy)
#include "base/hash.h"
#include "store/sqlite_store.h"

#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace bhi {
namespace {

constexpr std::size_t kBodyBytes = 2500;  // a PHQ-9 response as servers send it
constexpr int kRows = 4000;               // written by each run, whatever the batch
constexpr int kCheckpointPages = 4000;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bhi-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string store() const { return (path_ / "store.db").string(); }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<flow::Store> open_or_abort(const std::string& path) {
  auto opened = store::open_sqlite(path, {.checkpoint_pages = kCheckpointPages});
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    std::abort();
  }
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

void store_ingest(benchmark::State& state) {
  const auto batches = make_batches(static_cast<std::size_t>(state.range(0)));
  const Folder folder;
  const auto store = open_or_abort(folder.store());
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto done = store->accept(batches[next++]);
    if (!done || done->stored != static_cast<std::size_t>(state.range(0))) state.SkipWithError("accept failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// ---- the bare side
// ----------------------------------------------------------------------------------------------------

class Bare {
 public:
  explicit Bare(const std::string& path) {
    open_or_abort(path).reset();  // makes the tables
    must(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
    must(sqlite3_exec(handle_,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                      "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY",
                      nullptr, nullptr, nullptr));
    sqlite3_wal_autocheckpoint(handle_, kCheckpointPages);
    prepare(begin_, "BEGIN IMMEDIATE");
    prepare(commit_, "COMMIT");
    prepare(body_, "INSERT INTO body (text) VALUES (?1)");
    prepare(inbox_,
            "INSERT INTO inbox (lane, channel, received, source, type, id, version, updated, hash, url, body, state, "
            "reason, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending', '', ?12)");
    prepare(resource_,
            "INSERT INTO resource (source, type, id, version, updated, hash, url, body, own_body) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)");
    prepare(cursor_,
            "INSERT INTO cursor (source, name, value) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (source, name) DO UPDATE SET value = excluded.value");
    prepare(audit_, "INSERT INTO audit (at, action, actor, subject, outcome, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    for (sqlite3_stmt* statement : {begin_, commit_, body_, inbox_, resource_, cursor_, audit_})
      sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }

  void write(const flow::Accepted& batch) {
    step(begin_);
    bool head = true;
    for (const flow::InboxItem& item : batch.items) {
      const flow::ResourceCopy& copy = item.resource;
      text(body_, 1, copy.body);
      step(body_);
      const sqlite3_int64 body = sqlite3_last_insert_rowid(handle_);
      int at = 0;
      for (const std::string* value : {&item.lane, &item.channel}) text(inbox_, ++at, *value);
      sqlite3_bind_int64(inbox_, ++at, item.received.time_since_epoch().count());
      for (const auto* value : parts(copy)) text(inbox_, ++at, *value);
      sqlite3_bind_int64(inbox_, ++at, body);
      if (head) {
        sqlite3_bind_int64(inbox_, ++at, 1);
      } else {
        sqlite3_bind_null(inbox_, ++at);
      }
      step(inbox_);
      head = false;
      at = 0;
      for (const auto* value : parts(copy)) text(resource_, ++at, *value);
      sqlite3_bind_int64(resource_, ++at, body);
      step(resource_);
    }
    text(cursor_, 1, batch.cursor->source);
    text(cursor_, 2, batch.cursor->name);
    text(cursor_, 3, batch.cursor->value);
    step(cursor_);
    const flow::AuditEntry& entry = batch.audit.front();
    sqlite3_bind_int64(audit_, 1, entry.at.time_since_epoch().count());
    int at = 1;
    for (const std::string* value : {&entry.action, &entry.actor, &entry.subject, &entry.outcome})
      text(audit_, ++at, *value);
    text(audit_, ++at, batch.items.front().resource.hash);
    step(audit_);
    step(commit_);
  }

 private:
  static std::array<const std::string*, 7> parts(const flow::ResourceCopy& copy) {
    return {&copy.source, &copy.type, &copy.id, &copy.version, &copy.updated, &copy.hash, &copy.url};
  }
  void must(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    std::fprintf(stderr, "bare: %s\n", sqlite3_errmsg(handle_));
    std::abort();
  }
  void prepare(sqlite3_stmt*& statement, const char* sql) {
    must(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  }
  static void text(sqlite3_stmt* statement, int at, const std::string& value) {
    sqlite3_bind_text64(statement, at, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void step(sqlite3_stmt* statement) const {
    must(sqlite3_step(statement));
    sqlite3_reset(statement);
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *commit_ = nullptr, *body_ = nullptr, *inbox_ = nullptr, *resource_ = nullptr;
  sqlite3_stmt *cursor_ = nullptr, *audit_ = nullptr;
};

void bare_ingest(benchmark::State& state) {
  const auto batches = make_batches(static_cast<std::size_t>(state.range(0)));
  const Folder folder;
  Bare bare(folder.store());
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) bare.write(batches[next++]);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// ---- many callers
// -----------------------------------------------------------------------------------------------------

// The same rows by several threads, batches of one: what group commit is for. An iteration is the whole load.
void store_ingest_by_threads(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    std::vector<std::vector<flow::Accepted>> loads;
    for (int t = 0; t < threads; ++t) loads.push_back(make_batches(1, t * kRows, kRows / threads));
    const Folder folder;
    const auto store = open_or_abort(folder.store());
    std::atomic<bool> failed = false;
    std::vector<std::thread> workers;
    state.ResumeTiming();
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        for (const auto& batch : loads[static_cast<std::size_t>(t)]) {
          if (!store->accept(batch)) failed = true;
        }
      });
    }
    for (auto& worker : workers) worker.join();
    if (failed) state.SkipWithError("accept failed");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

BENCHMARK(store_ingest)->Arg(1)->Iterations(kRows)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bare_ingest)->Arg(1)->Iterations(kRows)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(store_ingest)->Arg(100)->Iterations(kRows / 100)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bare_ingest)->Arg(100)->Iterations(kRows / 100)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(store_ingest_by_threads)->Arg(1)->Arg(8)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bhi
