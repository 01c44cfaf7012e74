#include "store/postgres/move.h"

#include "flow/leases.h"
#include "store/open_store.h"
#include "store/place.h"
#include "store/postgres/pipeline.h"
#include "store/postgres/schema.h"
#include "store/postgres/upkeep.h"
#include "store/postgres/verify.h"
#include "store/postgres_store.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

namespace bhi::store {

namespace {

// What travels together: so many rows or bytes.
constexpr std::size_t kRowsAtOnce = 1000;
constexpr std::size_t kBytesAtOnce = std::size_t{4} << 20;

// Kinds of columns: t text, b bytes, i number or none, f flag, p the partition of the key that is read.
struct Table {
  const char* name;
  std::string_view kinds;
  Sql from;
  postgres::Sql to;
  Sql count;
};
constexpr std::array kTables = std::to_array<Table>({
    {"body", "ib", "SELECT id, text FROM body ORDER BY id", "INSERT INTO body (id, text) SELECT * FROM unnest($1, $2)",
     "SELECT count(*) FROM body"},
    {"resource", "tttttttif",
     "SELECT source, type, id, version, updated, hash, url, body, own_body FROM resource ORDER BY rowid",
     "INSERT INTO resource (source, type, id, version, updated, hash, url, body, own_body) "
     "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)",
     "SELECT count(*) FROM resource"},
    {"inbox",
     "ittittttttt"
     "ittp",
     "SELECT seq, lane, channel, received, source, type, id, version, updated, hash, url, body, state, reason, lane "
     "FROM inbox ORDER BY seq",
     "INSERT INTO inbox (seq, lane, channel, received, source, type, id, version, updated, hash, url, body, state, "
     "reason, part) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
     "SELECT count(*) FROM inbox"},
    {"inbox_issue", "iitttt", "SELECT inbox, place, severity, code, path, text FROM inbox_issue ORDER BY inbox, place",
     "INSERT INTO inbox_issue (inbox, place, severity, code, path, text) SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
     "SELECT count(*) FROM inbox_issue"},
    {"care", "tttib", "SELECT kind, id, patient, version, body FROM care ORDER BY rowid",
     "INSERT INTO care (kind, id, patient, version, body) SELECT * FROM unnest($1, $2, $3, $4, $5)",
     "SELECT count(*) FROM care"},
    {"outbox", "itttttiftiittbitttp",
     "SELECT seq, lane, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, "
     "reason, "
     "request_hash, sent, created, rung, trouble, emergency, destination || '|' || patient FROM outbox ORDER BY seq",
     "INSERT INTO outbox (seq, lane, destination, patient, artifact, care_id, care_version, urgent, state, attempts, "
     "not_before, reason, request_hash, sent, created, rung, trouble, emergency, part) "
     "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
     "SELECT count(*) FROM outbox"},
    {"ledger", "ttttttitbbi",
     "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered, rowid FROM ledger "
     "ORDER BY rowid",
     "INSERT INTO ledger (destination, artifact, care_id, type, id, version, care_version, hash, held, rendered, "
     "written) "
     "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
     "SELECT count(*) FROM ledger"},
    {"cursor", "ttt", "SELECT source, name, value FROM cursor ORDER BY source, name",
     "INSERT INTO cursor (source, name, value) SELECT * FROM unnest($1, $2, $3)", "SELECT count(*) FROM cursor"},
    {"audit", "iittttt", "SELECT seq, at, action, actor, subject, outcome, hash FROM audit ORDER BY seq",
     "INSERT INTO audit (seq, at, action, actor, subject, outcome, hash) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, "
     "$7)",
     "SELECT count(*) FROM audit"},
    {"event", "iitttit", "SELECT seq, at, patient, kind, id, version, reason FROM event ORDER BY seq",
     "INSERT INTO event (seq, at, patient, kind, id, version, reason) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
     "SELECT count(*) FROM event"},
});

// What PostgreSQL keeps beside the rows: where lanes start, whose turn it is, which numbers were given. The rules are
// those of lanes.cpp and outbox.cpp; verify_marks() checks the outcome.
constexpr const char* kMarks = R"sql(
  INSERT INTO lane (lane, part, head) SELECT lane, min(part), min(seq) FROM inbox WHERE state = 'pending' GROUP BY lane;
  INSERT INTO turn (lane, part, urgent, seq, ready_at)
  SELECT o.lane, f.part, f.urgent, f.seq,
         CASE WHEN o.sent THEN NULL WHEN f.state IN ('retry-at', 'unknown') THEN greatest(f.not_before, 0) ELSE 0 END
  FROM (SELECT lane, min(seq) AS seq, bool_or(state = 'sent') AS sent FROM outbox
        WHERE state IN ('planned', 'sent', 'unknown', 'retry-at') GROUP BY lane) o
       JOIN outbox f ON f.seq = o.seq;
)sql";

class Batch {
 public:
  explicit Batch(std::string_view kinds) : kinds_(kinds) {
    for (const char kind : kinds) {
      switch (kind) {
        case 't': columns_.emplace_back(postgres::Texts()); break;
        case 'b': columns_.emplace_back(postgres::Blobs()); break;
        case 'f': columns_.emplace_back(postgres::Flags()); break;
        default: columns_.emplace_back(postgres::Numbers()); break;
      }
    }
  }

