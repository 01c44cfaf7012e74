#include "store/audit_hash.h"

#include "base/hash.h"

#include <initializer_list>

namespace bhi::store {

namespace {

void add_part(std::string& to, std::string_view part) {
  to += std::to_string(part.size());
  to += ':';
  to += part;
}

}  // namespace

std::string audit_content(const flow::AuditEntry& entry) {
  std::string bytes;
  bytes.reserve(160);
  add_part(bytes, std::to_string(entry.at.time_since_epoch().count()));
  for (const std::string_view part : {entry.action, entry.actor, entry.subject, entry.outcome}) add_part(bytes, part);
  return bytes;
}

std::string audit_hash(std::string_view former, std::int64_t seq, const flow::AuditEntry& entry) {
  std::string bytes;
  bytes.reserve(256);
  add_part(bytes, former);
  add_part(bytes, std::to_string(seq));
  bytes += audit_content(entry);
  return to_hex(sha256(bytes));
}

}  // namespace bhi::store
