#include "store/postgres_store.h"

#include "store/postgres/care.h"
#include "store/postgres/copies.h"
#include "store/postgres/inbox.h"
#include "store/postgres/leases.h"
#include "store/postgres/outbox.h"
#include "store/postgres/read_pool.h"
#include "store/postgres/rekey.h"
#include "store/postgres/schema.h"
#include "store/postgres/upkeep.h"
#include "store/postgres/verify.h"
#include "store/postgres/writer.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace bhi::store {

namespace postgres {

namespace {

// The result of working on one lane.
class Commit final : public Job {
 public:
  Commit(const flow::Worked& worked, const Keyring& keys) : worked_(worked), keys_(keys) {
    touched.act = Act::Commit;
    for (const auto& outcome : worked.inbox) touched.inbox_rows.push_back(outcome.seq);
    for (const auto& item : worked.outbox) touched.lanes.push_back(lane_of(item));
  }
  void write(Pipeline& line) override {
    entities_.write(line, keys_, worked_.entities);
    outcomes_.write(line, worked_.inbox);
    add_intents(line, keys_, worked_.outbox);
    ledgers_.write(line, worked_.ledger);
    for (const flow::Ledger& entry : worked_.ledger) put_ledger(line, keys_, entry);
    for (const flow::StoredEntity& entity : worked_.entities) {
      additions.events.push_back(
          {0, worked_.at, entity.patient, entity.kind, entity.id, entity.version + 1, worked_.reason});
    }
    additions.audit = worked_.audit;
  }
  void look(Pipeline& line) override {
    entities_.look(line, worked_.entities);
    ledgers_.look(line, worked_.ledger);
    outcomes_.look(line, worked_.inbox);
  }
  std::optional<Error> verdict(const Pipeline& line) const override {
    if (auto found = entities_.verdict(line, worked_.entities)) return found;
    if (auto found = ledgers_.verdict(line, worked_.ledger)) return found;
    return outcomes_.verdict(line, worked_.inbox);
  }

 private:
  const flow::Worked& worked_;
  const Keyring& keys_;
  Entities entities_;
  LedgersStand ledgers_;
  Outcomes outcomes_;
};

class KeepCopy final : public Job {
 public:
  KeepCopy(const flow::ResourceCopy& copy, const Keyring& keys) : copy_(copy), copies_(keys) {}
  std::vector<std::string> decides_by() const override { return {key_of(copy_)}; }
  void ask(Pipeline& line) override { copies_.ask(line, {&copy_}); }
  void write(Pipeline& line) override {
    copies_.hear(line);
    const auto held = copies_.held(copy_);
    if (!held || !is_older(copy_, *held)) copies_.replace(copy_, std::nullopt);
    copies_.write(line);
  }

 private:
  const flow::ResourceCopy& copy_;
  CopyBook copies_;
};

class Note final : public Job {
 public:
  explicit Note(const flow::AuditEntry& entry) : entry_(entry) {}
  void write(Pipeline&) override { additions.audit = {entry_}; }

 private:
  const flow::AuditEntry& entry_;
};

class Nothing final : public Job {};  // the transaction itself writes the session's row

class PostgresStore final : public flow::Store {
 public:
  PostgresStore(const std::string& url, const PostgresOptions& options)
      : keys_(options.keys),
        leases_(options.replicas.name.empty() ? nullptr
                                              : std::make_unique<DatabaseLeases>(
                                                    url, LeaseOptions{options.replicas.name, options.replicas.lease})),
        writes_(url, times_of(options), leases_.get(), options.settle_timeout, options.writers),
        reads_(url, times_of(options), options.readers) {}

  static Times times_of(const PostgresOptions& options) {
    Times times;
    times.connect = options.connect_timeout;
    times.answer = options.answer_timeout;
    // A replica that stands still must not hold up the others for longer than its lease.
    if (!options.replicas.name.empty()) times.idle = std::min(times.idle, options.replicas.lease);
    return times;
  }

