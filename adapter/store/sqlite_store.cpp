#include "store/sqlite_store.h"

#include "base/failpoint.h"
#include "store/audit_chain.h"
#include "store/care.h"
#include "store/compact.h"
#include "store/copies.h"
#include "store/events.h"
#include "store/inbox.h"
#include "store/new_store.h"
#include "store/outbox.h"
#include "store/place.h"
#include "store/read_pool.h"
#include "store/rekey.h"
#include "store/retention.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"
#include "store/write_queue.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bhi::store {

namespace {

constexpr std::uint64_t kPageBytes = 4096;

class SqliteStore final : public flow::Store {
 public:
  SqliteStore(const std::string& path, const SqliteOptions& options, std::unique_ptr<LockFile> lock,
              std::unique_ptr<const Keyring> keys, std::unique_ptr<Connection> writer)
      : path_(path),
        reserve_(static_cast<std::uint64_t>(options.checkpoint_pages) * kPageBytes),
        lock_(std::move(lock)),
        keys_(std::move(keys)),
        writes_(std::move(writer), options.checkpoint_pages, [this] { chain_.forget(); }),
        reads_(path, *keys_, options.readers, options.busy_timeout) {}

  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    return write<flow::AcceptOutcome>([&](Connection& on) -> Result<flow::AcceptOutcome> {
      BHI_TRY(const auto outcome, take_in(on, batch.items));
      BHI_CHECK(put_aside(on, batch.aside));
      failpoint("accept.rows");
      if (batch.cursor) BHI_CHECK(move_cursor(on, *batch.cursor));
      for (const flow::Cursor& cursor : batch.more_cursors) BHI_CHECK(move_cursor(on, cursor));
      BHI_CHECK(chain_.append(on, batch.audit));
      return outcome;
    });
  }

  Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) override {
    return read([&](Connection& on) { return find_cursor(on, source, name); });
  }
  Result<std::vector<flow::Cursor>> cursors(std::string_view source, std::string_view name_prefix) override {
    return read([&](Connection& on) { return cursors_named(on, source, name_prefix); });
  }

  Result<std::vector<std::string>> pending_lanes(std::size_t limit) override {
    return read([&](Connection& on) { return lanes_with_work(on, limit); });
  }
  Result<std::vector<flow::InboxItem>> pending(std::string_view lane, std::size_t limit) override {
    return read([&](Connection& on) { return pending_of(on, lane, limit); });
  }

  Result<void> commit(const flow::Worked& worked) override {
    return writes_.run([&](Connection& on) -> Result<void> {
      BHI_CHECK(put_entities(on, worked.entities));
      BHI_CHECK(add_events(on, worked));
      BHI_CHECK(add_intents(on, worked.outbox));
      BHI_CHECK(check_stood(on, worked.ledger));
      for (const flow::Ledger& entry : worked.ledger) BHI_CHECK(put_ledger(on, entry));
      BHI_CHECK(note_outcomes(on, worked.inbox));
      return chain_.append(on, worked.audit);
    });
  }

  Result<std::vector<InboxRow>> inbox(flow::InboxState state, std::size_t limit, std::int64_t before) override {
    return read([&](Connection& on) { return inbox_in(on, state, limit, before); });
  }
  Result<std::size_t> requeue(std::int64_t seq) override {
    return write<std::size_t>([&](Connection& on) { return requeue_one(on, seq); });
  }
  Result<std::size_t> requeue_waiting(std::string_view reason) override {
    return write<std::size_t>([&](Connection& on) { return requeue_waiting_for(on, reason); });
  }
  Result<std::optional<flow::InboxState>> unread_consent(std::string_view lane) override {
    return read([&](Connection& on) { return find_unread_consent(on, lane); });
  }

  Result<std::optional<flow::ResourceCopy>> resource(std::string_view source, std::string_view type,
                                                     std::string_view id) override {
    return read([&](Connection& on) { return find_copy(on, source, type, id); });
  }
  Result<std::optional<flow::ResourceCopy>> canonical(std::string_view source, std::string_view url) override {
    return read([&](Connection& on) { return find_canonical(on, source, url); });
  }
  Result<void> keep_copy(const flow::ResourceCopy& copy) override {
    return writes_.run([&](Connection& on) { return put_copy(on, copy); });
  }

  Result<std::vector<flow::StoredEntity>> record(std::string_view patient) override {
    return read([&](Connection& on) { return record_of(on, patient); });
  }
  Result<std::optional<flow::StoredEntity>> entity(std::string_view kind, std::string_view id) override {
    return read([&](Connection& on) { return find_entity(on, kind, id); });
  }
  Result<flow::Listing> list(std::string_view kind, std::string_view after, std::size_t limit) override {
    return read([&](Connection& on) { return list_entities(on, kind, after, limit); });
  }
  Result<std::vector<flow::StoredEntity>> entities_of(std::string_view patient, std::string_view kind) override {
    return read([&](Connection& on) { return entities_of_kind(on, patient, kind); });
  }

  Result<std::vector<flow::Event>> events(std::int64_t after, std::size_t limit) override {
    return read([&](Connection& on) { return events_after(on, after, limit); });
  }
  Result<flow::EventSpan> event_span() override {
    return read([](Connection& on) { return span_of_events(on); });
  }
  Result<std::size_t> forget_events(Instant before) override {
    return write<std::size_t>([&](Connection& on) { return forget_events_before(on, before); });
  }

  Result<flow::Forgotten> forget_settled(Instant before, std::size_t limit) override {
    BHI_TRY(const auto rows, read([&](Connection& on) { return find_settled_before(on, before, limit); }));
    if (rows.inbox.empty() && rows.outbox.empty()) return flow::Forgotten{};
    return write<flow::Forgotten>([&](Connection& on) { return forget_rows(on, rows); });
  }
  Result<std::uint64_t> bytes_in_use() override {
    return read([](Connection& on) { return store::bytes_in_use(on); });
  }
  Result<std::uint64_t> give_back(std::uint64_t at_most) override {
    return write<std::uint64_t>([&](Connection& on) { return give_back_some(on, at_most); });
  }

  Result<std::optional<flow::Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                             std::string_view care_id) override {
    return read([&](Connection& on) { return find_ledger(on, destination, artifact, care_id); });
  }
  Result<std::optional<flow::Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                                std::string_view id) override {
    return read([&](Connection& on) { return find_ledger_of(on, destination, type, id); });
  }

  Result<flow::AtHand> at_hand(const flow::OutboxItem& item, std::string_view kind,
                               std::span<const std::string> artifacts) override {
    return read([&](Connection& on) { return store::at_hand(on, item, kind, artifacts); });
  }

  Result<std::vector<flow::OutboxItem>> due(Instant now, std::size_t limit) override {
    return read([&](Connection& on) { return due_items(on, now, limit); });
  }
  Result<std::vector<flow::OutboxItem>> outbox(std::string_view patient, std::size_t limit) override {
    return read([&](Connection& on) { return outbox_of(on, patient, limit); });
  }
  Result<std::optional<flow::OutboxItem>> outbox_item(std::int64_t seq) override {
    return read([&](Connection& on) { return outbox_at(on, seq); });
  }
  Result<std::vector<flow::OutboxItem>> outbox_in(const std::vector<flow::OutboxState>& states, std::int64_t before,
                                                  std::size_t limit) override {
    return read([&](Connection& on) { return store::outbox_in(on, states, before, limit); });
  }
  Result<void> mark_sent(const flow::OutboxItem& item, const flow::AuditEntry& audit) override {
    return writes_.run([&](Connection& on) -> Result<void> {
      BHI_CHECK(note_sent(on, item));
      return chain_.append(on, audit);
    });
  }
  Result<void> settle(const flow::Settled& settled) override {
    return writes_.run([&](Connection& on) -> Result<void> {
      BHI_CHECK(note_settled(on, settled.item));
      if (settled.ledger) BHI_CHECK(put_ledger(on, *settled.ledger));
      if (settled.copy) BHI_CHECK(put_copy(on, *settled.copy));
      return chain_.append(on, settled.audit);
    });
  }
  Result<std::size_t> recover() override {
    return write<std::size_t>([](Connection& on) { return sent_to_unknown(on); });
  }

  Result<Counts> counts(Instant now) override {
    return read([&](Connection& on) { return count_all(on, now); });
  }
  Result<void> audit(const flow::AuditEntry& entry) override {
    return writes_.run([&](Connection& on) { return chain_.append(on, entry); });
  }
  Result<std::vector<flow::AuditRow>> audit_trail(std::int64_t after, std::size_t limit) override {
    return read([&](Connection& on) { return audit_rows(on, after, limit); });
  }

  // Writes for real, since a full disk shows only then; but a check that anybody may ask for shall not keep the disk
  // busy, so a write that just went well is as good. This small one can still fit where no batch would; hence the
  // reserve.
  Result<void> check() override {
    BHI_CHECK(writes_.state());
    BHI_TRY(const std::uint64_t left, free_bytes(path_));
    if (left < reserve_) return Error{Kind::Unavailable, "store: disk full, " + std::to_string(left) + " bytes left"};
    if (writes_.wrote_lately()) return {};
    return writes_.run([](Connection& on) -> Result<void> {
      BHI_CHECK(on.run("UPDATE probe SET count = count + 1"));
      return {};
    });
  }

 private:
  template <typename T, typename Job>
  Result<T> write(const Job& job) {
    std::optional<T> value;
    BHI_CHECK(writes_.run([&](Connection& on) -> Result<void> {
      BHI_TRY(value, job(on));
      return {};
    }));
    return std::move(*value);
  }

  // All statements of `job` see the same moment.
  template <typename Job>
  auto read(const Job& job) -> std::invoke_result_t<Job, Connection&> {
    BHI_TRY(const auto on, reads_.borrow());
    BHI_CHECK(on->run("BEGIN"));
    auto answer = job(*on);
    if (on->in_transaction()) static_cast<void>(on->run("COMMIT"));
    if (on->trouble() == Trouble::Lasting) writes_.stop(answer ? "store: disk error" : answer.error().message);
    return answer;
  }

  static Result<Counts> count_all(Connection& on, Instant now);

  const std::string path_;
  const std::uint64_t reserve_;           // room for the log to grow until it is moved over
  const std::unique_ptr<LockFile> lock_;  // let go last
  const std::unique_ptr<const Keyring> keys_;
  AuditChain chain_;  // of the writing connection
  WriteQueue writes_;
  ReadPool reads_;
};

