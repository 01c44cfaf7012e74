// A second copy of a store, made while it is in use, and the way back.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "store/sqlite_store.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bhi::store {

struct CopyReport {
  StoreReport store;          // of the copy, every page and key read once more
  std::uint64_t bytes = 0;    // of the copy; it holds no room that has become free
  std::size_t looked_up = 0;  // after restoring: deliveries that are looked up at the EHR before they are sent
};

// The store at `path` as it is at one moment, complete and checked, or no file at all. The daemon may go on writing;
// its log grows meanwhile. Errors: NotFound (no store), Conflict (`to` is there already), Unavailable (disk full,
// busy), Fault (disk, damage).
Result<CopyReport> backup_sqlite(const std::string& path, const std::string& to);

// A backup becomes the store at `path`, where none may be. What was on its way to an EHR when the backup was made may
// have arrived since, so it becomes `unknown`: looked up, and sent only if it is not there. Notes the restoration in
// the audit trail. Errors as above; Unsupported: the backup is of a newer version.
Result<CopyReport> restore_sqlite(const std::string& from, const std::string& path, Instant now);

}  // namespace bhi::store
