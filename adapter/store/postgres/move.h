// A store in a file becomes one on PostgreSQL: every row of every table as it is, in one transaction.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bhi::store {

struct MoveReport {
  struct Table {
    std::string name;
    std::uint64_t rows = 0;
  };
  std::vector<Table> tables;
  std::size_t audit_rows = 0;
  std::string audit_last_hash;  // of both stores
  bool was_there = false;       // an earlier attempt had succeeded without knowing it
};

// Copies the store at `path`, on which no daemon may run, into the database at `url`, where no store or an empty one
// may be. Sealed texts stay sealed; the keys of the one are those of the other. Before anything is kept the rows of
// every table are counted on both sides, and the marks of the lanes and the audit trail are walked; after it the file
// is marked, and no daemon opens it again. May be repeated: a move that failed has left nothing, and one that succeeded
// is recognised. Errors: NotFound, Unavailable (a daemon has the store; the server is not there), Conflict (another
// store is at `url`), Incorrect, Forbidden, Fault.
Result<MoveReport> move_to_postgres(const std::string& path, const std::string& url);

}  // namespace bhi::store
