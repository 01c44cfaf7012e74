// One link of the audit trail's chain, the same on every driver (audit_chain.h tells what the chain is for).
#pragma once

#include "flow/ports.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::store {

// 64 hex digits: sha256 over the former hash and the row, every part with its length before it.
// The latter is audit_content(), behind the parts for hash and number, so that a database can do the chaining.
std::string audit_content(const flow::AuditEntry& entry);
std::string audit_hash(std::string_view former, std::int64_t seq, const flow::AuditEntry& entry);

}  // namespace bhi::store
