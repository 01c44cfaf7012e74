// The store on PostgreSQL: one database, one or more daemons. The promise is flow::Store's (flow/ports.h): what a call
// answered with success is committed on the server's disk (and on its synchronous standby, where it has one).
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/rekey.h"
#include "store/seal.h"
#include "store/sqlite_store.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bhi::store {

// Our name among the replicas that share a database, and how long one that says nothing holds what it works on
// (flow/leases.h). No name: nobody else works on this store, and it answers for all lanes.
struct AmongReplicas {
  std::string name{};
  std::chrono::milliseconds lease{15'000};
};

struct PostgresOptions {
  int readers = 4;  // connections that only read
  int writers = 2;  // one commits while the other prepares
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds answer_timeout{30'000};  // a server that says nothing for so long counts as lost
  // A connection was lost while committing: for so long the server is asked whether it was committed.
  std::chrono::milliseconds settle_timeout{60'000};
  std::vector<SealKey> keys{};  // as in SqliteOptions
  AmongReplicas replicas{};
};

// `url`: as libpq reads it, postgres://user@host/database?option=value, without a password (passfile=, ~/.pgpass).
// Makes or upgrades the tables. Thread-safe; several processes may open one database. Errors: Unavailable (server not
// there), Forbidden (name, password, rights), Unsupported (written by a newer version), Incorrect (address; a foreign
// database; a key is missing).
Result<std::unique_ptr<flow::Store>> open_postgres(const std::string& url, const PostgresOptions& options = {});

// Reads the trail, and whether the marks by which work is found fit the rows they stand for. Changes nothing and may
// run beside daemons. What lies below (pages, indexes) is for pg_amcheck. Errors: NotFound (no store there), Fault
// (what is wrong and where, without data).
Result<StoreReport> verify_postgres(const std::string& url);
Result<StoreReport> verify_postgres_audit(const std::string& url, const std::optional<AuditMark>& known = {});

// See postgres/rekey.h. `keys`: the first seals, all open what is there; `plain`: all open, none seals.
Result<RekeyReport> rekey_postgres(const std::string& url, const std::vector<SealKey>& keys, bool plain);

}  // namespace bhi::store
