#include "store/retention.h"

#include <optional>
#include <vector>

namespace bhi::store {

namespace {

struct Row {
  std::int64_t seq;
  std::optional<std::int64_t> body;
};

// The text goes with its row, unless it is that of the current copy of the resource: then it is the copy's alone.
Result<void> forget_row(Connection& on, const Row& row) {
  BHI_CHECK(on.run("DELETE FROM inbox_issue WHERE inbox = ?1", row.seq));
  if (row.body) {
    BHI_TRY(const std::int64_t kept, on.run(R"sql(
        UPDATE resource SET own_body = 1
        WHERE body = ?2 AND (source, type, id) = (SELECT source, type, id FROM inbox WHERE seq = ?1))sql",
                                            row.seq, *row.body));
    if (kept == 0) BHI_CHECK(on.run("DELETE FROM body WHERE id = ?1", *row.body));
  }
  BHI_CHECK(on.run("DELETE FROM inbox WHERE seq = ?1", row.seq));
  return {};
}

std::int64_t seq_row(const Query& row) { return row.integer(0); }

}  // namespace

Result<SettledRows> find_settled_before(Connection& on, Instant before, std::size_t limit) {
  SettledRows rows;
  // Rows are walked in the order of their making; what is unsettled among the oldest is stepped over.
  BHI_TRY(rows.inbox, all(on.query("SELECT seq FROM inbox WHERE state IN ('done', 'left') AND received < ?1 "
                                   "ORDER BY seq LIMIT ?2",
                                   before, limit),
                          seq_row));
  BHI_TRY(rows.outbox, all(on.query("SELECT seq FROM outbox WHERE state IN ('verified', 'superseded') AND created < ?1 "
                                    "ORDER BY seq LIMIT ?2",
                                    before, limit),
                           seq_row));
  return rows;
}

Result<flow::Forgotten> forget_rows(Connection& on, const SettledRows& rows) {
  flow::Forgotten gone;
  for (const std::int64_t seq : rows.inbox) {
    BHI_TRY(const auto row,
            first(on.query("SELECT seq, body FROM inbox WHERE seq = ?1 AND state IN ('done', 'left')", seq),
                  [](const Query& found) {
                    return Row{found.integer(0), found.null(1) ? std::nullopt : std::optional(found.integer(1))};
                  }));
    if (!row) continue;  // taken up again meanwhile
    BHI_CHECK(forget_row(on, *row));
    ++gone.inbox;
  }
  for (const std::int64_t seq : rows.outbox) {
    BHI_TRY(const std::int64_t sent,
            on.run("DELETE FROM outbox WHERE seq = ?1 AND state IN ('verified', 'superseded')", seq));
    gone.outbox += static_cast<std::size_t>(sent);
  }
  return gone;
}

Result<std::uint64_t> bytes_in_use(Connection& connection) {
  BHI_TRY(const auto bytes,
          first(connection.query("SELECT (c.page_count - f.freelist_count) * s.page_size FROM pragma_page_count c, "
                                 "pragma_freelist_count f, pragma_page_size s"),
                [](const Query& row) { return row.integer(0); }));
  return static_cast<std::uint64_t>(bytes.value_or(0));
}

}  // namespace bhi::store