struct InState {
  std::string state;
  std::size_t count;
};

InState in_state_row(const Query& row) { return {row.text(0), static_cast<std::size_t>(row.integer(1))}; }

Result<flow::Store::Counts> SqliteStore::count_all(Connection& on, Instant now) {
  Counts counts;
  BHI_TRY(const auto pending,
          all(on.query("SELECT 'pending', count(*) FROM inbox WHERE state = 'pending'"), in_state_row));
  for (const auto& [state, count] : pending) counts.inbox_pending = count;

  BHI_TRY(const auto kept, all(on.query("SELECT state, count(*) FROM inbox "
                                        "WHERE state IN ('waiting', 'quarantined', 'left') GROUP BY state"),
                               in_state_row));
  for (const auto& [state, count] : kept) {
    if (state == name(flow::InboxState::Waiting)) counts.inbox_waiting = count;
    if (state == name(flow::InboxState::Quarantined)) counts.inbox_quarantined = count;
  }

  BHI_TRY(const auto unsettled, all(on.query("SELECT state, count(*) FROM outbox "
                                             "WHERE state NOT IN ('verified', 'superseded') GROUP BY state"),
                                    in_state_row));
  for (const auto& [state, count] : unsettled) {
    if (state == name(flow::OutboxState::Parked)) {
      counts.outbox_parked = count;
    } else if (state == name(flow::OutboxState::Dead)) {
      counts.outbox_dead = count;
    } else {
      counts.outbox_open += count;
    }
    if (state == name(flow::OutboxState::Unknown)) counts.outbox_unknown = count;
  }

  BHI_TRY(const auto oldest, first(on.query("SELECT received FROM inbox INDEXED BY inbox_heads WHERE head = 1 "
                                            "ORDER BY seq LIMIT 1"),
                                   [](const Query& row) { return row.instant(0); }));
  if (oldest && *oldest < now) counts.oldest_pending_ms = (now - *oldest).count();
  return counts;
}

