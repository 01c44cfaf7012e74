#include "store/inbox.h"

#include "store/copies.h"

#include <optional>
#include <set>

namespace bhi::store {

namespace {

using flow::InboxItem;
using flow::InboxState;
using flow::ResourceCopy;

InboxItem item_row(const Query& row) {
  InboxItem item;
  item.seq = row.integer(0);
  item.lane = row.text(1);
  item.channel = row.text(2);
  item.received = row.instant(3);
  item.resource = {row.text(4), row.text(5), row.text(6),  row.text(7),
                   row.text(8), row.text(9), row.text(10), row.payload(11, kBodyText)};
  return item;
}

Result<void> add_row(Connection& connection, const InboxItem& item, std::optional<std::int64_t> body) {
  const ResourceCopy& copy = item.resource;
  BHI_CHECK(connection.run(R"sql(
      INSERT INTO inbox (lane, channel, received, source, type, id, version, updated, hash, url, body, state, reason, head)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending', '',
              CASE WHEN EXISTS (SELECT 1 FROM inbox WHERE lane = ?1 AND state = 'pending') THEN NULL ELSE 1 END))sql",
                           item.lane, item.channel, item.received, copy.source, copy.type, copy.id, copy.version,
                           copy.updated, copy.hash, copy.url, body));
  return {};
}

// True: queued. False: nothing new.
Result<bool> take(Connection& connection, const InboxItem& item, OlderOnes& older_ones) {
  const ResourceCopy& copy = item.resource;
  BHI_TRY(const auto held, held_of(connection, copy));
  const Take decided = take_of(item, held, older_ones);
  if (decided == Take::Renew) BHI_CHECK(replace_copy(connection, copy, held, std::nullopt));
  if (decided == Take::Renew || decided == Take::Unchanged) return false;
  BHI_TRY(const auto body, add_body(connection, copy.body));
  BHI_CHECK(add_row(connection, item, body));
  if (decided == Take::QueueAndReplace) BHI_CHECK(replace_copy(connection, copy, held, body));
  return true;
}

// The oldest pending item of a lane speaks for it.
Result<void> mark_heads(Connection& connection, const std::set<std::string>& lanes) {
  for (const std::string& lane : lanes) {
    BHI_CHECK(connection.run(R"sql(
        UPDATE inbox SET head = 1 WHERE head IS NULL
          AND seq = (SELECT seq FROM inbox WHERE lane = ?1 AND state = 'pending' ORDER BY seq LIMIT 1))sql",
                             lane));
  }
  return {};
}

// Older items are about to come back into these lanes.
Result<void> clear_heads(Connection& connection, const std::set<std::string>& lanes) {
  for (const std::string& lane : lanes) {
    BHI_CHECK(connection.run(R"sql(
        UPDATE inbox SET head = NULL
        WHERE seq = (SELECT seq FROM inbox WHERE lane = ?1 AND state = 'pending' ORDER BY seq LIMIT 1))sql",
                             lane));
  }
  return {};
}

std::string lane_row(const Query& row) { return row.text(0); }

// Sets the state of a pending item; its lane.
Result<std::string> leave_pending(Connection& connection, const flow::InboxOutcome& outcome) {
  BHI_TRY(auto lanes, all(connection.query("UPDATE inbox SET state = ?2, reason = ?3, head = NULL "
                                           "WHERE seq = ?1 AND state = 'pending' RETURNING lane",
                                           outcome.seq, name(outcome.state), outcome.reason),
                          lane_row));
  if (!lanes.empty()) return std::move(lanes.front());
  return Error{Kind::Conflict,
               "store: inbox item " + std::to_string(outcome.seq) + ": expected pending, found it taken"};
}

Result<void> add_issues(Connection& connection, const flow::InboxOutcome& outcome) {
  int place = 0;
  for (const Issue& issue : outcome.issues) {
    BHI_CHECK(
        connection.run("INSERT INTO inbox_issue (inbox, place, severity, code, path, text) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       outcome.seq, ++place, name(issue.severity), issue.code, issue.path, issue.text));
  }
  return {};
}

Result<Issues> issues_of(Connection& connection, std::int64_t seq) {
  return all(
      connection.query("SELECT severity, code, path, text FROM inbox_issue WHERE inbox = ?1 ORDER BY place", seq),
      [](const Query& row) {
        return Issue{severity_from(row.view(0)), row.text(1), row.text(2), row.text(3)};
      });
}

// Each through the index it has; the finished ones are most of the table, so a walk from the end soon has enough.
Query newest_in(Connection& connection, InboxState state, std::size_t limit, std::int64_t before) {
  switch (state) {
    case InboxState::Pending:
      return connection.query("SELECT seq FROM inbox WHERE state = 'pending' AND seq < ?2 ORDER BY seq DESC LIMIT ?1",
                              limit, before);
    case InboxState::Done:
      return connection.query("SELECT seq FROM inbox WHERE state = 'done' AND seq < ?2 ORDER BY seq DESC LIMIT ?1",
                              limit, before);
    case InboxState::Waiting:
    case InboxState::Left:
    case InboxState::Quarantined: break;
  }
  return connection.query(
      "SELECT seq FROM inbox WHERE state IN ('waiting', 'quarantined', 'left') AND state = ?1 AND seq < ?3 "
      "ORDER BY seq DESC LIMIT ?2",
      name(state), limit, before);
}

struct Leaving {
  std::int64_t seq;
  std::string lane;
};

Leaving leaving_row(const Query& row) { return {row.integer(0), row.text(1)}; }

Result<std::size_t> back_to_pending(Connection& connection, const std::vector<Leaving>& items) {
  std::set<std::string> lanes;
  for (const Leaving& item : items) lanes.insert(item.lane);
  BHI_CHECK(clear_heads(connection, lanes));
  for (const Leaving& item : items) {
    BHI_CHECK(connection.run("UPDATE inbox SET state = 'pending', reason = '' WHERE seq = ?1", item.seq));
    BHI_CHECK(connection.run("DELETE FROM inbox_issue WHERE inbox = ?1", item.seq));
  }
  BHI_CHECK(mark_heads(connection, lanes));
  return items.size();
}

}  // namespace

Result<void> put_aside(Connection& connection, const std::vector<flow::PutAside>& aside) {
  for (const flow::PutAside& one : aside) {
    const ResourceCopy& copy = one.item.resource;
    BHI_TRY(const auto held, held_of(connection, copy));
    if (held && is_same(copy, *held)) continue;
    BHI_TRY(const auto body, add_body(connection, copy.body));
    BHI_TRY(const auto rows,
            all(connection.query(R"sql(
                    INSERT INTO inbox (lane, channel, received, source, type, id, version, updated, hash, url, body,
                                       state, reason, head)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'quarantined', ?12, NULL) RETURNING seq)sql",
                                 one.item.lane, one.item.channel, one.item.received, copy.source, copy.type, copy.id,
                                 copy.version, copy.updated, copy.hash, copy.url, body, one.reason),
                [](const Query& row) { return row.integer(0); }));
    if (rows.empty()) return Error{Kind::Fault, "store: a row of the inbox was not written"};
    flow::InboxOutcome outcome;
    outcome.seq = rows.front();
    outcome.issues = one.issues;
    BHI_CHECK(add_issues(connection, outcome));
    BHI_CHECK(replace_copy(connection, copy, held, body));
  }
  return {};
}

