#include "service/watched_store.h"

#include "base/failpoint.h"

namespace bhi::service {

using std::string_view;

template <typename Ask>
auto WatchedStore::read(Ask ask) -> decltype(ask()) {
  // Whoever asked may ask again soon: the daemon ends and starts anew from the log.
  const Error ending{Kind::Unavailable, "the store has failed; the daemon is ending"};
  if (broken_) return ending;
  auto result = ask();
  if (result.ok() || result.error().kind != Kind::Fault) return result;
  if (!broken_.exchange(true)) on_fault_(result.error());
  return ending;
}

template <typename Act>
auto WatchedStore::write(const char* act, Act run) -> decltype(run()) {
  const auto began = std::chrono::steady_clock::now();
  auto result = read(run);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  metrics_.observe(Metric::CommitSeconds, took, {act});
  return result;
}

Result<flow::AcceptOutcome> WatchedStore::accept(const flow::Accepted& batch) {
  failpoint("accept.before");
  auto outcome = write("accept", [&] { return store_->accept(batch); });
  failpoint("accept.after");
  return outcome;
}
Result<std::optional<std::string>> WatchedStore::cursor(string_view source, string_view name) {
  return read([&] { return store_->cursor(source, name); });
}
Result<std::vector<flow::Cursor>> WatchedStore::cursors(string_view source, string_view name_prefix) {
  return read([&] { return store_->cursors(source, name_prefix); });
}
Result<std::vector<std::string>> WatchedStore::pending_lanes(std::size_t limit) {
  return read([&] { return store_->pending_lanes(limit); });
}
Result<std::vector<flow::InboxItem>> WatchedStore::pending(string_view lane, std::size_t limit) {
  return read([&] { return store_->pending(lane, limit); });
}
Result<void> WatchedStore::commit(const flow::Worked& worked) {
  failpoint("work.before");
  auto done = write("commit", [&] { return store_->commit(worked); });
  failpoint("work.after");
  if (done.ok() && !worked.entities.empty() && on_change_) on_change_();
  return done;
}
Result<std::vector<flow::Store::InboxRow>> WatchedStore::inbox(flow::InboxState state, std::size_t limit,
                                                               std::int64_t before) {
  return read([&] { return store_->inbox(state, limit, before); });
}
Result<std::size_t> WatchedStore::requeue(std::int64_t seq) {
  failpoint("requeue.before");
  auto moved = write("requeue", [&] { return store_->requeue(seq); });
  failpoint("requeue.after");
  return moved;
}
Result<std::size_t> WatchedStore::requeue_waiting(string_view reason) {
  return write("requeue", [&] { return store_->requeue_waiting(reason); });
}
Result<std::optional<flow::InboxState>> WatchedStore::unread_consent(string_view lane) {
  return read([&] { return store_->unread_consent(lane); });
}
Result<std::optional<flow::ResourceCopy>> WatchedStore::resource(string_view source, string_view type, string_view id) {
  return read([&] { return store_->resource(source, type, id); });
}
Result<std::optional<flow::ResourceCopy>> WatchedStore::canonical(string_view source, string_view url) {
  return read([&] { return store_->canonical(source, url); });
}
Result<void> WatchedStore::keep_copy(const flow::ResourceCopy& copy) {
  failpoint("keep-copy.before");
  return write("keep_copy", [&] { return store_->keep_copy(copy); });
}
Result<std::vector<flow::StoredEntity>> WatchedStore::record(string_view patient) {
  return read([&] { return store_->record(patient); });
}
Result<std::optional<flow::StoredEntity>> WatchedStore::entity(string_view kind, string_view id) {
  return read([&] { return store_->entity(kind, id); });
}
Result<flow::Listing> WatchedStore::list(string_view kind, string_view after, std::size_t limit) {
  return read([&] { return store_->list(kind, after, limit); });
}
Result<std::vector<flow::StoredEntity>> WatchedStore::entities_of(string_view patient, string_view kind) {
  return read([&] { return store_->entities_of(patient, kind); });
}
Result<std::vector<flow::Event>> WatchedStore::events(std::int64_t after, std::size_t limit) {
  return read([&] { return store_->events(after, limit); });
}
Result<flow::EventSpan> WatchedStore::event_span() {
  return read([&] { return store_->event_span(); });
}
Result<std::size_t> WatchedStore::forget_events(Instant before) {
  return write("forget", [&] { return store_->forget_events(before); });
}
Result<flow::Forgotten> WatchedStore::forget_settled(Instant before, std::size_t limit) {
  failpoint("retention.before");
  auto forgotten = write("forget", [&] { return store_->forget_settled(before, limit); });
  failpoint("retention.after");
  return forgotten;
}
Result<std::uint64_t> WatchedStore::bytes_in_use() {
  return read([&] { return store_->bytes_in_use(); });
}
Result<std::uint64_t> WatchedStore::give_back(std::uint64_t at_most) {
  return write("give_back", [&] { return store_->give_back(at_most); });
}
Result<std::optional<flow::Ledger>> WatchedStore::ledger(string_view destination, string_view artifact,
                                                         string_view care_id) {
  return read([&] { return store_->ledger(destination, artifact, care_id); });
}
Result<std::optional<flow::Ledger>> WatchedStore::ledger_of(string_view destination, string_view type, string_view id) {
  return read([&] { return store_->ledger_of(destination, type, id); });
}
Result<flow::AtHand> WatchedStore::at_hand(const flow::OutboxItem& item, string_view kind,
                                           std::span<const std::string> artifacts) {
  return read([&] { return store_->at_hand(item, kind, artifacts); });
}
Result<std::vector<flow::OutboxItem>> WatchedStore::due(Instant now, std::size_t limit) {
  return read([&] { return store_->due(now, limit); });
}
Result<std::vector<flow::OutboxItem>> WatchedStore::outbox(string_view patient, std::size_t limit) {
  return read([&] { return store_->outbox(patient, limit); });
}
Result<std::optional<flow::OutboxItem>> WatchedStore::outbox_item(std::int64_t seq) {
  return read([&] { return store_->outbox_item(seq); });
}
Result<std::vector<flow::OutboxItem>> WatchedStore::outbox_in(const std::vector<flow::OutboxState>& states,
                                                              std::int64_t before, std::size_t limit) {
  return read([&] { return store_->outbox_in(states, before, limit); });
}
Result<void> WatchedStore::mark_sent(const flow::OutboxItem& item, const flow::AuditEntry& audit_entry) {
  failpoint("mark-sent.before");
  auto done = write("mark_sent", [&] { return store_->mark_sent(item, audit_entry); });
  failpoint("mark-sent.after");
  return done;
}
Result<void> WatchedStore::settle(const flow::Settled& settled) {
  failpoint("settle.before");
  auto done = write("settle", [&] { return store_->settle(settled); });
  failpoint("settle.after");
  return done;
}
Result<std::size_t> WatchedStore::recover() {
  auto marked = write("recover", [&] { return store_->recover(); });
  failpoint("recover.after");
  return marked;
}
Result<flow::Store::Counts> WatchedStore::counts(Instant now) {
  return read([&] { return store_->counts(now); });
}
Result<void> WatchedStore::audit(const flow::AuditEntry& entry) {
  return write("audit", [&] { return store_->audit(entry); });
}
Result<std::vector<flow::AuditRow>> WatchedStore::audit_trail(std::int64_t after, std::size_t limit) {
  return read([&] { return store_->audit_trail(after, limit); });
}
Result<void> WatchedStore::check() {
  return read([&] { return store_->check(); });
}

}  // namespace bhi::service
