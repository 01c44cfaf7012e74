#include "store/postgres/outbox.h"

#include "flow/leases.h"
#include "store/postgres/care.h"
#include "store/postgres/lanes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
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

// The turn is taken by changing it: both rows are looked at anew when somebody else had them, so what is demanded of
// them holds for what is there then. In the order of the lanes, as by everybody.
void MarkSent::write_all(Pipeline& line, std::span<Job* const> alike) {
  std::vector<std::pair<std::string, MarkSent*>> jobs;
  for (Job* job : alike) {
    auto* mark = static_cast<MarkSent*>(job);
    jobs.emplace_back(lane_of(mark->item_), mark);
  }
  std::ranges::sort(jobs);
  Numbers seqs, attempts;
  Texts hashes, reasons, rungs;
  Blobs sents;
  for (const auto& [lane, job] : jobs) {
    const OutboxItem& item = job->item_;
    seqs.add(item.seq);
    attempts.add(std::int64_t{item.attempts});
    hashes.add(item.request_hash);
    reasons.add(item.reason);
    sents.add(job->keys_.seal(item.sent, kOutboxSent));
    rungs.add(item.rung);
    job->additions.audit = {job->entry_};
  }
  line.add(R"sql(
      WITH n AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6) AS u (seq, attempts, hash, reason, sent, rung)),
      took AS (
        UPDATE turn SET ready_at = NULL FROM n JOIN outbox o ON o.seq = n.seq
        WHERE turn.lane = o.lane AND turn.seq = n.seq AND turn.ready_at IS NOT NULL RETURNING n.seq),
      sent AS (
        UPDATE outbox SET state = 'sent', attempts = n.attempts, request_hash = n.hash, reason = n.reason,
                          sent = n.sent, rung = n.rung, trouble = ''
        FROM n LEFT JOIN took t ON t.seq = n.seq
        WHERE outbox.seq = n.seq AND outbox.attempts <= n.attempts
          AND NOT (outbox.state = 'sent' AND outbox.attempts = n.attempts AND outbox.request_hash = n.hash)
          AND (outbox.state = 'sent' OR t.seq IS NOT NULL) RETURNING 1)
      SELECT 1 / CASE WHEN count(*) = $7 THEN 1 ELSE 0 END FROM sent)sql",
           seqs, attempts, hashes, reasons, sents, rungs, seqs.size());
}

void MarkSent::look(Pipeline& line) {
  looked_ = line.add(R"sql(
      SELECT o.state, o.attempts <= $2 AND NOT (o.state = 'sent' AND o.attempts = $2 AND o.request_hash = $3)
        AND (o.state = 'sent' OR EXISTS (SELECT 1 FROM turn t WHERE t.lane = o.lane AND t.seq = o.seq
                                         AND t.ready_at IS NOT NULL))
      FROM outbox o WHERE o.seq = $1)sql",
                     item_.seq, item_.attempts, item_.request_hash);
}

std::optional<Error> MarkSent::verdict(const Pipeline& line) const {
  const Rows& standing = line.rows(looked_);
  if (standing.size() == 1 && standing.flag(0, 1)) return {};
  return refused("send", item_.seq, standing);
}

Settle::Settle(const flow::Settled& settled, const Keyring& keys) : settled_(settled), keys_(keys), copies_(keys) {
  touched.act = Act::Settle;
  touched.outbox_rows = {settled.item.seq};
}

std::vector<std::string> Settle::decides_by() const {
  std::vector<std::string> keys = {key_of_item(settled_.item.seq)};
  if (settled_.copy) keys.push_back(key_of(*settled_.copy));
  return keys;
}

void Settle::ask(Pipeline& line) {
  if (settled_.copy) copies_.ask(line, {&*settled_.copy});
}

// What may be at the EHR by now (somebody else released it before) is not planned anew.
void Settle::write_all(Pipeline& line, std::span<Job* const> alike) {
  Numbers seqs, attempts, not_befores;
  Texts states, reasons, hashes, rungs, troubles, emergencies;
  Blobs sents;
  for (Job* job : alike) {
    const auto& [settled, keys] = std::tie(static_cast<Settle*>(job)->settled_, static_cast<Settle*>(job)->keys_);
    const OutboxItem& item = settled.item;
    seqs.add(item.seq);
    states.add(name(item.state));
    attempts.add(std::int64_t{item.attempts});
    not_befores.add(item.not_before);
    reasons.add(item.reason);
    hashes.add(item.request_hash);
    sents.add(keys.seal(item.sent, kOutboxSent));
    rungs.add(item.rung);
    troubles.add(item.trouble);
    emergencies.add(item.emergency);
  }
  take_turns_of(line, seqs);
  line.add(R"sql(
      WITH w AS (
        UPDATE outbox SET state = n.state, attempts = n.attempts, not_before = n.not_before, reason = n.reason,
                          request_hash = n.hash, sent = n.sent, rung = n.rung, trouble = n.trouble,
                          emergency = n.emergency
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             AS n (seq, state, attempts, not_before, reason, hash, sent, rung, trouble, emergency)
        WHERE outbox.seq = n.seq AND outbox.state NOT IN ('verified', 'superseded')
          AND NOT (n.state = 'planned' AND outbox.state IN ('sent', 'unknown')) RETURNING 1)
      SELECT 1 / CASE WHEN count(*) = $11 THEN 1 ELSE 0 END FROM w)sql",
           seqs, states, attempts, not_befores, reasons, hashes, sents, rungs, troubles, emergencies, seqs.size());
  set_turns_of(line, seqs);
  for (Job* job : alike) static_cast<Settle*>(job)->write_rest(line);
}

void Settle::write_rest(Pipeline& line) {
  if (settled_.ledger) put_ledger(line, keys_, *settled_.ledger);
  if (settled_.copy) {
    copies_.hear(line);
    const auto held = copies_.held(*settled_.copy);
    if (!held || !is_older(*settled_.copy, *held)) copies_.replace(*settled_.copy, std::nullopt);
    copies_.write(line);
  }
  additions.audit = settled_.audit;
}

void Settle::look(Pipeline& line) {
  looked_ = line.add(
      "SELECT state, state NOT IN ('verified', 'superseded') AND NOT ($2 = 'planned' AND state IN ('sent', 'unknown')) "
      "FROM outbox WHERE seq = $1",
      settled_.item.seq, name(settled_.item.state));
}

std::optional<Error> Settle::verdict(const Pipeline& line) const {
  const Rows& standing = line.rows(looked_);
  if (standing.size() == 1 && standing.flag(0, 1)) return {};
  return refused("settle", settled_.item.seq, standing);
}

void Recover::ask(Pipeline& line) {
  found_ = line.add("SELECT seq FROM outbox WHERE state = 'sent' ORDER BY lane FOR UPDATE");
}

void Recover::write(Pipeline& line) {
  const Rows& found = line.rows(found_);
  moved_ = found.size();
  if (moved_ == 0) return;
  Numbers rows;
  for (std::size_t row = 0; row < found.size(); ++row) rows.add(found.integer(row, 0));
  take_turns_of(line, rows);
  line.add(
      "UPDATE outbox SET state = 'unknown', reason = 'restarted before the answer was recorded' "
      "WHERE seq = ANY ($1) AND state = 'sent'",
      rows);
  set_turns_of(line, rows);
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
