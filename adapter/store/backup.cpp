#include "store/backup.h"

#include "base/failpoint.h"
#include "store/audit_chain.h"
#include "store/compact.h"
#include "store/outbox.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"

#include <utility>

namespace bhi::store {

namespace {

constexpr const char* kUnfinished = ".unfinished";

// Writes a compact copy beside its final name. Of `from` one moment is read, whoever writes meanwhile.
Result<std::string> copy_beside(const std::string& from, const std::string& to) {
  if (!exists(from)) return Error{Kind::NotFound, "store: no file " + from};
  if (exists(to)) return Error{Kind::Conflict, "store: " + to + " is there already; nothing is written over it"};
  BHI_CHECK(make_folder_of(to));
  BHI_TRY(const auto source, Connection::open(from, Connection::Access::Read, SqliteOptions{}.busy_timeout));
  BHI_CHECK(check_schema(*source, migrations()));
  const std::string part = to + kUnfinished;
  BHI_CHECK(make_private_file(part));
  if (const auto copied = write_copy(*source, part); !copied) {
    forget_file(part);
    return copied.error();
  }
  failpoint("backup.copied");
  return part;
}

// Checked once more, on disk for good, and only then under its name.
Result<CopyReport> put_in_place(const std::string& part, const std::string& to) {
  CopyReport report;
  BHI_TRY(report.store, verify_sqlite(part));
  BHI_TRY(report.bytes, sync_file(part));
  failpoint("backup.checked");
  BHI_CHECK(rename_for_good(part, to));
  return report;
}

// Everything that may have been done since the backup was made is looked up before it is done again. What waits for a
// person keeps waiting, and remembers.
Result<std::size_t> make_uncertain(Connection& on, Instant now) {
  BHI_TRY(const std::int64_t open, on.run(R"sql(
      UPDATE outbox SET state = 'sent', request_hash = CASE WHEN request_hash = '' THEN 'restored' ELSE request_hash END
      WHERE state IN ('planned', 'unknown', 'retry-at', 'sent'))sql"));
  BHI_TRY([[maybe_unused]] const std::size_t lanes, sent_to_unknown(on));
  BHI_CHECK(
      on.run("UPDATE outbox SET reason = 'restored from a backup: looked up before it is sent', not_before = 0 "
             "WHERE state = 'unknown'"));
  BHI_CHECK(
      on.run("UPDATE outbox SET request_hash = 'restored' WHERE state IN ('parked', 'dead') AND request_hash = ''"));
  AuditChain chain;
  BHI_CHECK(
      chain.append(on, flow::AuditEntry{"restore", "operator", "store", std::to_string(open) + " to look up", now}));
  return static_cast<std::size_t>(open);
}

Result<std::size_t> prepare(const std::string& part, Instant now) {
  BHI_TRY(const auto on, Connection::open(part, Connection::Access::Write, SqliteOptions{}.busy_timeout));
  BHI_CHECK(on->script("PRAGMA synchronous = FULL"));
  BHI_CHECK(on->script("BEGIN IMMEDIATE"));
  BHI_TRY(const std::size_t open, make_uncertain(*on, now));
  BHI_CHECK(on->script("COMMIT"));
  return open;
}

}  // namespace

Result<CopyReport> backup_sqlite(const std::string& path, const std::string& to) {
  BHI_TRY(const std::string part, copy_beside(path, to));
  auto report = put_in_place(part, to);
  if (!report) forget_file(part);
  return report;
}

Result<CopyReport> restore_sqlite(const std::string& from, const std::string& path, Instant now) {
  BHI_CHECK(make_folder_of(path));
  BHI_TRY(const auto lock, LockFile::take(path + ".lock"));
  BHI_TRY([[maybe_unused]] const StoreReport sound, verify_sqlite(from));
  if (exists(path + "-wal")) {
    return Error{Kind::Conflict, "store: " + path + "-wal is there; a store without its log must not be put beside it"};
  }
  BHI_TRY(const std::string part, copy_beside(from, path));
  auto open = prepare(part, now);
  failpoint("restore.prepared");
  auto report = open ? put_in_place(part, path) : Result<CopyReport>(open.error());
  if (!report) {
    forget_file(part);
    return report;
  }
  report->looked_up = *open;
  return report;
}

}  // namespace bhi::store
