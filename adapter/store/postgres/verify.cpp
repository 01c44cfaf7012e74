#include "store/postgres/verify.h"

#include "store/postgres/schema.h"
#include "store/postgres/upkeep.h"
#include "store/postgres_store.h"

#include <array>
#include <string>

namespace bhi::store::postgres {

namespace {

struct Rule {
  const char* what;
  const char* count;  // rows that break it
};
constexpr std::array kRules = std::to_array<Rule>({
    {"table lane: a lane with pending rows is missing or does not start with the oldest",
     "SELECT count(*) FROM (SELECT lane, min(seq) AS head FROM inbox WHERE state = 'pending' GROUP BY lane) i "
     "LEFT JOIN lane l ON l.lane = i.lane WHERE l.head IS DISTINCT FROM i.head"},
    {"table lane: a lane without pending rows",
     "SELECT count(*) FROM lane l WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.lane = l.lane AND i.state = "
     "'pending')"},
    {"table turn: a lane with open items is missing or does not stand on the first",
     "SELECT count(*) FROM (SELECT lane, min(seq) AS seq, bool_or(state = 'sent') AS sent FROM outbox "
     "WHERE state IN ('planned', 'sent', 'unknown', 'retry-at') GROUP BY lane) o LEFT JOIN turn t ON t.lane = o.lane "
     "WHERE t.seq IS DISTINCT FROM o.seq OR (t.ready_at IS NULL) <> o.sent"},
    {"table turn: a lane without open items",
     "SELECT count(*) FROM turn t WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = t.lane "
     "AND o.state IN ('planned', 'sent', 'unknown', 'retry-at'))"},
    {"table inbox: a row whose text is missing",
     "SELECT count(*) FROM inbox i WHERE i.body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM body b WHERE b.id = i.body)"},
    {"table resource: a copy whose text is missing",
     "SELECT count(*) FROM resource r WHERE r.body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM body b WHERE b.id = "
     "r.body)"},
    {"table event: numbers that are missing among those kept",
     "SELECT coalesce(max(seq) - min(seq) + 1, 0) - count(*) FROM event"},
    {"table event: numbers that were never given",
     "SELECT count(*) FROM event WHERE seq > (SELECT event_seq FROM tail WHERE id = 1)"},
});

}  // namespace

Result<void> verify_marks(Connection& connection) {
  for (const Rule& rule : kRules) {
    BHI_TRY(const auto found, connection.script(rule.count));
    if (found.view(0, 0) != "0")
      return Error{Kind::Fault, std::string("store: ") + rule.what + " (" + found.text(0, 0) + ")"};
  }
  return {};
}

}  // namespace bhi::store::postgres

namespace bhi::store {

namespace {

enum class Depth { Audit, Everything };

Result<StoreReport> verify(const std::string& url, Depth depth, const std::optional<AuditMark>& known) {
  BHI_TRY(const auto connection, postgres::Connection::open(url, {}));
  BHI_CHECK(postgres::check_schema(*connection, postgres::migrations()));
  // Whole tables are walked here, against the habit of the other sessions.
  BHI_TRY([[maybe_unused]] const auto begun,
          connection->script("SET enable_seqscan = on; SET enable_hashjoin = on; SET enable_mergejoin = on; "
                             "SET idle_in_transaction_session_timeout = 0"));
  BHI_TRY([[maybe_unused]] const auto moment, connection->script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  if (depth == Depth::Everything) BHI_CHECK(postgres::verify_marks(*connection));
  StoreReport report;
  BHI_TRY(report.schema_version, postgres::schema_version(*connection));
  BHI_TRY(const auto chain, postgres::verify_chain(*connection, known));
  report.audit_rows = chain.rows;
  report.audit_last_hash = chain.last_hash;
  return report;
}

}  // namespace

Result<StoreReport> verify_postgres(const std::string& url) { return verify(url, Depth::Everything, {}); }

Result<StoreReport> verify_postgres_audit(const std::string& url, const std::optional<AuditMark>& known) {
  return verify(url, Depth::Audit, known);
}

}  // namespace bhi::store
