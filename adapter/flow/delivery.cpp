#include "flow/delivery.h"

#include "flow/deliver.h"
#include "flow/held.h"
#include "flow/receive.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

std::string note_on(const Ledger& ledger) {
  std::string note = ledger.type + "/" + ledger.id;
  if (!ledger.version.empty()) note += " version " + ledger.version;
  return note;
}

std::string first_few(const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(paths.size(), 3); ++i) text += (i == 0 ? "" : ", ") + paths[i];
  if (paths.size() > 3) text += " and " + std::to_string(paths.size() - 3) + " more";
  return text;
}

Placed Delivery::in_place(const Artifact& artifact, const Node& ours, const Answer& answer, const DocumentPtr& there,
                          const Node& sent) const {
  const Node& held = there ? there->root() : sent;
  Placed placed;
  placed.ledger = blank(artifact);
  placed.ledger.id = answer.id;
  placed.ledger.version = answer.version.empty() ? std::string(version_of(held)) : answer.version;
  placed.ledger.care_version = care_version_;
  placed.ledger.held = fhir::write_json(held);
  placed.ledger.rendered = fhir::write_json(ours);
  placed.ledger.hash = fhir::content_hash(held);
  placed.note = note_on(placed.ledger);
  if (!there) {
    placed.note += ", not read back";
    return placed;
  }
  if (const auto missing = not_kept(sent, held); !missing.empty()) {
    placed.note += "; the EHR did not keep as written: " + first_few(missing);
  }
  placed.copy = copy_of(held, item_.destination);
  if (placed.copy->version.empty()) placed.copy->version = placed.ledger.version;
  return placed;
}

DocumentPtr Delivery::read_back(const TypeCapability& capability, const std::string& type, const Answer& answer) {
  if (!capability.read) return nullptr;
  auto read = ehr_.read(type, answer.id);
  read_audit(type + "/" + answer.id, read.ok());
  if (!read) return nullptr;  // it is done; that it cannot be read now changes nothing
  // A version after ours holds somebody's edit. It is not what we wrote; the next poll brings it as news.
  const bool newer = !answer.version.empty() && version_of((*read)->root()) != answer.version;
  return newer ? nullptr : *std::move(read);
}

Node Delivery::with_id(const Node& resource, std::string_view id) {
  return fhir::with(resource, fhir::intern("id"), Node::string(arena_.copy(id)), arena_);
}

Ledger Delivery::blank(const Artifact& artifact) const {
  Ledger ledger;
  ledger.destination = item_.destination;
  ledger.artifact = artifact.name;
  ledger.care_id = item_.care_id;
  ledger.type = artifact.type;
  return ledger;
}

std::string Delivery::subject() const {
  return std::string(artifact_ ? artifact_->kind : "outbox") + "/" + item_.care_id;
}

void Delivery::read_audit(std::string what, bool ok) {
  audit_.push_back({"read", item_.destination, std::move(what), ok ? "ok" : "failed", now_});
}

Result<void> Delivery::announce(const Node& document, const Node& ours, const std::string& rung) {
  item_.state = OutboxState::Sent;
  ++item_.attempts;
  item_.request_hash = fhir::content_hash(document);
  item_.sent = fhir::write_json(ours);
  item_.reason = rung;
  return store_.mark_sent(item_, {"send", item_.destination, subject(), rung, now_});
}

Result<std::optional<Node>> Delivery::sent_of(const Artifact& artifact) {
  if (sent_before_.empty()) return std::optional<Node>();
  BHI_TRY(const auto sent, fhir::read_json(sent_before_));
  if (fhir::resource_type(sent->root()) != artifact.type) return std::optional<Node>();  // the item's other resource
  return std::optional(fhir::copy(sent->root(), arena_));
}

Result<void> Delivery::keep(const Ledger& ledger) {
  Worked worked;
  worked.ledger.push_back(ledger);
  return store_.commit(worked);
}

Result<void> Delivery::keep(const Placed& placed) {
  if (placed.copy) BHI_CHECK(store_.keep_copy(*placed.copy));
  Worked worked;
  worked.ledger.push_back(placed.ledger);
  worked.audit.push_back({"settle", item_.destination, subject(), placed.note, now_});
  return store_.commit(worked);
}

Result<void> Delivery::hand_over(const Node& resource) {
  BHI_TRY(Received received, receive(resource, item_.destination, "poll", now_));
  Accepted batch;
  batch.items = std::move(received.items);
  if (batch.items.empty()) return {};
  BHI_TRY(const AcceptOutcome outcome, store_.accept(batch));
  static_cast<void>(outcome);
  return {};
}

// A store that is busy for a moment must not leave the item behind as sent: nobody would touch it until a restart.
Result<void> Delivery::record(const Settled& settled) {
  constexpr int kTries = 3;  // the store itself waits a while in each
  for (int attempt = 1;; ++attempt) {
    auto done = store_.settle(settled);
    if (done.ok() || attempt == kTries || done.error().kind != Kind::Unavailable) return done;
  }
}

Result<OutboxItem> Delivery::settle(const Fate& fate) {
  item_.state = fate.state;
  item_.reason = fate.reason;
  if (fate.nothing_happened) {
    item_.request_hash.clear();
    item_.sent.clear();
  }
  if (fate.state == OutboxState::RetryAt || fate.state == OutboxState::Unknown) {
    const auto own = retry_delay(item_.attempts, item_.destination + "|" + std::to_string(item_.seq));
    item_.not_before = now_ + std::max(own, std::chrono::milliseconds(fate.wait_ms.value_or(0)));
  }
  Settled settled;
  settled.item = item_;
  settled.audit = std::move(audit_);
  settled.audit.push_back({fate.state == OutboxState::Parked ? "park" : "settle", item_.destination, subject(),
                           std::string(name(item_.state)) + ": " + item_.reason, now_});
  BHI_CHECK(record(settled));
  return item_;
}

Result<OutboxItem> Delivery::settle(const Placed& placed) {
  item_.state = OutboxState::Verified;
  item_.sent.clear();
  item_.reason = placed.note;
  Settled settled;
  settled.item = item_;
  settled.ledger = placed.ledger;
  settled.copy = placed.copy;
  settled.audit = std::move(audit_);
  settled.audit.push_back({"settle", item_.destination, subject(), "verified: " + placed.note, now_});
  BHI_CHECK(record(settled));
  // After the ledger, so that the lane finds the bases it must join with. If we die in between, the next poll brings
  // it.
  if (placed.news) BHI_CHECK(hand_over(placed.news->root()));
  return item_;
}

}  // namespace bhi::flow