// Damage and broken keys, in SQLite's own words (pages and tables, no data).
Result<void> verify_file(Connection& connection) {
  BHI_TRY(const auto found,
          first(connection.query("PRAGMA integrity_check(1)"), [](const Query& row) { return row.text(0); }));
  if (found != "ok") return Error{Kind::Fault, "store: integrity check: " + found.value_or("no answer")};
  BHI_TRY(const auto orphan,
          first(connection.query("PRAGMA foreign_key_check"), [](const Query& row) { return row.text(0); }));
  if (orphan) return Error{Kind::Fault, "store: foreign key check: table " + *orphan + " has a row without its parent"};
  return {};
}

enum class Depth { Audit, Everything };

Result<StoreReport> verify(const std::string& path, Depth depth, const std::optional<AuditMark>& known = {}) {
  if (!exists(path)) return Error{Kind::NotFound, "store: no file " + path};
  BHI_TRY(const auto connection, Connection::open(path, Connection::Access::Read, SqliteOptions{}.busy_timeout));
  BHI_CHECK(connection->run("BEGIN"));  // one moment for all, whoever writes meanwhile
  BHI_CHECK(check_schema(*connection, migrations()));
  if (depth == Depth::Everything) BHI_CHECK(verify_file(*connection));
  StoreReport report;
  BHI_TRY(report.schema_version, schema_version(*connection));
  BHI_TRY(const Room room, room_of(*connection));
  report.bytes = room.bytes;
  report.free_bytes = room.free;
  report.gives_back = room.gives_back;
  BHI_TRY(const auto chain, verify_chain(*connection, known));
  report.audit_rows = chain.rows;
  report.audit_last_hash = chain.last_hash;
  return report;
}

}  // namespace

