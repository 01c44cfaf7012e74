#include "store/postgres/inbox.h"

#include "flow/leases.h"
#include "store/postgres/lanes.h"

#include <algorithm>
#include <map>
#include <utility>

namespace bhi::store::postgres {

namespace {

using flow::InboxItem;
using flow::InboxState;

// Columns of many rows of `inbox`.
struct NewRows {
  Numbers seqs, receiveds, bodies, parts;
  Texts lanes, channels, sources, types, ids, versions, updateds, hashes, urls, states, reasons;

  void add(std::int64_t seq, const InboxItem& item, std::optional<std::int64_t> body, InboxState state,
           std::string_view reason) {
    const flow::ResourceCopy& copy = item.resource;
    seqs.add(seq);
    lanes.add(item.lane);
    channels.add(item.channel);
    receiveds.add(item.received);
    sources.add(copy.source);
    types.add(copy.type);
    ids.add(copy.id);
    versions.add(copy.version);
    updateds.add(copy.updated);
    hashes.add(copy.hash);
    urls.add(copy.url);
    bodies.add(body);
    parts.add(std::int64_t{flow::partition_of(item.lane)});
    states.add(name(state));
    reasons.add(reason);
  }
  void write(Pipeline& line) const {
    if (seqs.empty()) return;
    line.add(R"sql(
        INSERT INTO inbox (seq, lane, channel, received, source, type, id, version, updated, hash, url, body, part, state,
                           reason)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15))sql",
             seqs, lanes, channels, receiveds, sources, types, ids, versions, updateds, hashes, urls, bodies, parts,
             states, reasons);
  }
};

struct NewIssues {
  Numbers rows, places;
  Texts severities, codes, paths, texts;

  void add(std::int64_t row, const Issues& issues) {
    std::int64_t place = 0;
    for (const Issue& issue : issues) {
      rows.add(row);
      places.add(++place);
      severities.add(name(issue.severity));
      codes.add(issue.code);
      paths.add(issue.path);
      texts.add(issue.text);
    }
  }
  void write(Pipeline& line) const {
    if (rows.empty()) return;
    line.add(
        "INSERT INTO inbox_issue (inbox, place, severity, code, path, text) "
        "SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
        rows, places, severities, codes, paths, texts);
  }
};

// Columns 0 to 11 of a row.
Result<InboxItem> item_in(const Rows& rows, std::size_t row, const Keyring& keys) {
  InboxItem item;
  item.seq = rows.integer(row, 0);
  item.lane = rows.text(row, 1);
  item.channel = rows.text(row, 2);
  item.received = rows.instant(row, 3);
  item.resource = {rows.text(row, 4), rows.text(row, 5), rows.text(row, 6),  rows.text(row, 7),
                   rows.text(row, 8), rows.text(row, 9), rows.text(row, 10), {}};
  BHI_TRY(item.resource.body, keys.unseal(rows.view(row, 11), kBodyText));
  return item;
}

}  // namespace

// ---- accept ---------------------------------------------------------------------------------------------------------

Accept::Accept(const flow::Accepted& batch, const Keyring& keys) : batch_(batch), copies_(keys) {
  touched.act = Act::Accept;
  for (const InboxItem& item : batch.items) touched.lanes.push_back(item.lane);
  std::ranges::sort(touched.lanes);
  const auto rest = std::ranges::unique(touched.lanes);
  touched.lanes.erase(rest.begin(), rest.end());
}

std::vector<std::string> Accept::decides_by() const {
  std::vector<std::string> keys;
  keys.reserve(batch_.items.size() + batch_.aside.size());
  for (const InboxItem& item : batch_.items) keys.push_back(key_of(item.resource));
  for (const flow::PutAside& aside : batch_.aside) keys.push_back(key_of(aside.item.resource));
  return keys;
}

void Accept::ask(Pipeline& line) {
  outcome_ = {};
  std::vector<const flow::ResourceCopy*> copies;
  for (const InboxItem& item : batch_.items) copies.push_back(&item.resource);
  for (const flow::PutAside& aside : batch_.aside) copies.push_back(&aside.item.resource);
  if (!copies.empty()) copies_.ask(line, copies);
}

