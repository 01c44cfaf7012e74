#include "store/outbox.h"

#include "store/rules.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace bhi::store {

namespace {

using flow::OutboxItem;
using flow::OutboxState;

constexpr std::string_view kSent = kOutboxSent;

OutboxItem item_row(const Query& row) {
  OutboxItem item;
  item.seq = row.integer(0);
  item.destination = row.text(1);
  item.patient = row.text(2);
  item.artifact = row.text(3);
  item.care_id = row.text(4);
  item.care_version = row.integer(5);
  item.urgent = row.integer(6) != 0;
  item.state = flow::outbox_state_from(row.view(7)).value_or(OutboxState::Parked);
  item.attempts = static_cast<int>(row.integer(8));
  item.not_before = row.instant(9);
  item.reason = row.text(10);
  item.request_hash = row.text(11);
  item.created = row.instant(12);
  item.sent = row.payload(13, kSent);
  item.rung = row.text(14);
  item.trouble = row.text(15);
  item.emergency = row.text(16);
  return item;
}

// Takes the turn from the first open item of the lane: an older one is about to come back.
Result<void> take_turn(Connection& connection, std::string_view lane) {
  BHI_CHECK(connection.run(R"sql(
      UPDATE outbox SET ready_at = NULL
      WHERE seq = (SELECT seq FROM outbox WHERE lane = ?1 AND state IN ('planned', 'sent', 'unknown', 'retry-at')
                   ORDER BY seq LIMIT 1))sql",
                           lane));
  return {};
}

// Gives the turn to the first open item of the lane, unless one is on its way.
Result<void> pass_turn(Connection& connection, std::string_view lane) {
  BHI_CHECK(connection.run(R"sql(
      UPDATE outbox SET ready_at = CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE lane = ?1 AND state = 'sent') THEN NULL
                                        WHEN state IN ('retry-at', 'unknown') THEN max(not_before, 0)
                                        ELSE 0 END
      WHERE seq = (SELECT seq FROM outbox WHERE lane = ?1 AND state IN ('planned', 'sent', 'unknown', 'retry-at')
                   ORDER BY seq LIMIT 1))sql",
                           lane));
  return {};
}

Result<void> add_intent(Connection& connection, const OutboxItem& item) {
  const std::string lane = lane_of(item);
  BHI_CHECK(connection.run(
      "INSERT INTO outbox (lane, destination, patient, artifact, care_id, care_version, urgent, state, attempts, "
      "not_before, reason, request_hash, created, sent, rung, trouble, emergency) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
      lane, item.destination, item.patient, item.artifact, item.care_id, item.care_version, item.urgent,
      name(item.state), item.attempts, item.not_before, item.reason, item.request_hash, item.created,
      Payload{item.sent, kSent}, item.rung, item.trouble, item.emergency));
  return pass_turn(connection, lane);
}

struct Standing {
  std::string lane;
  OutboxState state;
};

// NotFound when there is no such item.
Result<Standing> standing_of(Connection& connection, std::int64_t seq) {
  BHI_TRY(auto found,
          first(connection.query("SELECT lane, state FROM outbox WHERE seq = ?1", seq), [](const Query& row) {
            return Standing{row.text(0), flow::outbox_state_from(row.view(1)).value_or(OutboxState::Parked)};
          }));
  if (found) return std::move(*found);
  return Error{Kind::NotFound, "store: outbox item " + std::to_string(seq) + ": there is none"};
}

Error refused(std::string_view act, std::int64_t seq, OutboxState state) {
  return Error{Kind::Conflict, "store: outbox item " + std::to_string(seq) + ": cannot " + std::string(act) +
                                   ", it is " + std::string(name(state)) +
                                   " and not its turn, or somebody else took it"};
}

// Two sorted ranges of one index: items that may go at once, and those whose time has come. Both are taken, so that
// neither can starve the other behind a long queue; the older item goes first.
Result<void> add_due(Connection& connection, bool urgent, Instant now, std::size_t limit, std::vector<OutboxItem>& to) {
  if (limit == 0) return {};
  BHI_TRY(auto found, all(connection.query(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox INDEXED BY outbox_ready WHERE urgent = ?1 AND ready_at = 0 ORDER BY seq LIMIT ?2)sql",
                                           urgent, limit),
                          item_row));
  BHI_TRY(auto again, all(connection.query(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox INDEXED BY outbox_ready WHERE urgent = ?1 AND ready_at > 0 AND ready_at <= ?3
      ORDER BY ready_at LIMIT ?2)sql",
                                           urgent, limit, now),
                          item_row));
  std::ranges::move(again, std::back_inserter(found));
  std::ranges::sort(found, {}, &OutboxItem::seq);
  if (found.size() > limit) found.resize(limit);
  std::ranges::move(found, std::back_inserter(to));
  return {};
}

}  // namespace

Result<void> add_intents(Connection& connection, const std::vector<OutboxItem>& items) {
  for (const OutboxItem& item : items) BHI_CHECK(add_intent(connection, item));
  return {};
}

Result<std::vector<OutboxItem>> due_items(Connection& connection, Instant now, std::size_t limit) {
  std::vector<OutboxItem> items;
  BHI_CHECK(add_due(connection, true, now, limit, items));
  BHI_CHECK(add_due(connection, false, now, limit - items.size(), items));
  return items;
}