Result<std::unique_ptr<flow::Store>> open_sqlite(const std::string& path, const SqliteOptions& options) {
  if (path.empty() || path.front() == ':' || path.starts_with("file:")) {
    return Error{Kind::Incorrect, "store: expected the path of a file, found '" + path + "'"};
  }
  BHI_CHECK(make_folder_of(path));
  BHI_TRY(auto lock, LockFile::take(path + ".lock"));
  BHI_CHECK(make_new_store(path, options.busy_timeout));
  BHI_CHECK(keep_private(path));
  BHI_TRY(auto writer, Connection::open(path, Connection::Access::Write, options.busy_timeout));
  if (const auto ours = check_schema(*writer, migrations()); !ours) {
    writer->keep_log();  // leave it as it was found
    return ours.error();
  }
  BHI_CHECK(writer->begin_log());
  BHI_CHECK(migrate(*writer, path, migrations()));
  auto keys = std::make_unique<const Keyring>(options.keys);
  BHI_CHECK(check_keys(*writer, *keys));
  writer->use(keys.get());
  return std::unique_ptr<flow::Store>(
      new SqliteStore(path, options, std::move(lock), std::move(keys), std::move(writer)));
}

Result<StoreReport> verify_sqlite(const std::string& path) { return verify(path, Depth::Everything); }

Result<StoreReport> verify_audit(const std::string& path, const std::optional<AuditMark>& known) {
  return verify(path, Depth::Audit, known);
}

}  // namespace bhi::store