Result<flow::AcceptOutcome> take_in(Connection& connection, const std::vector<InboxItem>& items) {
  flow::AcceptOutcome outcome;
  OlderOnes older_ones;
  for (const InboxItem& item : items) {
    BHI_TRY(const bool queued, take(connection, item, older_ones));
    ++(queued ? outcome.stored : outcome.unchanged);
  }
  return outcome;
}

Result<std::vector<std::string>> lanes_with_work(Connection& connection, std::size_t limit) {
  return all(
      connection.query("SELECT lane FROM inbox INDEXED BY inbox_heads WHERE head = 1 ORDER BY seq LIMIT ?1", limit),
      lane_row);
}

Result<std::vector<InboxItem>> pending_of(Connection& connection, std::string_view lane, std::size_t limit) {
  return all(connection.query(R"sql(
      SELECT i.seq, i.lane, i.channel, i.received, i.source, i.type, i.id, i.version, i.updated, i.hash, i.url, b.text
      FROM inbox i LEFT JOIN body b ON b.id = i.body
      WHERE i.lane = ?1 AND i.state = 'pending' ORDER BY i.seq LIMIT ?2)sql",
                              lane, limit),
             item_row);
}

Result<std::vector<flow::Store::InboxRow>> inbox_in(Connection& connection, InboxState state, std::size_t limit,
                                                    std::int64_t before) {
  const std::int64_t below = before > 0 ? before : INT64_MAX;
  BHI_TRY(const auto found,
          all(newest_in(connection, state, limit, below), [](const Query& row) { return row.integer(0); }));
  std::vector<flow::Store::InboxRow> rows;
  for (const std::int64_t seq : found) {
    BHI_TRY(auto row, first(connection.query(R"sql(
        SELECT i.seq, i.lane, i.channel, i.received, i.source, i.type, i.id, i.version, i.updated, i.hash, i.url, b.text,
               i.reason
        FROM inbox i LEFT JOIN body b ON b.id = i.body WHERE i.seq = ?1)sql",
                                             seq),
                            [&](const Query& at) {
                              return flow::Store::InboxRow{item_row(at), state, at.text(12), {}};
                            }));
    if (!row) continue;
    BHI_TRY(row->issues, issues_of(connection, seq));
    rows.push_back(std::move(*row));
  }
  return rows;
}

Result<void> note_outcomes(Connection& connection, const std::vector<flow::InboxOutcome>& outcomes) {
  std::set<std::string> lanes;
  for (const flow::InboxOutcome& outcome : outcomes) {
    BHI_TRY(auto lane, leave_pending(connection, outcome));
    BHI_CHECK(add_issues(connection, outcome));
    lanes.insert(std::move(lane));
  }
  return mark_heads(connection, lanes);
}

Result<std::size_t> requeue_one(Connection& connection, std::int64_t seq) {
  BHI_TRY(const auto items,
          all(connection.query("SELECT seq, lane FROM inbox WHERE seq = ?1 AND state <> 'pending'", seq), leaving_row));
  return back_to_pending(connection, items);
}

Result<std::size_t> requeue_waiting_for(Connection& connection, std::string_view reason) {
  BHI_TRY(const auto items,
          all(connection.query("SELECT seq, lane FROM inbox WHERE state = 'waiting' AND reason = ?1", reason),
              leaving_row));
  return back_to_pending(connection, items);
}

Result<std::optional<flow::InboxState>> find_unread_consent(Connection& connection, std::string_view lane) {
  BHI_TRY(const auto state, first(connection.query(R"sql(
              SELECT i.state FROM inbox i INDEXED BY inbox_unread_consent
              JOIN resource r ON r.source = i.source AND r.type = i.type AND r.id = i.id
              WHERE i.lane = ?1 AND i.type = 'Consent' AND i.state IN ('pending', 'waiting', 'quarantined')
                AND r.body IS NOT NULL AND r.hash = i.hash
              ORDER BY i.state = 'pending' LIMIT 1)sql",
                                                   lane),
                                  [](const Query& row) { return row.text(0); }));
  return state ? flow::inbox_state_from(*state) : std::nullopt;
}

}  // namespace bhi::store
