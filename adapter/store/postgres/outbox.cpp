#include "store/postgres/outbox.h"

#include "flow/leases.h"
#include "store/postgres/care.h"
#include "store/postgres/lanes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace bhi::store::postgres {

namespace {

using flow::OutboxItem;
using flow::OutboxState;

Result<std::vector<OutboxItem>> items_in(const Rows& rows, const Keyring& keys) {
  std::vector<OutboxItem> items;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    OutboxItem item;
    item.seq = rows.integer(row, 0);
    item.destination = rows.text(row, 1);
    item.patient = rows.text(row, 2);
    item.artifact = rows.text(row, 3);
    item.care_id = rows.text(row, 4);
    item.care_version = rows.integer(row, 5);
    item.urgent = rows.flag(row, 6);
    item.state = flow::outbox_state_from(rows.view(row, 7)).value_or(OutboxState::Parked);
    item.attempts = static_cast<int>(rows.integer(row, 8));
    item.not_before = rows.instant(row, 9);
    item.reason = rows.text(row, 10);
    item.request_hash = rows.text(row, 11);
    item.created = rows.instant(row, 12);
    BHI_TRY(item.sent, keys.unseal(rows.view(row, 13), kOutboxSent));
    item.rung = rows.text(row, 14);
    item.trouble = rows.text(row, 15);
    item.emergency = rows.text(row, 16);
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<OutboxItem>> items_at(Pipeline& line, std::size_t place, const Keyring& keys) {
  BHI_CHECK(line.sync());
  return items_in(line.rows(place), keys);
}

Error refused(std::string_view act, std::int64_t seq, const Rows& standing) {
  const std::string item = "store: outbox item " + std::to_string(seq) + ": ";
  if (standing.empty()) return Error{Kind::NotFound, item + "there is none"};
  return Error{Kind::Conflict, item + "cannot " + std::string(act) + ", it is " + standing.text(0, 0) +
                                   " and not its turn, or somebody else took it"};
}

}  // namespace

void add_intents(Pipeline& line, const Keyring& keys, const std::vector<OutboxItem>& items) {
  if (items.empty()) return;
  Texts lanes, destinations, patients, artifacts, care_ids, states, reasons, hashes, rungs, troubles, emergencies;
  Numbers parts, care_versions, attempts, not_befores, createds;
  Flags urgents;
  Blobs sents;
  struct Turn {
    std::int64_t part;
    bool urgent;
  };
  std::map<std::string, Turn> turns;
  for (const OutboxItem& item : items) {
    std::string lane = lane_of(item);
    lanes.add(lane);
    const std::int64_t part = flow::partition_of(flow::outbox_key(item.destination, item.patient));
    parts.add(part);
    turns.emplace(std::move(lane), Turn{part, item.urgent});
    destinations.add(item.destination);
    patients.add(item.patient);
    artifacts.add(item.artifact);
    care_ids.add(item.care_id);
    care_versions.add(item.care_version);
    urgents.add(item.urgent);
    states.add(name(item.state));
    attempts.add(std::int64_t{item.attempts});
    not_befores.add(item.not_before);
    reasons.add(item.reason);
    hashes.add(item.request_hash);
    createds.add(item.created);
    sents.add(keys.seal(item.sent, kOutboxSent));
    rungs.add(item.rung);
    troubles.add(item.trouble);
    emergencies.add(item.emergency);
  }
  Texts turn_lanes;
  Numbers turn_parts;
  Flags turn_urgents;
  for (const auto& [lane, turn] : turns) {
    turn_lanes.add(lane);
    turn_parts.add(turn.part);
    turn_urgents.add(turn.urgent);
  }
  take_turns(line, turn_lanes, turn_parts, turn_urgents);
  line.add(R"sql(
      INSERT INTO outbox (seq, lane, part, destination, patient, artifact, care_id, care_version, urgent, state, attempts,
                          not_before, reason, request_hash, created, sent, rung, trouble, emergency)
      SELECT nextval('planned'), n.*
      FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) AS n)sql",
           lanes, parts, destinations, patients, artifacts, care_ids, care_versions, urgents, states, attempts,
           not_befores, reasons, hashes, createds, sents, rungs, troubles, emergencies);
  set_turns(line, turn_lanes);
}

// ---- writing --------------------------------------------------------------------------------------------------------

MarkSent::MarkSent(const OutboxItem& item, const flow::AuditEntry& entry, const Keyring& keys)
    : item_(item), entry_(entry), keys_(keys) {
  touched.act = Act::MarkSent;
  touched.outbox_rows = {item.seq};
}

