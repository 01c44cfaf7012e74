// A store whose process dies at a chosen write: before it, or after it but before anybody hears of it.
#pragma once

#include "flow/ports.h"

#include <string_view>
#include <utility>

namespace bhi::test {

class CrashingStore final : public flow::Store {
 public:
  enum class Moment { Before, After };

  explicit CrashingStore(flow::Store& store) : store_(store) {}

  // The n-th write from now is the last thing that happens.
  void crash_at(int write, Moment moment) {
    writes_left_ = write;
    moment_ = moment;
  }
  bool crashed() const { return crashed_; }

  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    return written<flow::AcceptOutcome>([&] { return store_.accept(batch); });
  }
  Result<void> commit(const flow::Worked& worked) override {
    return written<void>([&] { return store_.commit(worked); });
  }
  Result<void> keep_copy(const flow::ResourceCopy& copy) override {
    return written<void>([&] { return store_.keep_copy(copy); });
  }
  Result<void> mark_sent(const flow::OutboxItem& item, const flow::AuditEntry& audit) override {
    return written<void>([&] { return store_.mark_sent(item, audit); });
  }
  Result<void> settle(const flow::Settled& settled) override {
    return written<void>([&] { return store_.settle(settled); });
  }
  Result<void> audit(const flow::AuditEntry& entry) override {
    return written<void>([&] { return store_.audit(entry); });
  }
  Result<std::size_t> requeue(std::int64_t seq) override { return store_.requeue(seq); }
  Result<std::size_t> requeue_waiting(std::string_view reason) override { return store_.requeue_waiting(reason); }
  Result<std::optional<flow::InboxState>> unread_consent(std::string_view lane) override {
    return store_.unread_consent(lane);
  }
  Result<std::size_t> recover() override { return store_.recover(); }

  Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) override {
    return store_.cursor(source, name);
  }
  Result<std::vector<flow::Cursor>> cursors(std::string_view source, std::string_view name_prefix) override {
    return store_.cursors(source, name_prefix);
  }
  Result<std::vector<std::string>> pending_lanes(std::size_t limit) override { return store_.pending_lanes(limit); }
  Result<std::vector<flow::InboxItem>> pending(std::string_view lane, std::size_t limit) override {
    return store_.pending(lane, limit);
  }
  Result<std::vector<InboxRow>> inbox(flow::InboxState state, std::size_t limit, std::int64_t before) override {
    return store_.inbox(state, limit, before);
  }
  Result<std::optional<flow::ResourceCopy>> resource(std::string_view source, std::string_view type,
                                                     std::string_view id) override {
    return store_.resource(source, type, id);
  }
  Result<std::optional<flow::ResourceCopy>> canonical(std::string_view source, std::string_view url) override {
    return store_.canonical(source, url);
  }
  Result<std::vector<flow::StoredEntity>> record(std::string_view patient) override { return store_.record(patient); }
  Result<std::optional<flow::StoredEntity>> entity(std::string_view kind, std::string_view id) override {
    return store_.entity(kind, id);
  }
  Result<flow::Listing> list(std::string_view kind, std::string_view after, std::size_t limit) override {
    return store_.list(kind, after, limit);
  }
  Result<std::vector<flow::StoredEntity>> entities_of(std::string_view patient, std::string_view kind) override {
    return store_.entities_of(patient, kind);
  }
  Result<std::vector<flow::Event>> events(std::int64_t after, std::size_t limit) override {
    return store_.events(after, limit);
  }
  Result<flow::EventSpan> event_span() override { return store_.event_span(); }
  Result<flow::Forgotten> forget_settled(Instant before, std::size_t limit) override {
    return store_.forget_settled(before, limit);
  }
  Result<std::uint64_t> bytes_in_use() override { return store_.bytes_in_use(); }
  Result<std::size_t> forget_events(Instant before) override { return store_.forget_events(before); }
  Result<std::optional<flow::Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                             std::string_view care_id) override {
    return store_.ledger(destination, artifact, care_id);
  }
  Result<std::optional<flow::Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                                std::string_view id) override {
    return store_.ledger_of(destination, type, id);
  }
  Result<std::vector<flow::OutboxItem>> due(Instant now, std::size_t limit) override { return store_.due(now, limit); }
  Result<std::optional<flow::OutboxItem>> outbox_item(std::int64_t seq) override { return store_.outbox_item(seq); }
  Result<std::vector<flow::OutboxItem>> outbox_in(const std::vector<flow::OutboxState>& states, std::int64_t before,
                                                  std::size_t limit) override {
    return store_.outbox_in(states, before, limit);
  }
  Result<std::vector<flow::AuditRow>> audit_trail(std::int64_t after, std::size_t limit) override {
    return store_.audit_trail(after, limit);
  }
  Result<std::vector<flow::OutboxItem>> outbox(std::string_view patient, std::size_t limit) override {
    return store_.outbox(patient, limit);
  }
  Result<Counts> counts(Instant now) override { return store_.counts(now); }
  Result<void> check() override { return store_.check(); }

 private:
  template <typename T, typename Write>
  Result<T> written(Write write) {
    const bool now = crashed_ || (writes_left_ > 0 && --writes_left_ == 0);
    if (!now) return write();
    const bool first = !std::exchange(crashed_, true);
    if (first && moment_ == Moment::After) static_cast<void>(write());
    return Error{Kind::Fault, "killed"};
  }

  flow::Store& store_;
  int writes_left_ = 0;
  Moment moment_ = Moment::Before;
  bool crashed_ = false;
};

}  // namespace bhi::test
