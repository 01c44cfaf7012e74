#include "store/compact.h"

#include "store/place.h"
#include "store/schema.h"
#include "store/sqlite_store.h"

#include <algorithm>
#include <utility>

namespace bhi::store {

namespace {

constexpr std::uint64_t kLeastKept = std::uint64_t{16} << 20;
constexpr std::uint64_t kKeptShare = 20;  // one in so many bytes in use
constexpr std::int64_t kIncremental = 2;

Result<std::int64_t> number(Query query) {
  BHI_TRY(const auto found, first(std::move(query), [](const Query& row) { return row.integer(0); }));
  return found.value_or(0);
}

// The log is moved into the file and gone, so that the file alone is the store.
Result<std::uint64_t> close_log(const std::string& path) {
  {
    BHI_TRY(const auto on, Connection::open(path, Connection::Access::Write, SqliteOptions{}.busy_timeout));
    BHI_CHECK(check_schema(*on, migrations()));
    BHI_CHECK(on->begin_log());
    BHI_CHECK(on->checkpoint(true));
  }
  if (exists(path + "-wal")) {
    return Error{Kind::Unavailable, "store: another program has " + path + " open; close it first"};
  }
  return sync_file(path);
}

Result<void> copy_without_gaps(const std::string& path, const std::string& part) {
  BHI_CHECK(make_private_file(part));
  BHI_TRY(const auto source, Connection::open(path, Connection::Access::Read, SqliteOptions{}.busy_timeout));
  return write_copy(*source, part);
}

Result<CompactReport> put_copy_in_place(const std::string& path, const std::string& part, std::uint64_t before) {
  BHI_CHECK(copy_without_gaps(path, part));
  BHI_TRY(const StoreReport copied, verify_sqlite(part));
  BHI_TRY(const StoreReport original, verify_audit(path));
  if (copied.audit_last_hash != original.audit_last_hash || copied.audit_rows != original.audit_rows) {
    return Error{Kind::Fault, "store: the compact copy does not hold the audit trail of the store; it is not used"};
  }
  CompactReport report{before, 0};
  BHI_TRY(report.after, sync_file(part));
  // Our own reading has left an empty log behind; one with content is somebody else's.
  if (exists(path + "-wal")) {
    BHI_TRY(const std::uint64_t log, sync_file(path + "-wal"));
    if (log > 0) return Error{Kind::Unavailable, "store: another program has written to " + path + "; close it first"};
  }
  forget_log(path);
  BHI_CHECK(replace_for_good(part, path));
  return report;
}

}  // namespace

Result<Room> room_of(Connection& connection) {
  BHI_TRY(const std::int64_t pages, number(connection.query("PRAGMA page_count")));
  BHI_TRY(const std::int64_t free, number(connection.query("PRAGMA freelist_count")));
  BHI_TRY(const std::int64_t size, number(connection.query("PRAGMA page_size")));
  BHI_TRY(const std::int64_t mode, number(connection.query("PRAGMA auto_vacuum")));
  return Room{static_cast<std::uint64_t>(pages * size), static_cast<std::uint64_t>(free * size), mode == kIncremental};
}

Result<std::uint64_t> give_back_some(Connection& connection, std::uint64_t at_most) {
  BHI_TRY(const Room room, room_of(connection));
  const std::uint64_t kept = std::max(kLeastKept, (room.bytes - room.free) / kKeptShare);
  if (!room.gives_back || room.free <= kept) return std::uint64_t{0};
  const std::uint64_t wanted = std::min(room.free - kept, at_most);
  // Each row of this pragma is one page moved; it takes no bound value, so the pages are counted here.
  BHI_TRY(const std::int64_t size, number(connection.query("PRAGMA page_size")));
  std::uint64_t given = 0;
  Query pages = connection.query("PRAGMA incremental_vacuum");
  while (given < wanted) {
    BHI_TRY(const bool more, pages.next());
    if (!more) break;
    given += static_cast<std::uint64_t>(size);
  }
  return given;
}

Result<void> write_copy(Connection& source, const std::string& to) {
  BHI_TRY(const Room room, room_of(source));
  BHI_CHECK(source.script("PRAGMA query_only = OFF"));  // it is the other file that is written
  // For the copy; that of a store which gives back is of its sort anyway, and there the pragma would write to it.
  if (!room.gives_back) BHI_CHECK(source.script("PRAGMA auto_vacuum = INCREMENTAL"));
  BHI_CHECK(source.run("VACUUM INTO ?1", to));
  return {};
}

Result<CompactReport> compact_sqlite(const std::string& path) {
  if (!exists(path)) return Error{Kind::NotFound, "store: no file " + path};
  BHI_TRY(const auto lock, LockFile::take(path + ".lock"));
  BHI_TRY(const std::uint64_t before, close_log(path));
  const std::string part = path + ".unfinished";
  auto report = put_copy_in_place(path, part, before);
  if (!report) forget_file(part);
  return report;
}

}  // namespace bhi::store
