// The audit trail as a chain: the hash of each row covers the row and the hash of the row before it, so that a changed,
// missing or inserted row is found. (Who can rewrite the whole file can rewrite the chain; keep its last hash
// elsewhere.)
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/audit_hash.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

// Used by the leader of the write queue only.
class AuditChain {
 public:
  Result<void> append(Connection& connection, const flow::AuditEntry& entry);
  Result<void> append(Connection& connection, const std::vector<flow::AuditEntry>& entries);
  // Something written was taken back: the end of the chain must be read again.
  void forget() { last_.reset(); }

 private:
  struct Link {
    std::int64_t seq = 0;
    std::string hash;
  };
  Result<void> find_end(Connection& connection);

  std::optional<Link> last_;
};

Result<std::vector<flow::AuditRow>> audit_rows(Connection& connection, std::int64_t after, std::size_t limit);

struct AuditReport {
  std::size_t rows = 0;
  std::string last_hash;  // of the newest row; to be kept elsewhere
};

// Walks the whole chain. Error Fault names the first row that does not fit, or the rows missing at the end. `known`: a
// hash that was kept elsewhere, which the chain must still lead through.
Result<AuditReport> verify_chain(Connection& connection, const std::optional<AuditMark>& known = {});

}  // namespace bhi::store