void Accept::write(Pipeline& line) {
  NewRows rows;
  NewIssues issues;
  std::map<std::string_view, std::int64_t> heads;  // the first new row of each lane
  if (!batch_.items.empty() || !batch_.aside.empty()) copies_.hear(line);

  OlderOnes older_ones;
  for (const InboxItem& item : batch_.items) {
    const flow::ResourceCopy& copy = item.resource;
    const Take decided = take_of(item, copies_.held(copy), older_ones);
    ++(decided == Take::Unchanged || decided == Take::Renew ? outcome_.unchanged : outcome_.stored);
    if (decided == Take::Renew) copies_.replace(copy, std::nullopt);
    if (decided == Take::Unchanged || decided == Take::Renew) continue;
    const std::int64_t seq = copies_.next_number();
    const auto body = copies_.add_body(seq, copy);
    rows.add(seq, item, body, InboxState::Pending, {});
    heads.try_emplace(item.lane, seq);
    if (decided == Take::QueueAndReplace) copies_.replace(copy, body);
  }
  for (const flow::PutAside& aside : batch_.aside) {
    const flow::ResourceCopy& copy = aside.item.resource;
    const auto held = copies_.held(copy);
    if (held && is_same(copy, *held)) continue;
    const std::int64_t seq = copies_.next_number();
    const auto body = copies_.add_body(seq, copy);
    rows.add(seq, aside.item, body, InboxState::Quarantined, aside.reason);
    issues.add(seq, aside.issues);
    copies_.replace(copy, body);
  }

  copies_.write(line);
  rows.write(line);
  issues.write(line);
  if (!heads.empty()) {
    Texts lanes;
    Numbers parts, firsts;
    for (const auto& [lane, seq] : heads) {
      lanes.add(lane);
      parts.add(std::int64_t{flow::partition_of(lane)});
      firsts.add(seq);
    }
    add_to_lanes(line, lanes, parts, firsts);
  }
  std::vector<const flow::Cursor*> cursors;
  if (batch_.cursor) cursors.push_back(&*batch_.cursor);
  for (const flow::Cursor& cursor : batch_.more_cursors) cursors.push_back(&cursor);
  move_cursors(line, cursors);
  additions.audit = batch_.audit;
}

// ---- outcomes -------------------------------------------------------------------------------------------------------

void Outcomes::write(Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes) {
  if (outcomes.empty()) return;
  Numbers seqs;
  Texts states, reasons;
  NewIssues issues;
  for (const flow::InboxOutcome& outcome : outcomes) {
    seqs.add(outcome.seq);
    states.add(name(outcome.state));
    reasons.add(outcome.reason);
    issues.add(outcome.seq, outcome.issues);
  }
  take_lanes_of(line, seqs);
  // Of an item that is named twice, the second time finds it taken.
  line.add(R"sql(
      WITH w AS (
        UPDATE inbox SET state = n.state, reason = n.reason FROM unnest($1, $2, $3) AS n (seq, state, reason)
        WHERE inbox.seq = n.seq AND inbox.state = 'pending' RETURNING 1)
      SELECT 1 / CASE WHEN count(*) = $4 THEN 1 ELSE 0 END FROM w)sql",
           seqs, states, reasons, seqs.size());
  issues.write(line);
  set_lanes_of(line, seqs);
}

void Outcomes::look(Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes) {
  if (outcomes.empty()) return;
  Numbers seqs;
  for (const flow::InboxOutcome& outcome : outcomes) seqs.add(outcome.seq);
  looked_ = line.add("SELECT count(*) FROM inbox WHERE seq = ANY ($1) AND state = 'pending'", seqs);
}

std::optional<Error> Outcomes::verdict(const Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes) const {
  if (outcomes.empty() || line.rows(looked_).integer(0, 0) == static_cast<std::int64_t>(outcomes.size())) return {};
  return Error{Kind::Conflict, "store: inbox items from " + std::to_string(outcomes.front().seq) +
                                   " on: expected all pending, found one taken"};
}

// ---- requeue --------------------------------------------------------------------------------------------------------

void Requeue::ask(Pipeline& line) {
  if (seq_) {
    found_ = line.add("SELECT seq FROM inbox WHERE seq = $1 AND state <> 'pending' FOR UPDATE", *seq_);
  } else {
    found_ = line.add("SELECT seq FROM inbox WHERE state = 'waiting' AND reason = $1 ORDER BY seq FOR UPDATE", reason_);
  }
}

void Requeue::write(Pipeline& line) {
  Numbers seqs;
  const Rows& found = line.rows(found_);
  moved_ = found.size();
  if (moved_ == 0) return;
  for (std::size_t row = 0; row < found.size(); ++row) seqs.add(found.integer(row, 0));
  line.add("DELETE FROM inbox_issue WHERE inbox = ANY ($1)", seqs);
  line.add("UPDATE inbox SET state = 'pending', reason = '' WHERE seq = ANY ($1)", seqs);
  line.add(R"sql(
      INSERT INTO lane (lane, part, head)
      SELECT i.lane, min(i.part), min(i.seq) FROM inbox i WHERE i.seq = ANY ($1) GROUP BY i.lane ORDER BY i.lane
      ON CONFLICT (lane) DO UPDATE SET head = least(lane.head, excluded.head))sql",
           seqs);
}

// ---- reading --------------------------------------------------------------------------------------------------------

