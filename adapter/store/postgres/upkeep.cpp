#include "store/postgres/upkeep.h"

#include "store/audit_hash.h"

#include <string>

namespace bhi::store::postgres {

namespace {

constexpr std::size_t kAuditPage = 2000;
constexpr std::uint64_t kBytesOfRow = 400;  // an inbox row with its indexes and issues, about

Error broken(std::int64_t seq, std::string_view what) {
  return Error{Kind::Fault, "store: audit trail, row " + std::to_string(seq) + ": " + std::string(what)};
}

}  // namespace

Result<std::vector<flow::Event>> events_after(Pipeline& line, std::int64_t after, std::size_t limit) {
  const auto found = line.add(
      "SELECT seq, at, patient, kind, id, version, reason FROM event WHERE seq > $1 "
      "ORDER BY seq LIMIT $2",
      after, limit);
  BHI_CHECK(line.sync());
  const Rows& rows = line.rows(found);
  std::vector<flow::Event> events;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    events.push_back({rows.integer(row, 0), rows.instant(row, 1), rows.text(row, 2), rows.text(row, 3),
                      rows.text(row, 4), rows.integer(row, 5), rows.text(row, 6)});
  }
  return events;
}

Result<flow::EventSpan> span_of_events(Pipeline& line) {
  const auto found = line.add(
      "SELECT t.event_seq, coalesce((SELECT seq FROM event ORDER BY seq LIMIT 1), "
      "t.event_seq + 1) FROM tail t WHERE t.id = 1");
  BHI_CHECK(line.sync());
  const Rows& rows = line.rows(found);
  if (rows.empty()) return Error{Kind::Fault, "store: the row of table tail is missing"};
  return flow::EventSpan{rows.integer(0, 1), rows.integer(0, 0)};
}

void ForgetEvents::write(Pipeline& line) {
  place_ = line.add(
      "DELETE FROM event WHERE seq < coalesce((SELECT seq FROM event WHERE at >= $1 ORDER BY seq LIMIT 1), "
      "(SELECT max(seq) + 1 FROM event))",
      before_);
}

void ForgetEvents::hear(const Pipeline& line) { gone_ = static_cast<std::size_t>(line.rows(place_).changed()); }

// Rows are walked in the order of their making; what is unsettled among the oldest is stepped over.
void ForgetSettled::ask(Pipeline& line) {
  found_ = line.add(
      "SELECT seq FROM inbox WHERE state IN ('done', 'left') AND received < $1 ORDER BY seq LIMIT $2 "
      "FOR UPDATE SKIP LOCKED",
      before_, limit_);
}

// A text goes with its row, unless it is that of the current copy of the resource: then it is the copy's alone.
void ForgetSettled::write(Pipeline& line) {
  Numbers rows;
  const Rows& found = line.rows(found_);
  for (std::size_t row = 0; row < found.size(); ++row) rows.add(found.integer(row, 0));
  gone_.inbox = found.size();
  if (!rows.empty()) {
    line.add(R"sql(
        UPDATE resource SET own_body = true FROM inbox i
        WHERE i.seq = ANY ($1) AND resource.source = i.source AND resource.type = i.type AND resource.id = i.id
          AND resource.body = i.body)sql",
             rows);
    line.add(R"sql(
        DELETE FROM body USING inbox i
        WHERE i.seq = ANY ($1) AND body.id = i.body
          AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.source = i.source AND r.type = i.type AND r.id = i.id
                          AND r.body = i.body))sql",
             rows);
    line.add("DELETE FROM inbox_issue WHERE inbox = ANY ($1)", rows);
    line.add("DELETE FROM inbox WHERE seq = ANY ($1)", rows);
  }
  sent_ = line.add(
      "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state IN ('verified', 'superseded') "
      "AND created < $1 ORDER BY seq LIMIT $2)",
      before_, limit_);
}

void ForgetSettled::hear(const Pipeline& line) { gone_.outbox = static_cast<std::size_t>(line.rows(sent_).changed()); }

Result<std::uint64_t> bytes_in_use(Pipeline& line) {
  const auto texts = line.add("SELECT count(*), coalesce(sum(octet_length(text)), 0)::bigint FROM body");
  const auto rows = line.add("SELECT count(*) FROM inbox");
  const auto entities = line.add("SELECT coalesce(sum(octet_length(body)), 0)::bigint FROM care");
  BHI_CHECK(line.sync());
  const auto number = [&line](std::size_t place, int column) {
    return static_cast<std::uint64_t>(line.rows(place).integer(0, column));
  };
  return number(texts, 1) + number(entities, 0) + kBytesOfRow * (number(texts, 0) + number(rows, 0));
}

