#include "store/audit_chain.h"

#include <utility>

namespace bhi::store {

namespace {

Error broken(std::int64_t seq, std::string_view what) {
  return Error{Kind::Fault, "store: audit trail, row " + std::to_string(seq) + ": " + std::string(what)};
}

}  // namespace

Result<void> AuditChain::find_end(Connection& connection) {
  BHI_TRY(auto end,
          first(connection.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"), [](const Query& row) {
            return Link{row.integer(0), row.text(1)};
          }));
  last_ = end ? std::move(*end) : Link{};
  return {};
}

Result<void> AuditChain::append(Connection& connection, const flow::AuditEntry& entry) {
  if (!last_) BHI_CHECK(find_end(connection));
  Link next{last_->seq + 1, {}};
  next.hash = audit_hash(last_->hash, next.seq, entry);
  BHI_CHECK(connection.run(
      "INSERT INTO audit (seq, at, action, actor, subject, outcome, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      next.seq, entry.at, entry.action, entry.actor, entry.subject, entry.outcome, next.hash));
  last_ = std::move(next);
  return {};
}

Result<void> AuditChain::append(Connection& connection, const std::vector<flow::AuditEntry>& entries) {
  for (const flow::AuditEntry& entry : entries) BHI_CHECK(append(connection, entry));
  return {};
}

Result<std::vector<flow::AuditRow>> audit_rows(Connection& connection, std::int64_t after, std::size_t limit) {
  return all(connection.query("SELECT seq, at, action, actor, subject, outcome, hash FROM audit WHERE seq > ?1 "
                              "ORDER BY seq LIMIT ?2",
                              after, limit),
             [](const Query& row) {
               return flow::AuditRow{
                   row.integer(0), {row.text(2), row.text(3), row.text(4), row.text(5), row.instant(1)}, row.text(6)};
             });
}

Result<AuditReport> verify_chain(Connection& connection, const std::optional<AuditMark>& known) {
  AuditReport report;
  std::int64_t expected = 1;
  {
    Query rows = connection.query("SELECT seq, at, action, actor, subject, outcome, hash FROM audit ORDER BY seq");
    for (;; ++expected) {
      BHI_TRY(const bool more, rows.next());
      if (!more) break;
      const std::int64_t seq = rows.integer(0);
      if (seq != expected) return broken(expected, "missing, found " + std::to_string(seq));
      const flow::AuditEntry entry{rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.instant(1)};
      report.last_hash = audit_hash(report.last_hash, seq, entry);
      if (report.last_hash != rows.view(6)) return broken(seq, "its hash does not fit its content and the row before");
      if (known && known->seq == seq && known->hash != report.last_hash)
        return broken(seq, "its hash is not the one that was kept elsewhere: this row or one before it was rewritten");
      ++report.rows;
    }
  }
  BHI_TRY(const auto written, first(connection.query("SELECT seq FROM sqlite_sequence WHERE name = 'audit'"),
                                    [](const Query& row) { return row.integer(0); }));
  if (written.value_or(0) != expected - 1) {
    return broken(expected, "missing; " + std::to_string(written.value_or(0)) + " rows were written");
  }
  if (known && known->seq >= expected) return broken(known->seq, "missing; its hash was kept elsewhere");
  return report;
}

}  // namespace bhi::store
