// The tables of the store on PostgreSQL, as numbered steps that are only ever added to. What a table is for stands
// beside its SQL; what they mean to the flow is the same as on SQLite (../schema.cpp).
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"

#include <span>

namespace bhi::store::postgres {

struct Migration {
  int version;      // 1, 2, 3, ... without gaps
  const char* sql;  // run inside the transaction that records it
};

std::span<const Migration> migrations();

// Brings the database to the newest of `steps`, all of them in one transaction and under a row lock, so that of several
// replicas that start together one does it and the others wait. Errors: Unsupported when the database is newer than
// `steps`, Incorrect when it holds tables of our names that are somebody else's.
Result<void> migrate(Connection& connection, std::span<const Migration> steps);

// The newest step the database has; 0: none. Changes nothing.
Result<int> schema_version(Connection& connection);

// Is this a store that we can read? Errors: NotFound (no store there), Unsupported (newer than we are).
Result<void> check_schema(Connection& connection, std::span<const Migration> steps);

}  // namespace bhi::store::postgres
