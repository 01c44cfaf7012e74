// Room that is no longer used goes back to the file system: a little at a time beside the daemon's work, or all at once
// while no daemon runs. Deleting rows alone only makes pages free for later rows.
//
// A store that is made from now on (and any copy: backup, restore, compact) is laid out so that SQLite can cut free
// pages off its end (auto_vacuum = incremental). An older one cannot until it was copied once.
#pragma once

#include "base/result.h"
#include "store/sqlite_connection.h"

#include <cstdint>
#include <string>

namespace bhi::store {

struct Room {
  std::uint64_t bytes = 0;  // of the database, without its log
  std::uint64_t free = 0;   // of these: in pages that nothing uses
  bool gives_back = false;  // free pages can be cut off while it is in use
};
Result<Room> room_of(Connection& connection);

// Cuts free pages off the end of the file, at most `at_most` bytes; bytes given back. Some room is left for the rows of
// the next days, so that the file does not shrink and grow in turn: a twentieth of what is in use, at least 16 MiB.
// 0: there is nothing to give, or the store is of the older sort. Who calls it holds a transaction open.
Result<std::uint64_t> give_back_some(Connection& connection, std::uint64_t at_most);

// A copy of what `source` (which only reads) sees at this moment, without free pages, as one that gives back. `to` is
// an empty file; it is not yet on disk for good.
Result<void> write_copy(Connection& source, const std::string& to);

struct CompactReport {
  std::uint64_t before = 0, after = 0;  // bytes
};

// Writes the store anew without free pages, checks the copy and puts it in the store's place in one step. Needs as much
// disk beside the store as it has in use; no daemon may run on it. Errors: NotFound, Unavailable (in use, disk full),
// Fault; all leave the store as it was.
Result<CompactReport> compact_sqlite(const std::string& path);

}  // namespace bhi::store