Result<std::vector<OutboxItem>> outbox_of(Connection& connection, std::string_view patient, std::size_t limit) {
  if (patient.empty()) {
    return all(connection.query(R"sql(
        SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
               request_hash, created, sent, rung, trouble, emergency
        FROM outbox ORDER BY seq DESC LIMIT ?1)sql",
                                limit),
               item_row);
  }
  return all(connection.query(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox WHERE patient = ?1 ORDER BY seq DESC LIMIT ?2)sql",
                              patient, limit),
             item_row);
}

Result<std::optional<OutboxItem>> outbox_at(Connection& connection, std::int64_t seq) {
  return first(connection.query(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox WHERE seq = ?1)sql",
                                seq),
               item_row);
}

// A state at a time, by the primary key from the newest: there are few states and a page is short.
Result<std::vector<OutboxItem>> outbox_in(Connection& connection, const std::vector<OutboxState>& states,
                                          std::int64_t before, std::size_t limit) {
  std::vector<OutboxItem> items;
  for (const OutboxState state : states) {
    // The index of what is not settled serves only a query that says so.
    const bool settled = state == OutboxState::Verified || state == OutboxState::Superseded;
    const Sql newest = settled ? Sql(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox WHERE state = ?1 AND (?2 = 0 OR seq < ?2) ORDER BY seq DESC LIMIT ?3)sql")
                               : Sql(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox INDEXED BY outbox_by_state WHERE state NOT IN ('verified', 'superseded') AND state = ?1
        AND (?2 = 0 OR seq < ?2) ORDER BY seq DESC LIMIT ?3)sql");
    BHI_TRY(auto found, all(connection.query(newest, name(state), before, limit), item_row));
    std::ranges::move(found, std::back_inserter(items));
  }
  std::ranges::sort(items, std::ranges::greater(), &OutboxItem::seq);
  if (items.size() > limit) items.resize(limit);
  return items;
}

Result<void> note_sent(Connection& connection, const OutboxItem& item) {
  BHI_TRY(const std::int64_t changed, connection.run(R"sql(
      UPDATE outbox SET state = 'sent', attempts = ?2, request_hash = ?3, reason = ?4, sent = ?5, rung = ?6, trouble = '',
                        ready_at = NULL
      WHERE seq = ?1 AND (ready_at IS NOT NULL OR state = 'sent') AND attempts <= ?2
        AND NOT (state = 'sent' AND attempts = ?2 AND request_hash = ?3))sql",
                                                     item.seq, item.attempts, item.request_hash, item.reason,
                                                     Payload{item.sent, kSent}, item.rung));
  if (changed == 1) return {};
  BHI_TRY(const auto standing, standing_of(connection, item.seq));
  return refused("send", item.seq, standing.state);
}

namespace {

// The lane of the item, which is now as settled. Empty: it is none of the open ones, and not `whatever` its state is.
Result<std::optional<std::string>> settle_row(Connection& connection, const OutboxItem& item, bool whatever) {
  return first(
      connection.query("UPDATE outbox SET state = ?2, attempts = ?3, not_before = ?4, reason = ?5, "
                       "request_hash = ?6, sent = ?7, rung = ?8, trouble = ?9, emergency = ?10, ready_at = NULL "
                       "WHERE seq = ?1 AND (?11 OR state IN ('planned', 'sent', 'unknown', 'retry-at')) "
                       "RETURNING lane",
                       item.seq, name(item.state), item.attempts, item.not_before, item.reason, item.request_hash,
                       Payload{item.sent, kSent}, item.rung, item.trouble, item.emergency, whatever),
      [](const Query& row) { return row.text(0); });
}

}  // namespace

Result<void> note_settled(Connection& connection, const OutboxItem& item) {
  if (item.state == OutboxState::Planned) {  // released: what may be at the EHR by now is not planned anew
    BHI_TRY(const auto standing, standing_of(connection, item.seq));
    if (standing.state == OutboxState::Sent || standing.state == OutboxState::Unknown) {
      return refused("release", item.seq, standing.state);
    }
  }
  BHI_TRY(auto lane, settle_row(connection, item, false));
  if (!lane) {
    BHI_TRY(const auto standing, standing_of(connection, item.seq));
    if (standing.state == OutboxState::Verified || standing.state == OutboxState::Superseded) {
      return refused("settle", item.seq, standing.state);
    }
    BHI_CHECK(take_turn(connection, standing.lane));  // parked or dead, and older than those of its lane
    BHI_TRY(lane, settle_row(connection, item, true));
  }
  return pass_turn(connection, *lane);
}

Result<std::size_t> sent_to_unknown(Connection& connection) {
  BHI_TRY(
      const auto lanes,
      all(connection.query("UPDATE outbox SET state = 'unknown', reason = 'restarted before the answer was recorded' "
                           "WHERE state = 'sent' RETURNING lane"),
          [](const Query& row) { return row.text(0); }));
  for (const std::string& lane : lanes) BHI_CHECK(pass_turn(connection, lane));
  return lanes.size();
}

}  // namespace bhi::store