Result<flow::Store::Counts> count_all(Pipeline& line, Instant now) {
  const auto pending = line.add("SELECT count(*) FROM inbox WHERE state = 'pending'");
  const auto kept = line.add(
      "SELECT state, count(*) FROM inbox WHERE state IN ('waiting', 'quarantined', 'left') "
      "GROUP BY state");
  const auto unsettled = line.add(
      "SELECT state, count(*) FROM outbox WHERE state NOT IN ('verified', 'superseded') "
      "GROUP BY state");
  const auto oldest = line.add("SELECT i.received FROM lane l JOIN inbox i ON i.seq = l.head ORDER BY l.head LIMIT 1");
  BHI_CHECK(line.sync());

  flow::Store::Counts counts;
  counts.inbox_pending = static_cast<std::size_t>(line.rows(pending).integer(0, 0));
  for (std::size_t row = 0; row < line.rows(kept).size(); ++row) {
    const std::string_view state = line.rows(kept).view(row, 0);
    const auto count = static_cast<std::size_t>(line.rows(kept).integer(row, 1));
    if (state == name(flow::InboxState::Waiting)) counts.inbox_waiting = count;
    if (state == name(flow::InboxState::Quarantined)) counts.inbox_quarantined = count;
  }
  for (std::size_t row = 0; row < line.rows(unsettled).size(); ++row) {
    const std::string_view state = line.rows(unsettled).view(row, 0);
    const auto count = static_cast<std::size_t>(line.rows(unsettled).integer(row, 1));
    if (state == name(flow::OutboxState::Parked)) {
      counts.outbox_parked = count;
    } else if (state == name(flow::OutboxState::Dead)) {
      counts.outbox_dead = count;
    } else {
      counts.outbox_open += count;
    }
    if (state == name(flow::OutboxState::Unknown)) counts.outbox_unknown = count;
  }
  if (!line.rows(oldest).empty()) {
    const Instant received = line.rows(oldest).instant(0, 0);
    if (received < now) counts.oldest_pending_ms = (now - received).count();
  }
  return counts;
}

Result<std::vector<flow::AuditRow>> audit_rows(Pipeline& line, std::int64_t after, std::size_t limit) {
  const auto found = line.add(
      "SELECT seq, at, action, actor, subject, outcome, hash FROM audit WHERE seq > $1 "
      "ORDER BY seq LIMIT $2",
      after, limit);
  BHI_CHECK(line.sync());
  const Rows& rows = line.rows(found);
  std::vector<flow::AuditRow> trail;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    trail.push_back({rows.integer(row, 0),
                     {rows.text(row, 2), rows.text(row, 3), rows.text(row, 4), rows.text(row, 5), rows.instant(row, 1)},
                     rows.text(row, 6)});
  }
  return trail;
}

Result<AuditReport> verify_chain(Connection& connection, const std::optional<AuditMark>& known) {
  AuditReport report;
  std::int64_t expected = 1;
  for (std::int64_t after = -1;;) {
    Pipeline line(connection);  // one a page: answers are kept as long as it lives
    BHI_TRY(const auto page, audit_rows(line, after, kAuditPage));
    if (page.empty()) break;
    for (const flow::AuditRow& row : page) {
      if (row.seq != expected) return broken(expected, "missing, found " + std::to_string(row.seq));
      report.last_hash = audit_hash(report.last_hash, row.seq, row.entry);
      if (report.last_hash != row.hash) return broken(row.seq, "its hash does not fit its content and the row before");
      if (known && known->seq == row.seq && known->hash != report.last_hash)
        return broken(row.seq,
                      "its hash is not the one that was kept elsewhere: this row or one before it was rewritten");
      ++report.rows;
      ++expected;
    }
    after = page.back().seq;
  }
  Pipeline line(connection);
  const auto end = line.add("SELECT audit_seq, audit_hash FROM tail WHERE id = 1");
  BHI_CHECK(line.sync());
  const Rows& tail = line.rows(end);
  if (tail.empty()) return Error{Kind::Fault, "store: the row of table tail is missing"};
  if (tail.integer(0, 0) != expected - 1) {
    return broken(expected, "missing; " + std::to_string(tail.integer(0, 0)) + " rows were written");
  }
  if (tail.view(0, 1) != report.last_hash) return broken(expected - 1, "its hash is not the one that was written last");
  if (known && known->seq >= expected) return broken(known->seq, "missing; its hash was kept elsewhere");
  return report;
}

}  // namespace bhi::store::postgres
