// The store on SQLite: one file, one process, one connection that writes. The promise is flow::Store's (flow/ports.h):
// what a call answered with success survives a kill of the process, a crash of the system and a loss of power.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/seal.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bhi::store {

struct SqliteOptions {
  int readers = 4;                               // connections that only read
  int checkpoint_pages = 4000;                   // of 4 KiB: how long the write-ahead log grows before it is moved over
  std::chrono::milliseconds busy_timeout{5000};  // for a foreign connection (backup, shell) to let go
  // The first seals the texts that tell of people, all open them (seal.h). None: they are kept as they are.
  std::vector<SealKey> keys{};
};

// Opens or creates the store; its folder is created when missing (0700), its files are for us alone (0600).
// Thread-safe. Errors: Unavailable (another process has it, disk full), Unsupported (written by a newer version),
// Incorrect (path, or not a store), Fault (permissions, disk, damage).
Result<std::unique_ptr<flow::Store>> open_sqlite(const std::string& path, const SqliteOptions& options = {});

struct StoreReport {
  int schema_version = 0;
  std::size_t audit_rows = 0;
  std::string audit_last_hash;   // kept elsewhere, it proves later that the trail was not rewritten
  std::uint64_t bytes = 0;       // of the database, without its log
  std::uint64_t free_bytes = 0;  // of these: nothing uses them
  bool gives_back = false;       // the daemon gives them back by and by; else compact_sqlite() does (compact.h)
};

// Reads the whole file: every page, every key, every link of the audit trail. Changes nothing and may run beside the
// daemon. Errors: NotFound (no such file), Fault (what is wrong and where, without data).
Result<StoreReport> verify_sqlite(const std::string& path);

// A record of the audit trail as it was noted somewhere else, in the daemon's log for example.
struct AuditMark {
  std::int64_t seq = 0;
  std::string hash;
};

// The audit trail alone. Without a mark a trail whose end was rewritten and made to fit again passes.
Result<StoreReport> verify_audit(const std::string& path, const std::optional<AuditMark>& known = {});

}  // namespace bhi::store
