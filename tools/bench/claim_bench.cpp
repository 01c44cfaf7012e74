// Claiming lane work: due() and mark_sent() of the store against what a bare SQLite client does at the least, one
// UPDATE ... RETURNING that takes the oldest item that may go, in a transaction of its own. Both sides are durable
// before the request may go out (WAL, synchronous=FULL, one commit for each claim). The bare side keeps no order within
// a patient's lane and writes no audit trail.
//
// Compare medians of interleaved rounds (tools/bench/run claim); TMPDIR=/dev/shm leaves the disk out.
#include "store/sqlite_store.h"

#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace bhi {
namespace {

constexpr int kItems = 20'000;     // in the queue
constexpr int kClaims = 2'000;     // taken by each run
constexpr std::size_t kPage = 64;  // items that a dispatcher asks for at once
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

template <typename T>
T must(Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::abort();
}

std::unique_ptr<flow::Store> filled(const std::string& path) {
  auto store = must(store::open_sqlite(path, {.checkpoint_pages = kCheckpointPages}));
  for (int first = 0; first < kItems; first += 1000) {
    flow::Worked worked;
    for (int i = first; i < first + 1000; ++i) {
      flow::OutboxItem item;
      item.destination = "clinic";
      item.patient = "patient-" + std::to_string(i * 7919 % (kItems / 2));  // two in each lane
      item.artifact = "screening-result";
      item.care_id = "screening-" + std::to_string(i);
      item.care_version = 1;
      item.created = Instant(std::chrono::milliseconds(1'790'000'000'000 + i));
      worked.outbox.push_back(std::move(item));
    }
    if (!store->commit(worked)) std::abort();
  }
  return store;
}

void store_claim(benchmark::State& state) {
  const Folder folder;
  const auto store = filled(folder.store());
  const Instant now(std::chrono::milliseconds(1'795'000'000'000));
  std::vector<flow::OutboxItem> page;
  for ([[maybe_unused]] auto _ : state) {
    if (page.empty()) page = must(store->due(now, kPage));
    auto& item = page.back();
    ++item.attempts;
    item.request_hash = "5d41402abc4b2a76b9719d911017c592";
    if (!store->mark_sent(item, {"send", "clinic", "Screening/" + item.care_id, "ok", now})) {
      state.SkipWithError("mark_sent failed");
      break;
    }
    page.pop_back();
  }
  state.SetItemsProcessed(state.iterations());
}

class Bare {
 public:
  explicit Bare(const std::string& path) {
    filled(path).reset();
    must_be(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
    must_be(sqlite3_exec(handle_, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192",
                         nullptr, nullptr, nullptr));
    sqlite3_wal_autocheckpoint(handle_, kCheckpointPages);
    must_be(sqlite3_prepare_v3(
        handle_,
        "UPDATE outbox SET state = 'sent', attempts = attempts + 1, request_hash = ?1, ready_at = NULL "
        "WHERE seq = (SELECT seq FROM outbox WHERE urgent = 0 AND ready_at = 0 ORDER BY seq LIMIT 1) "
        "RETURNING seq, destination, patient, artifact, care_id, care_version, attempts",
        -1, SQLITE_PREPARE_PERSISTENT, &claim_, nullptr));
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    sqlite3_finalize(claim_);
    sqlite3_close(handle_);
  }

  bool claim() {
    sqlite3_bind_text(claim_, 1, "5d41402abc4b2a76b9719d911017c592", -1, SQLITE_STATIC);
    int rows = 0;
    int code = sqlite3_step(claim_);
    for (; code == SQLITE_ROW; code = sqlite3_step(claim_)) {
      ++rows;
      benchmark::DoNotOptimize(sqlite3_column_text(claim_, 4));
    }
    must_be(code);
    sqlite3_reset(claim_);
    return rows == 1;
  }

 private:
  void must_be(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    std::fprintf(stderr, "bare: %s\n", sqlite3_errmsg(handle_));
    std::abort();
  }
  sqlite3* handle_ = nullptr;
  sqlite3_stmt* claim_ = nullptr;
};

void bare_claim(benchmark::State& state) {
  const Folder folder;
  Bare bare(folder.store());
  for ([[maybe_unused]] auto _ : state) {
    if (!bare.claim()) {
      state.SkipWithError("nothing to claim");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(store_claim)->Iterations(kClaims)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bare_claim)->Iterations(kClaims)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bhi