  Result<void> open(const std::string& url, const PostgresOptions& options) {
    BHI_TRY(const auto connection, Connection::open(url, times_of(options)));
    BHI_CHECK(migrate(*connection, migrations()));
    BHI_CHECK(check_keys(*connection, keys_));
    return writes_.connect();
  }

  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    Accept job(batch, keys_);
    BHI_CHECK(writes_.run(job));
    return job.outcome();
  }
  Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) override {
    return read([&](Pipeline& line) { return find_cursor(line, source, name); });
  }
  Result<std::vector<flow::Cursor>> cursors(std::string_view source, std::string_view name_prefix) override {
    return read([&](Pipeline& line) { return cursors_named(line, source, name_prefix); });
  }

  Result<std::vector<std::string>> pending_lanes(std::size_t limit) override {
    return read([&](Pipeline& line) { return lanes_with_work(line, limit, parts()); });
  }
  Result<std::vector<flow::InboxItem>> pending(std::string_view lane, std::size_t limit) override {
    return read([&](Pipeline& line) { return pending_of(line, keys_, lane, limit); });
  }
  Result<void> commit(const flow::Worked& worked) override {
    Commit job(worked, keys_);
    return writes_.run(job);
  }
  Result<std::vector<InboxRow>> inbox(flow::InboxState state, std::size_t limit, std::int64_t before) override {
    return read([&](Pipeline& line) { return inbox_in(line, keys_, state, limit, before); });
  }
  Result<std::size_t> requeue(std::int64_t seq) override {
    Requeue job(seq);
    BHI_CHECK(writes_.run(job));
    return job.moved();
  }
  Result<std::size_t> requeue_waiting(std::string_view reason) override {
    Requeue job(reason);
    BHI_CHECK(writes_.run(job));
    return job.moved();
  }
  Result<std::optional<flow::InboxState>> unread_consent(std::string_view lane) override {
    return read([&](Pipeline& line) { return find_unread_consent(line, lane); });
  }

  Result<std::optional<flow::ResourceCopy>> resource(std::string_view source, std::string_view type,
                                                     std::string_view id) override {
    return read([&](Pipeline& line) { return find_copy(line, keys_, source, type, id); });
  }
  Result<std::optional<flow::ResourceCopy>> canonical(std::string_view source, std::string_view url) override {
    return read([&](Pipeline& line) { return find_canonical(line, keys_, source, url); });
  }
  Result<void> keep_copy(const flow::ResourceCopy& copy) override {
    KeepCopy job(copy, keys_);
    return writes_.run(job);
  }

  Result<std::vector<flow::StoredEntity>> record(std::string_view patient) override {
    return read([&](Pipeline& line) { return record_of(line, keys_, patient); });
  }
  Result<std::optional<flow::StoredEntity>> entity(std::string_view kind, std::string_view id) override {
    return read([&](Pipeline& line) { return find_entity(line, keys_, kind, id); });
  }
  Result<flow::Listing> list(std::string_view kind, std::string_view after, std::size_t limit) override {
    return read([&](Pipeline& line) { return list_entities(line, keys_, kind, after, limit); });
  }
  Result<std::vector<flow::StoredEntity>> entities_of(std::string_view patient, std::string_view kind) override {
    return read([&](Pipeline& line) { return entities_of_kind(line, keys_, patient, kind); });
  }

  Result<std::vector<flow::Event>> events(std::int64_t after, std::size_t limit) override {
    return read([&](Pipeline& line) { return events_after(line, after, limit); });
  }
  Result<flow::EventSpan> event_span() override {
    return read([](Pipeline& line) { return span_of_events(line); });
  }
  Result<std::size_t> forget_events(Instant before) override {
    ForgetEvents job(before);
    BHI_CHECK(writes_.run(job));
    return job.gone();
  }
  Result<flow::Forgotten> forget_settled(Instant before, std::size_t limit) override {
    ForgetSettled job(before, limit);
    BHI_CHECK(writes_.run(job));
    return job.gone();
  }
  Result<std::uint64_t> bytes_in_use() override {
    return read([](Pipeline& line) { return postgres::bytes_in_use(line); });
  }