Result<void> MarkSent::write(Pipeline& line) {
  const std::string sent = keys_.seal(item_.sent, kOutboxSent);
  line.add("SELECT 1 FROM turn WHERE lane = (SELECT lane FROM outbox WHERE seq = $1) FOR UPDATE", item_.seq);
  standing_ = line.add("SELECT state FROM outbox WHERE seq = $1", item_.seq);
  changed_ = line.add(R"sql(
      UPDATE outbox SET state = 'sent', attempts = $2, request_hash = $3, reason = $4, sent = $5, rung = $6, trouble = ''
      WHERE seq = $1 AND attempts <= $2 AND NOT (state = 'sent' AND attempts = $2 AND request_hash = $3)
        AND (state = 'sent' OR EXISTS (SELECT 1 FROM turn t WHERE t.lane = outbox.lane AND t.seq = outbox.seq
                                       AND t.ready_at IS NOT NULL)))sql",
                      item_.seq, item_.attempts, item_.request_hash, item_.reason, Blob{sent}, item_.rung);
  line.add(
      "UPDATE turn SET ready_at = NULL WHERE lane = (SELECT lane FROM outbox WHERE seq = $1) "
      "AND ready_at IS NOT NULL",
      item_.seq);
  additions.audit = {entry_};
  return {};
}

Result<void> MarkSent::check(const Pipeline& line) {
  if (line.rows(changed_).changed() == 1) return {};
  return refused("send", item_.seq, line.rows(standing_));
}

Settle::Settle(const flow::Settled& settled, const Keyring& keys) : settled_(settled), keys_(keys), copies_(keys) {
  touched.act = Act::Settle;
  touched.outbox_rows = {settled.item.seq};
}

std::vector<std::string> Settle::decides_by() const {
  if (!settled_.copy) return {};
  return {key_of(*settled_.copy)};
}

void Settle::ask(Pipeline& line) {
  if (settled_.copy) copies_.ask(line, {&*settled_.copy});
}

Result<void> Settle::write(Pipeline& line) {
  const OutboxItem& item = settled_.item;
  Numbers row;
  row.add(item.seq);
  const std::string sent = keys_.seal(item.sent, kOutboxSent);
  take_turns_of(line, row);
  standing_ = line.add("SELECT state FROM outbox WHERE seq = $1", item.seq);
  changed_ = line.add(R"sql(
      UPDATE outbox SET state = $2, attempts = $3, not_before = $4, reason = $5, request_hash = $6, sent = $7, rung = $8,
                        trouble = $9, emergency = $10
      WHERE seq = $1 AND state NOT IN ('verified', 'superseded'))sql",
                      item.seq, name(item.state), item.attempts, item.not_before, item.reason, item.request_hash,
                      Blob{sent}, item.rung, item.trouble, item.emergency);
  set_turns_of(line, row);
  if (settled_.ledger) put_ledger(line, keys_, *settled_.ledger);
  if (settled_.copy) {
    copies_.hear(line);
    const auto held = copies_.held(*settled_.copy);
    if (!held || !is_older(*settled_.copy, *held)) copies_.replace(*settled_.copy, std::nullopt);
    copies_.write(line);
  }
  additions.audit = settled_.audit;
  return {};
}

Result<void> Settle::check(const Pipeline& line) {
  if (line.rows(changed_).changed() != 1) return refused("settle", settled_.item.seq, line.rows(standing_));
  if (!settled_.copy || copies_.fits(line)) return {};
  raced = true;
  return Error{Kind::Unavailable, "store: others took in the same resource at the same moment"};
}

void Recover::ask(Pipeline& line) {
  found_ = line.add("SELECT seq FROM outbox WHERE state = 'sent' ORDER BY lane FOR UPDATE");
}

Result<void> Recover::write(Pipeline& line) {
  const Rows& found = line.rows(found_);
  moved_ = found.size();
  if (moved_ == 0) return {};
  Numbers rows;
  for (std::size_t row = 0; row < found.size(); ++row) rows.add(found.integer(row, 0));
  take_turns_of(line, rows);
  line.add(
      "UPDATE outbox SET state = 'unknown', reason = 'restarted before the answer was recorded' "
      "WHERE seq = ANY ($1) AND state = 'sent'",
      rows);
  set_turns_of(line, rows);
  return {};
}

// ---- reading --------------------------------------------------------------------------------------------------------

