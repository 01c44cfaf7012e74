// A store that is watched: how long durable writes take, and whether our own side broke. After a Fault nothing is asked
// of the store any more (on a failed fsync a second try can lie), and the daemon ends.
#pragma once

#include "flow/ports.h"
#include "service/metrics.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace bhi::service {

class WatchedStore : public flow::Store {
 public:
  // `metrics` outlives the store. `on_fault` is called once, from the thread that met the fault; `on_change` after each
  // commit that changed the care model, from the thread that made it.
  WatchedStore(std::unique_ptr<flow::Store> store, Metrics& metrics, std::function<void(const Error&)> on_fault,
               std::function<void()> on_change = {})
      : store_(std::move(store)), metrics_(metrics), on_fault_(std::move(on_fault)), on_change_(std::move(on_change)) {}

  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override;
  Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) override;
  Result<std::vector<flow::Cursor>> cursors(std::string_view source, std::string_view name_prefix) override;
  Result<std::vector<std::string>> pending_lanes(std::size_t limit) override;
  Result<std::vector<flow::InboxItem>> pending(std::string_view lane, std::size_t limit) override;
  Result<void> commit(const flow::Worked& worked) override;
  Result<std::vector<InboxRow>> inbox(flow::InboxState state, std::size_t limit, std::int64_t before) override;
  Result<std::size_t> requeue(std::int64_t seq) override;
  Result<std::size_t> requeue_waiting(std::string_view reason) override;
  Result<std::optional<flow::InboxState>> unread_consent(std::string_view lane) override;
  Result<std::optional<flow::ResourceCopy>> resource(std::string_view source, std::string_view type,
                                                     std::string_view id) override;
  Result<std::optional<flow::ResourceCopy>> canonical(std::string_view source, std::string_view url) override;
  Result<void> keep_copy(const flow::ResourceCopy& copy) override;
  Result<std::vector<flow::StoredEntity>> record(std::string_view patient) override;
  Result<std::optional<flow::StoredEntity>> entity(std::string_view kind, std::string_view id) override;
  Result<flow::Listing> list(std::string_view kind, std::string_view after, std::size_t limit) override;
  Result<std::vector<flow::StoredEntity>> entities_of(std::string_view patient, std::string_view kind) override;
  Result<std::vector<flow::Event>> events(std::int64_t after, std::size_t limit) override;
  Result<flow::EventSpan> event_span() override;
  Result<std::size_t> forget_events(Instant before) override;
  Result<flow::Forgotten> forget_settled(Instant before, std::size_t limit) override;
  Result<std::uint64_t> bytes_in_use() override;
  Result<std::uint64_t> give_back(std::uint64_t at_most) override;
  Result<std::optional<flow::Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                             std::string_view care_id) override;
  Result<std::optional<flow::Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                                std::string_view id) override;
  Result<flow::AtHand> at_hand(const flow::OutboxItem& item, std::string_view kind,
                               std::span<const std::string> artifacts) override;
  Result<std::vector<flow::OutboxItem>> due(Instant now, std::size_t limit) override;
  Result<std::vector<flow::OutboxItem>> outbox(std::string_view patient, std::size_t limit) override;
  Result<std::optional<flow::OutboxItem>> outbox_item(std::int64_t seq) override;
  Result<std::vector<flow::OutboxItem>> outbox_in(const std::vector<flow::OutboxState>& states, std::int64_t before,
                                                  std::size_t limit) override;
  Result<void> mark_sent(const flow::OutboxItem& item, const flow::AuditEntry& audit) override;
  Result<void> settle(const flow::Settled& settled) override;
  Result<std::size_t> recover() override;
  Result<Counts> counts(Instant now) override;
  Result<std::vector<flow::AuditRow>> audit_trail(std::int64_t after, std::size_t limit) override;
  Result<void> audit(const flow::AuditEntry& entry) override;
  Result<void> check() override;
  flow::Leases* leases() override { return store_->leases(); }

 private:
  template <typename Ask>
  auto read(Ask ask) -> decltype(ask());
  template <typename Act>
  auto write(const char* act, Act run) -> decltype(run());

  std::unique_ptr<flow::Store> store_;
  Metrics& metrics_;
  std::function<void(const Error&)> on_fault_;
  std::function<void()> on_change_;
  std::atomic<bool> broken_{false};
};

}  // namespace bhi::service
