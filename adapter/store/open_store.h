// Either store, by where it is: the path of a file is SQLite's, an address postgres://... is PostgreSQL's.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres_store.h"
#include "store/rekey.h"
#include "store/seal.h"
#include "store/sqlite_store.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

bool is_postgres(std::string_view where);

// An address that libpq can read and that holds no password; says nothing about a path. Error Incorrect.
Result<void> check_address(const std::string& where);

// Errors: those of open_sqlite() and open_postgres().
// `replicas`: of a store on PostgreSQL; SQLite has one user.
Result<std::unique_ptr<flow::Store>> open_store(const std::string& where, const std::vector<SealKey>& keys,
                                                const AmongReplicas& replicas = {});
Result<StoreReport> verify_store(const std::string& where);
Result<StoreReport> verify_store_audit(const std::string& where, const std::optional<AuditMark>& known);

// Errors: those of rekey_sqlite() (rekey.h); PostgreSQL asks for nobody to stop (postgres/rekey.h).
Result<RekeyReport> rekey_store(const std::string& where, const std::vector<SealKey>& keys, bool plain);

// What only one driver does: Error Unsupported that says what to do instead.
Result<void> only_on_sqlite(const std::string& where, std::string_view act, std::string_view instead);

}  // namespace bhi::store
