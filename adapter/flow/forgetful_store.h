// A store that reads what there is and keeps nothing: what it is told lives as long as it does. For dry runs.
#pragma once

#include "flow/ports.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace bhi::flow {

class ForgetfulStore final : public Store {
 public:
  explicit ForgetfulStore(Store& store) : store_(store) {}

  std::vector<AuditEntry> audit_entries;  // all that would have been recorded

  Result<AcceptOutcome> accept(const Accepted&) override { return AcceptOutcome{}; }
  Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) override {
    return store_.cursor(source, name);
  }
  Result<std::vector<Cursor>> cursors(std::string_view source, std::string_view name_prefix) override {
    return store_.cursors(source, name_prefix);
  }
  Result<std::vector<std::string>> pending_lanes(std::size_t limit) override { return store_.pending_lanes(limit); }
  Result<std::vector<InboxItem>> pending(std::string_view lane, std::size_t limit) override {
    return store_.pending(lane, limit);
  }
  Result<void> commit(const Worked& worked) override {
    for (const Ledger& one : worked.ledger) note(one);
    note(worked.audit);
    return {};
  }
  Result<std::vector<InboxRow>> inbox(InboxState state, std::size_t limit, std::int64_t before) override {
    return store_.inbox(state, limit, before);
  }
  Result<std::size_t> requeue(std::int64_t) override { return std::size_t{0}; }
  Result<std::size_t> requeue_waiting(std::string_view) override { return std::size_t{0}; }
  Result<std::optional<InboxState>> unread_consent(std::string_view) override { return std::optional<InboxState>(); }
  Result<std::optional<ResourceCopy>> resource(std::string_view source, std::string_view type,
                                               std::string_view id) override {
    return store_.resource(source, type, id);
  }
  Result<std::optional<ResourceCopy>> canonical(std::string_view source, std::string_view url) override {
    return store_.canonical(source, url);
  }
  Result<void> keep_copy(const ResourceCopy&) override { return {}; }
  Result<std::vector<StoredEntity>> record(std::string_view patient) override { return store_.record(patient); }
  Result<std::optional<StoredEntity>> entity(std::string_view kind, std::string_view id) override {
    return store_.entity(kind, id);
  }
  Result<Listing> list(std::string_view kind, std::string_view after, std::size_t limit) override {
    return store_.list(kind, after, limit);
  }
  Result<std::vector<StoredEntity>> entities_of(std::string_view patient, std::string_view kind) override {
    return store_.entities_of(patient, kind);
  }
  Result<std::vector<Event>> events(std::int64_t after, std::size_t limit) override {
    return store_.events(after, limit);
  }
  Result<EventSpan> event_span() override { return store_.event_span(); }
  Result<std::size_t> forget_events(Instant) override { return std::size_t{0}; }
  Result<Forgotten> forget_settled(Instant, std::size_t) override { return Forgotten{}; }
  Result<std::uint64_t> bytes_in_use() override { return store_.bytes_in_use(); }
  Result<std::optional<Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                       std::string_view care_id) override {
    for (const Ledger& one : ledgers_) {
      if (one.destination == destination && one.artifact == artifact && one.care_id == care_id)
        return std::optional(one);
    }
    return store_.ledger(destination, artifact, care_id);
  }
  Result<std::optional<Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                          std::string_view id) override {
    for (const Ledger& one : ledgers_) {
      if (one.destination == destination && one.type == type && one.id == id) return std::optional(one);
    }
    return store_.ledger_of(destination, type, id);
  }
  Result<std::vector<OutboxItem>> due(Instant now, std::size_t limit) override { return store_.due(now, limit); }
  Result<std::vector<OutboxItem>> outbox(std::string_view patient, std::size_t limit) override {
    return store_.outbox(patient, limit);
  }
  Result<std::optional<OutboxItem>> outbox_item(std::int64_t seq) override { return store_.outbox_item(seq); }
  Result<std::vector<OutboxItem>> outbox_in(const std::vector<OutboxState>& states, std::int64_t before,
                                            std::size_t limit) override {
    return store_.outbox_in(states, before, limit);
  }
  Result<void> mark_sent(const OutboxItem&, const AuditEntry& entry) override {
    audit_entries.push_back(entry);
    return {};
  }
  Result<void> settle(const Settled& settled) override {
    if (settled.ledger) note(*settled.ledger);
    note(settled.audit);
    return {};
  }
  Result<std::size_t> recover() override { return std::size_t{0}; }
  Result<Counts> counts(Instant now) override { return store_.counts(now); }
  Result<void> audit(const AuditEntry& entry) override {
    audit_entries.push_back(entry);
    return {};
  }
  Result<std::vector<AuditRow>> audit_trail(std::int64_t after, std::size_t limit) override {
    return store_.audit_trail(after, limit);
  }
  Result<void> check() override { return store_.check(); }

 private:
  void note(const std::vector<AuditEntry>& entries) {
    audit_entries.insert(audit_entries.end(), entries.begin(), entries.end());
  }
  // Found before the store's own: what a delivery wrote a moment ago.
  void note(const Ledger& ledger) {
    std::erase_if(ledgers_, [&](const Ledger& one) {
      return one.destination == ledger.destination && one.artifact == ledger.artifact && one.care_id == ledger.care_id;
    });
    ledgers_.push_back(ledger);
  }

  Store& store_;
  std::vector<Ledger> ledgers_;
};

}  // namespace bhi::flow