  void add(const Query& row) {
    int at = 0;
    for (auto& column : columns_) {
      if (kinds_[static_cast<std::size_t>(at)] == 'p') {
        std::get<postgres::Numbers>(column).add(std::int64_t{flow::partition_of(row.view(at))});
      } else {
        std::visit([&](auto& to) { add_cell(to, row, at); }, column);
      }
      ++at;
    }
    ++rows_;
  }
  bool full() const { return rows_ >= kRowsAtOnce || bytes_ >= kBytesAtOnce; }
  bool empty() const { return rows_ == 0; }

  Result<void> send(postgres::Connection& to, const postgres::Sql& insert) const {
    postgres::Parameters parameters;
    for (const auto& column : columns_) {
      std::visit([&](const postgres::Column& cells) { parameters.put(cells); }, column);
    }
    postgres::Pipeline line(to);
    line.add(insert, parameters);
    return line.sync();
  }

 private:
  void add_cell(postgres::Texts& to, const Query& row, int at) { to.add(counted(row.view(at))); }
  void add_cell(postgres::Blobs& to, const Query& row, int at) { to.add(counted(row.view(at))); }
  static void add_cell(postgres::Flags& to, const Query& row, int at) { to.add(row.integer(at) != 0); }
  static void add_cell(postgres::Numbers& to, const Query& row, int at) {
    to.add(row.null(at) ? std::nullopt : std::optional(row.integer(at)));
  }
  std::string_view counted(std::string_view text) {
    bytes_ += text.size();
    return text;
  }