// Two sorted ranges of one index: items that may go at once, and those whose time has come. Both are taken, so that
// neither can starve the other behind a long queue; the older item goes first.
Result<std::vector<OutboxItem>> due_items(Pipeline& line, const Keyring& keys, Instant now, std::size_t limit,
                                          const Parts& parts) {
  std::vector<OutboxItem> items;
  if (limit == 0) return items;
  const std::size_t first = line.next_place();
  const auto held = parts.column();
  for (const bool urgent : {true, false}) {
    if (!parts.all) {
      line.add(R"sql(
        SELECT o.seq, o.destination, o.patient, o.artifact, o.care_id, o.care_version, o.urgent, o.state, o.attempts,
               o.not_before, o.reason, o.request_hash, o.created, o.sent, o.rung, o.trouble, o.emergency
        FROM unnest($3) AS p (part),
          LATERAL (SELECT seq FROM turn WHERE part = p.part AND urgent = $1 AND ready_at = 0 ORDER BY seq LIMIT $4) t,
          LATERAL (SELECT * FROM outbox WHERE seq = t.seq) o
        ORDER BY o.seq LIMIT $2)sql",
               urgent, limit, held, parts.of_each(limit));
      line.add(R"sql(
        SELECT o.seq, o.destination, o.patient, o.artifact, o.care_id, o.care_version, o.urgent, o.state, o.attempts,
               o.not_before, o.reason, o.request_hash, o.created, o.sent, o.rung, o.trouble, o.emergency
        FROM unnest($3) AS p (part),
          LATERAL (SELECT seq, ready_at FROM turn WHERE part = p.part AND urgent = $1 AND ready_at > 0
                   AND ready_at <= $5 ORDER BY ready_at LIMIT $4) t,
          LATERAL (SELECT * FROM outbox WHERE seq = t.seq) o
        ORDER BY t.ready_at LIMIT $2)sql",
               urgent, limit, held, parts.of_each(limit), now);
      continue;
    }
    line.add(R"sql(
        SELECT o.seq, o.destination, o.patient, o.artifact, o.care_id, o.care_version, o.urgent, o.state, o.attempts,
               o.not_before, o.reason, o.request_hash, o.created, o.sent, o.rung, o.trouble, o.emergency
        FROM turn t JOIN outbox o ON o.seq = t.seq WHERE t.urgent = $1 AND t.ready_at = 0 ORDER BY t.seq LIMIT $2)sql",
             urgent, limit);
    line.add(R"sql(
        SELECT o.seq, o.destination, o.patient, o.artifact, o.care_id, o.care_version, o.urgent, o.state, o.attempts,
               o.not_before, o.reason, o.request_hash, o.created, o.sent, o.rung, o.trouble, o.emergency
        FROM turn t JOIN outbox o ON o.seq = t.seq
        WHERE t.urgent = $1 AND t.ready_at > 0 AND t.ready_at <= $3 ORDER BY t.ready_at LIMIT $2)sql",
             urgent, limit, now);
  }
  BHI_CHECK(line.sync());
  for (const std::size_t place : {first, first + 2}) {
    BHI_TRY(auto found, items_in(line.rows(place), keys));
    BHI_TRY(auto again, items_in(line.rows(place + 1), keys));
    std::ranges::move(again, std::back_inserter(found));
    std::ranges::sort(found, {}, &OutboxItem::seq);
    if (found.size() > limit - items.size()) found.resize(limit - items.size());
    std::ranges::move(found, std::back_inserter(items));
  }
  return items;
}

Result<std::vector<OutboxItem>> outbox_of(Pipeline& line, const Keyring& keys, std::string_view patient,
                                          std::size_t limit) {
  const auto found = patient.empty() ? line.add(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox ORDER BY seq DESC LIMIT $1)sql",
                                                limit)
                                     : line.add(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox WHERE patient = $1 ORDER BY seq DESC LIMIT $2)sql",
                                                patient, limit);
  return items_at(line, found, keys);
}

Result<std::optional<OutboxItem>> outbox_at(Pipeline& line, const Keyring& keys, std::int64_t seq) {
  const auto found = line.add(R"sql(
      SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
             request_hash, created, sent, rung, trouble, emergency
      FROM outbox WHERE seq = $1)sql",
                              seq);
  BHI_TRY(auto items, items_at(line, found, keys));
  if (items.empty()) return std::optional<OutboxItem>();
  return std::optional(std::move(items.front()));
}

// A state at a time, from the newest: there are few states and a page is short.
Result<std::vector<OutboxItem>> outbox_in(Pipeline& line, const Keyring& keys, const std::vector<OutboxState>& states,
                                          std::int64_t before, std::size_t limit) {
  const std::size_t first = line.next_place();
  const std::int64_t end = before == 0 ? INT64_MAX : before;
  for (const OutboxState state : states) {
    line.add(R"sql(
        SELECT seq, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, reason,
               request_hash, created, sent, rung, trouble, emergency
        FROM outbox WHERE state = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3)sql",
             name(state), end, limit);
  }
  BHI_CHECK(line.sync());
  std::vector<OutboxItem> items;
  for (std::size_t at = 0; at < states.size(); ++at) {
    BHI_TRY(auto found, items_in(line.rows(first + at), keys));
    std::ranges::move(found, std::back_inserter(items));
  }
  std::ranges::sort(items, std::ranges::greater(), &OutboxItem::seq);
  if (items.size() > limit) items.resize(limit);
  return items;
}

}  // namespace bhi::store::postgres
