#include "store/events.h"

namespace bhi::store {

namespace {

flow::Event event_row(const Query& row) {
  return {row.integer(0), row.instant(1), row.text(2), row.text(3), row.text(4), row.integer(5), row.text(6)};
}

}  // namespace

Result<void> add_events(Connection& connection, const flow::Worked& worked) {
  for (const flow::StoredEntity& entity : worked.entities) {
    BHI_CHECK(
        connection.run("INSERT INTO event (at, patient, kind, id, version, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       worked.at, entity.patient, entity.kind, entity.id, entity.version + 1, worked.reason));
  }
  return {};
}

Result<std::vector<flow::Event>> events_after(Connection& connection, std::int64_t after, std::size_t limit) {
  return all(connection.query("SELECT seq, at, patient, kind, id, version, reason FROM event WHERE seq > ?1 "
                              "ORDER BY seq LIMIT ?2",
                              after, limit),
             event_row);
}

Result<flow::EventSpan> span_of_events(Connection& connection) {
  // The last number given survives its row: sqlite_sequence keeps it.
  BHI_TRY(const auto last, first(connection.query("SELECT seq FROM sqlite_sequence WHERE name = 'event'"),
                                 [](const Query& row) { return row.integer(0); }));
  BHI_TRY(const auto oldest, first(connection.query("SELECT seq FROM event ORDER BY seq LIMIT 1"),
                                   [](const Query& row) { return row.integer(0); }));
  return flow::EventSpan{oldest.value_or(last.value_or(0) + 1), last.value_or(0)};
}

// The oldest stretch whose times are all before; so what is kept has no gaps either, whatever a clock did.
Result<std::size_t> forget_events_before(Connection& connection, Instant before) {
  BHI_TRY(const std::int64_t gone,
          connection.run("DELETE FROM event WHERE seq < coalesce((SELECT seq FROM event WHERE at >= ?1 ORDER BY seq "
                         "LIMIT 1), (SELECT max(seq) + 1 FROM event))",
                         before));
  return static_cast<std::size_t>(gone);
}

}  // namespace bhi::store