  std::string_view kinds_;
  std::vector<std::variant<postgres::Texts, postgres::Blobs, postgres::Numbers, postgres::Flags>> columns_;
  std::size_t rows_ = 0, bytes_ = 0;
};

Result<void> copy_table(Connection& from, postgres::Connection& to, const Table& table) {
  Query rows = from.query(table.from);
  Batch batch(table.kinds);
  for (;;) {
    BHI_TRY(const bool more, rows.next());
    if (more) batch.add(rows);
    if (batch.full() || (!more && !batch.empty())) {
      BHI_CHECK(batch.send(to, table.to));
      batch = Batch(table.kinds);
    }
    if (!more) return {};
  }
}

Result<std::int64_t> number(Query query) {
  BHI_TRY(const auto found, first(std::move(query), [](const Query& row) { return row.integer(0); }));
  return found.value_or(0);
}

Result<std::uint64_t> rows_there(postgres::Connection& to, const char* table) {
  BHI_TRY(const auto found, to.script(std::string("SELECT count(*) FROM ") + table));
  return static_cast<std::uint64_t>(std::stoull(found.text(0, 0)));
}

// Numbers that were given once are not given again, though their rows were forgotten.
Result<void> go_on_with_numbers(Connection& from, postgres::Connection& to, const std::string& audit_hash) {
  BHI_TRY(const std::int64_t received,
          number(from.query("SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'inbox'), 0), "
                            "coalesce((SELECT max(id) FROM body), 0))")));
  BHI_TRY(const std::int64_t planned, number(from.query("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")));
  BHI_TRY(const std::int64_t written, number(from.query("SELECT max(rowid) FROM ledger")));
  BHI_TRY(const std::int64_t event, number(from.query("SELECT seq FROM sqlite_sequence WHERE name = 'event'")));
  BHI_TRY(const std::int64_t audit, number(from.query("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")));
  std::string sql = "UPDATE tail SET event_seq = " + std::to_string(event) + ", audit_seq = " + std::to_string(audit) +
                    ", audit_hash = '" + audit_hash + "' WHERE id = 1";  // hex digits
  for (const auto& [sequence, last] : {std::pair{"received", received}, {"planned", planned}, {"written", written}}) {
    if (last > 0) sql += std::string("; SELECT setval('") + sequence + "', " + std::to_string(last) + ")";
  }
  BHI_TRY([[maybe_unused]] const auto done, to.script(sql));
  return {};
}

Result<std::vector<MoveReport::Table>> compare_counts(Connection& from, postgres::Connection& to) {
  std::vector<MoveReport::Table> counts;
  for (const Table& table : kTables) {
    BHI_TRY(const std::int64_t here, number(from.query(table.count)));
    BHI_TRY(const std::uint64_t there, rows_there(to, table.name));
    if (static_cast<std::uint64_t>(here) != there) {
      return Error{Kind::Fault, std::string("store: table ") + table.name + ": expected " + std::to_string(here) +
                                    " rows on PostgreSQL, found " + std::to_string(there) + "; nothing was kept"};
    }
    counts.push_back({table.name, there});
  }
  return counts;
}

// The file as the present version writes it, and sound.
Result<StoreReport> prepare(const std::string& path) {
  {
    BHI_TRY(const auto on, Connection::open(path, Connection::Access::Write, SqliteOptions{}.busy_timeout));
    if (const auto ours = check_schema(*on, migrations()); !ours) {
      on->keep_log();
      return ours.error();
    }
    BHI_CHECK(on->begin_log());
    BHI_CHECK(migrate(*on, path, migrations()));
  }
  return verify_sqlite(path);
}

Result<void> check_empty(postgres::Connection& to) {
  for (const Table& table : kTables) {
    BHI_TRY(const std::uint64_t rows, rows_there(to, table.name));
    if (rows > 0) {
      return Error{Kind::Conflict, std::string("store: expected an empty store on PostgreSQL, found rows in table ") +
                                       table.name + "; nothing was changed"};
    }
  }
  return {};
}

// Inside one transaction on the other side, which nobody else can use meanwhile.
Result<MoveReport> copy_all(Connection& from, postgres::Connection& to, const StoreReport& source) {
  for (const Table& table : kTables) BHI_CHECK(copy_table(from, to, table));
  BHI_TRY([[maybe_unused]] const auto marked, to.script(kMarks));
  BHI_CHECK(go_on_with_numbers(from, to, source.audit_last_hash));
  MoveReport report;
  BHI_TRY(report.tables, compare_counts(from, to));
  BHI_CHECK(postgres::verify_marks(to));
  BHI_TRY(const auto chain, postgres::verify_chain(to, {}));
  if (chain.rows != source.audit_rows || chain.last_hash != source.audit_last_hash) {
    return Error{Kind::Fault,
                 "store: the audit trail on PostgreSQL does not end as that of the file; nothing was kept"};
  }
  report.audit_rows = chain.rows;
  report.audit_last_hash = chain.last_hash;
  return report;
}

Result<MoveReport> copy_at_once(Connection& from, postgres::Connection& to, const StoreReport& source) {
  BHI_TRY([[maybe_unused]] const auto begun,
          to.script("SET enable_seqscan = on; SET enable_hashjoin = on; SET enable_mergejoin = on; "
                    "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '5s'"));
  BHI_TRY([[maybe_unused]] const auto opened, to.script("BEGIN"));
  BHI_TRY([[maybe_unused]] const auto locked,
          to.script(
              "LOCK TABLE body, resource, inbox, inbox_issue, lane, care, outbox, turn, ledger, cursor, audit, event, "
              "tail IN ACCESS EXCLUSIVE MODE"));
  BHI_CHECK(check_empty(to));
  BHI_TRY(auto report, copy_all(from, to, source));
  BHI_TRY([[maybe_unused]] const auto kept, to.script("COMMIT"));
  return report;
}

// An earlier attempt was committed and did not hear of it: the trail there goes on from where the file's ends.
bool holds(const std::string& url, const StoreReport& source) {
  if (source.audit_rows == 0) return false;
  const AuditMark end{static_cast<std::int64_t>(source.audit_rows), source.audit_last_hash};
  return verify_postgres_audit(url, end).ok();
}

Result<void> mark_moved(const std::string& path) {
  BHI_TRY(const auto on, Connection::open(path, Connection::Access::Write, SqliteOptions{}.busy_timeout));
  BHI_CHECK(on->begin_log());
  return on->script(
      "CREATE TABLE moved (at TEXT NOT NULL) STRICT;"
      "INSERT INTO moved VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))");
}

}  // namespace

Result<MoveReport> move_to_postgres(const std::string& path, const std::string& url) {
  if (!is_postgres(url)) {
    return Error{Kind::Incorrect, "store: expected an address postgres://... to move the store to"};
  }
  BHI_CHECK(check_address(url));
  if (!exists(path)) return Error{Kind::NotFound, "store: no file " + path};
  BHI_TRY(const auto lock, LockFile::take(path + ".lock"));
  BHI_TRY(const StoreReport source, prepare(path));
  BHI_TRY(const auto to, postgres::Connection::open(url, {.answer = std::chrono::minutes(30)}));
  BHI_CHECK(postgres::migrate(*to, postgres::migrations()));

  BHI_TRY(const auto from, Connection::open(path, Connection::Access::Read, SqliteOptions{}.busy_timeout));
  auto report = copy_at_once(*from, *to, source);
  if (!report) {
    if (to->in_transaction()) static_cast<void>(to->script("ROLLBACK"));
    if (report.error().kind != Kind::Conflict || !holds(url, source)) return report;
    report = MoveReport{{}, source.audit_rows, source.audit_last_hash, true};
  }
  BHI_CHECK(mark_moved(path));
  return report;
}

}  // namespace bhi::store