Result<std::vector<std::string>> lanes_with_work(Pipeline& line, std::size_t limit, const Parts& parts) {
  const auto found = parts.all ? line.add("SELECT lane FROM lane ORDER BY head, lane LIMIT $1", limit)
                               : line.add(R"sql(
      SELECT l.lane FROM unnest($1) AS p (part),
        LATERAL (SELECT lane, head FROM lane WHERE part = p.part ORDER BY head, lane LIMIT $2) l
      ORDER BY l.head, l.lane LIMIT $3)sql",
                                          parts.column(), parts.of_each(limit), limit);
  BHI_CHECK(line.sync());
  std::vector<std::string> lanes;
  const Rows& rows = line.rows(found);
  for (std::size_t row = 0; row < rows.size(); ++row) lanes.push_back(rows.text(row, 0));
  return lanes;
}

Result<std::vector<InboxItem>> pending_of(Pipeline& line, const Keyring& keys, std::string_view lane,
                                          std::size_t limit) {
  const auto found = line.add(R"sql(
      SELECT i.seq, i.lane, i.channel, i.received, i.source, i.type, i.id, i.version, i.updated, i.hash, i.url, b.text
      FROM inbox i LEFT JOIN body b ON b.id = i.body
      WHERE i.lane = $1 AND i.state = 'pending' ORDER BY i.seq LIMIT $2)sql",
                              lane, limit);
  BHI_CHECK(line.sync());
  std::vector<InboxItem> items;
  const Rows& rows = line.rows(found);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    BHI_TRY(auto item, item_in(rows, row, keys));
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<flow::Store::InboxRow>> inbox_in(Pipeline& line, const Keyring& keys, InboxState state,
                                                    std::size_t limit, std::int64_t before) {
  const std::int64_t below = before > 0 ? before : INT64_MAX;
  const bool kept = state == InboxState::Waiting || state == InboxState::Left || state == InboxState::Quarantined;
  line.add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  // Each through the index it has; the finished ones are most of the table, so a walk from the end soon has enough.
  const auto found = kept ? line.add(R"sql(
      SELECT i.seq, i.lane, i.channel, i.received, i.source, i.type, i.id, i.version, i.updated, i.hash, i.url, b.text,
             i.reason
      FROM inbox i LEFT JOIN body b ON b.id = i.body
      WHERE i.state IN ('waiting', 'quarantined', 'left') AND i.state = $1 AND i.seq < $3 ORDER BY i.seq DESC LIMIT $2)sql",
                                     name(state), limit, below)
                          : line.add(R"sql(
      SELECT i.seq, i.lane, i.channel, i.received, i.source, i.type, i.id, i.version, i.updated, i.hash, i.url, b.text,
             i.reason
      FROM inbox i LEFT JOIN body b ON b.id = i.body WHERE i.state = $1 AND i.seq < $3 ORDER BY i.seq DESC LIMIT $2)sql",
                                     name(state), limit, below);
  BHI_CHECK(line.sync());
  std::vector<flow::Store::InboxRow> items;
  Numbers seqs;
  std::map<std::int64_t, std::size_t> place_of;
  const Rows& rows = line.rows(found);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    BHI_TRY(auto item, item_in(rows, row, keys));
    seqs.add(item.seq);
    place_of[item.seq] = items.size();
    items.push_back({std::move(item), state, rows.text(row, 12), {}});
  }
  const auto told = line.add(
      "SELECT inbox, severity, code, path, text FROM inbox_issue WHERE inbox = ANY ($1) "
      "ORDER BY inbox, place",
      seqs);
  line.add("COMMIT");
  BHI_CHECK(line.sync());
  const Rows& issues = line.rows(told);
  for (std::size_t row = 0; row < issues.size(); ++row) {
    items[place_of.at(issues.integer(row, 0))].issues.push_back(
        {severity_from(issues.view(row, 1)), issues.text(row, 2), issues.text(row, 3), issues.text(row, 4)});
  }
  return items;
}

Result<std::optional<InboxState>> find_unread_consent(Pipeline& line, std::string_view lane) {
  const auto found = line.add(R"sql(
      SELECT i.state FROM inbox i JOIN resource r ON r.source = i.source AND r.type = i.type AND r.id = i.id
      WHERE i.lane = $1 AND i.type = 'Consent' AND i.state IN ('pending', 'waiting', 'quarantined')
        AND r.body IS NOT NULL AND r.hash = i.hash
      ORDER BY (i.state = 'pending') LIMIT 1)sql",
                              lane);
  BHI_CHECK(line.sync());
  const Rows& rows = line.rows(found);
  return rows.size() == 0 ? std::nullopt : flow::inbox_state_from(rows.view(0, 0));
}

}  // namespace bhi::store::postgres
