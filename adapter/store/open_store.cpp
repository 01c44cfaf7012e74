#include "store/open_store.h"

#include "store/postgres/connection.h"
#include "store/postgres_store.h"

namespace bhi::store {

bool is_postgres(std::string_view where) {
  return where.starts_with("postgres://") || where.starts_with("postgresql://");
}

Result<void> check_address(const std::string& where) {
  if (!is_postgres(where)) return {};
  return postgres::check_address(where);
}

Result<std::unique_ptr<flow::Store>> open_store(const std::string& where, const std::vector<SealKey>& keys,
                                                const AmongReplicas& replicas) {
  if (is_postgres(where)) {
    PostgresOptions options;
    options.keys = keys;
    options.replicas = replicas;
    return open_postgres(where, options);
  }
  SqliteOptions options;
  options.keys = keys;
  return open_sqlite(where, options);
}

Result<StoreReport> verify_store(const std::string& where) {
  return is_postgres(where) ? verify_postgres(where) : verify_sqlite(where);
}

Result<StoreReport> verify_store_audit(const std::string& where, const std::optional<AuditMark>& known) {
  return is_postgres(where) ? verify_postgres_audit(where, known) : verify_audit(where, known);
}

Result<RekeyReport> rekey_store(const std::string& where, const std::vector<SealKey>& keys, bool plain) {
  return is_postgres(where) ? rekey_postgres(where, keys, plain) : rekey_sqlite(where, keys, plain);
}

Result<void> only_on_sqlite(const std::string& where, std::string_view act, std::string_view instead) {
  if (!is_postgres(where)) return {};
  return Error{Kind::Unsupported,
               "store: " + std::string(act) + " is for a store in a file; on PostgreSQL " + std::string(instead)};
}

}  // namespace bhi::store