  Result<std::optional<flow::Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                             std::string_view care_id) override {
    return read([&](Pipeline& line) { return find_ledger(line, keys_, destination, artifact, care_id); });
  }
  Result<std::optional<flow::Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                                std::string_view id) override {
    return read([&](Pipeline& line) { return find_ledger_of(line, keys_, destination, type, id); });
  }

  Result<flow::AtHand> at_hand(const flow::OutboxItem& item, std::string_view kind,
                               std::span<const std::string> artifacts) override {
    return read([&](Pipeline& line) { return postgres::at_hand(line, keys_, item, kind, artifacts); });
  }
  Result<std::vector<flow::OutboxItem>> due(Instant now, std::size_t limit) override {
    return read([&](Pipeline& line) { return due_items(line, keys_, now, limit, parts()); });
  }
  Result<std::vector<flow::OutboxItem>> outbox(std::string_view patient, std::size_t limit) override {
    return read([&](Pipeline& line) { return outbox_of(line, keys_, patient, limit); });
  }
  Result<std::optional<flow::OutboxItem>> outbox_item(std::int64_t seq) override {
    return read([&](Pipeline& line) { return outbox_at(line, keys_, seq); });
  }
  Result<std::vector<flow::OutboxItem>> outbox_in(const std::vector<flow::OutboxState>& states, std::int64_t before,
                                                  std::size_t limit) override {
    return read([&](Pipeline& line) { return postgres::outbox_in(line, keys_, states, before, limit); });
  }
  Result<void> mark_sent(const flow::OutboxItem& item, const flow::AuditEntry& audit) override {
    MarkSent job(item, audit, keys_);
    return writes_.run(job);
  }
  Result<void> settle(const flow::Settled& settled) override {
    Settle job(settled, keys_);
    return writes_.run(job);
  }
  // Of replicas, each looks up what was being sent when it takes a partition over, and nothing at its start.
  Result<std::size_t> recover() override {
    if (leases_) return std::size_t{0};
    Recover job;
    BHI_CHECK(writes_.run(job));
    return job.moved();
  }

  Result<Counts> counts(Instant now) override {
    return read([&](Pipeline& line) { return count_all(line, now); });
  }
  Result<void> audit(const flow::AuditEntry& entry) override {
    Note job(entry);
    return writes_.run(job);
  }
  Result<std::vector<flow::AuditRow>> audit_trail(std::int64_t after, std::size_t limit) override {
    return read([&](Pipeline& line) { return audit_rows(line, after, limit); });
  }

  flow::Leases* leases() override { return leases_.get(); }

  // Writes for real, as on SQLite; a write that just went well is as good.
  Result<void> check() override {
    if (writes_.wrote_lately()) return {};
    Nothing job;
    return writes_.run(job);
  }

 private:
  // A connection that was lost since it was last used is no reason to fail: reading can be done twice.
  template <typename Read>
  auto read(const Read& job) -> std::invoke_result_t<Read, Pipeline&> {
    for (int attempt = 0;; ++attempt) {
      BHI_TRY(const auto on, reads_.borrow());
      Pipeline line(*on);
      auto answer = job(line);
      if (answer || !on->broken() || attempt == 1) return answer;
      reads_.forget_idle();
    }
  }

  // Whose lanes are ours by now.
  Parts parts() const { return leases_ ? Parts{false, leases_->partitions()} : Parts{}; }

  const Keyring keys_;
  const std::unique_ptr<DatabaseLeases> leases_;  // null: nobody shares the work
  Writer writes_;
  ReadPool reads_;
};

}  // namespace

}  // namespace postgres

Result<std::unique_ptr<flow::Store>> open_postgres(const std::string& url, const PostgresOptions& options) {
  auto store = std::make_unique<postgres::PostgresStore>(url, options);
  BHI_CHECK(store->open(url, options));
  return std::unique_ptr<flow::Store>(std::move(store));
}

}  // namespace bhi::store
