// The tables of the store, as numbered steps that are only ever added to. What a table is for stands beside its SQL.
#pragma once

#include "base/result.h"

#include <span>
#include <string>

namespace bhi::store {

class Connection;

struct Migration {
  int version;      // 1, 2, 3, ... without gaps
  const char* sql;  // run inside the transaction that records it
};

std::span<const Migration> migrations();

// Is this a new file, or a store that we can work with? Changes nothing. Errors: Unsupported when the store is newer
// than `steps`, Incorrect when the file holds something else.
Result<void> check_schema(Connection& connection, std::span<const Migration> steps);

// Brings the store to the newest of `steps`, all of them in one transaction; a store that already has tables is first
// copied to "<path>.before-<version>", on disk before the first change. An error leaves the store as it was.
Result<void> migrate(Connection& connection, const std::string& path, std::span<const Migration> steps);

// The newest step the store has; 0: none.
Result<int> schema_version(Connection& connection);

}  // namespace bhi::store
