#include "store/new_store.h"

#include "base/failpoint.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"

#include <cstdint>

namespace bhi::store {

namespace {

// Nothing of it is promised before the whole file is synced.
constexpr const char* kNoSyncs = "PRAGMA synchronous = OFF;";

Result<void> write_tables(const std::string& path, std::chrono::milliseconds busy_timeout) {
  BHI_TRY(const auto connection, Connection::open(path, Connection::Access::Write, busy_timeout));
  BHI_CHECK(connection->script(kNoSyncs));
  BHI_CHECK(connection->begin_log());
  BHI_CHECK(connection->script(kNoSyncs));  // after begin_log, which asks for them
  return migrate(*connection, path, migrations());
}

}  // namespace

Result<void> make_new_store(const std::string& path, std::chrono::milliseconds busy_timeout) {
  // A log without its database is SQLite's to deal with.
  for (const char* suffix : {"", "-wal", "-journal"}) {
    if (exists(path + suffix)) return {};
  }
  const std::string part = path + ".new";
  for (const char* suffix : {"", "-wal", "-shm"}) forget_file(part + suffix);  // of an attempt that was cut short
  BHI_CHECK(make_private_file(part));
  BHI_CHECK(write_tables(part, busy_timeout));
  if (exists(part + "-wal")) {  // closing moves it into the database, when there is room
    return Error{Kind::Unavailable, "store: a new store could not be written whole; is the disk full?"};
  }
  BHI_TRY([[maybe_unused]] const std::uint64_t bytes, sync_file(part));
  failpoint("migrate.made");
  return rename_for_good(part, path);
}

}  // namespace bhi::store
