#include "flow/delivery.h"

#include "flow/deliver.h"
#include "flow/held.h"
#include "flow/receive.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

std::string note_on(const Ledger& ledger) {
  std::string note = ledger.type + "/" + ledger.id;
  if (!ledger.version.empty()) note += " version " + ledger.version;
  return note;
}

namespace {
constexpr std::string_view kNotKept = "; the EHR did not keep as written: ";
constexpr std::size_t kShownPaths = 3;
}  // namespace

// "a, b, c and 4 more" behind the words: counted as it was written down.
std::size_t paths_not_kept(const OutboxItem& settled) {
  const std::string_view reason = settled.reason;
  std::size_t count = 0;
  for (std::size_t at = reason.find(kNotKept); at != std::string_view::npos; at = reason.find(kNotKept, at)) {
    at += kNotKept.size();
    const std::string_view list = reason.substr(at, reason.find(';', at) - at);
    count += 1 + static_cast<std::size_t>(std::ranges::count(list, ','));
    if (const auto more = list.find(" and "); more != std::string_view::npos) {
      std::size_t left = 0;
      std::from_chars(list.data() + more + 5, list.data() + list.size(), left);
      count += left;
    }
  }
  return count;
}

std::string first_few(const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t i = 0; i < std::min(paths.size(), kShownPaths); ++i) text += (i == 0 ? "" : ", ") + paths[i];
  if (paths.size() > kShownPaths) text += " and " + std::to_string(paths.size() - kShownPaths) + " more";
  return text;
}

namespace {

// "CarePlan create refused: 405 not-supported; DocumentReference/1 version 1"
std::string with_refusals(const std::vector<std::string>& refusals, const std::string& reason) {
  std::string text;
  for (const std::string& one : refusals) text += one + "; ";
  return text + reason;
}

}  // namespace

Placed Delivery::in_place(const Artifact& artifact, const Answer& answer, const DocumentPtr& there,
                          const Node& sent) const {
  const Node& held = there ? there->root() : sent;
  const ResourceCopy copy = copy_of(held, item_.destination);
  Placed placed;
  placed.ledger = blank(artifact);
  placed.ledger.id = answer.id;
  placed.ledger.version = answer.version.empty() ? std::string(version_of(held)) : answer.version;
  placed.ledger.care_version = care_version_;
  placed.ledger.held = copy.body;
  placed.ledger.rendered = item_.sent.substr(0, item_.sent.find('\n'));
  placed.ledger.hash = copy.hash;
  placed.note = note_on(placed.ledger);
  if (!there) {
    placed.note += ", not read back";
    return placed;
  }
  if (const auto missing = not_kept(sent, held); !missing.empty()) {
    placed.note += std::string(kNotKept) + first_few(missing);
  }
  placed.copy = copy;
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
  ledger.care_id = care_id();
  ledger.type = artifact.type;
  return ledger;
}

std::string Delivery::identifier_of(const Artifact& artifact) const {
  return identifier_value(artifact.name, context_.id.empty() ? care_id() : context_.id);
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
  item_.sent = sent_and_before(ours);
  item_.reason = rung;
  return store_.mark_sent(item_, {"send", item_.destination, subject(), rung, now_});
}

Result<void> Delivery::keep(const Ledger& ledger) {
  Worked worked;
  worked.ledger.push_back(ledger);
  put_at_hand(ledger);
  return store_.commit(worked);
}

Result<void> Delivery::keep(const Placed& placed) {
  if (placed.copy) BHI_CHECK(store_.keep_copy(*placed.copy));
  if (placed.news) news_.push_back(placed.news);
  Worked worked;
  worked.ledger.push_back(placed.ledger);
  put_at_hand(placed.ledger);
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
  item_.reason = with_refusals(refusals_, fate.reason);
  item_.trouble = fate.trouble;
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
  for (const DocumentPtr& one : news_) BHI_CHECK(hand_over(one->root()));
  return item_;
}

Result<OutboxItem> Delivery::settle(const Placed& placed) {
  item_.state = OutboxState::Verified;
  item_.sent.clear();
  item_.reason = with_refusals(refusals_, placed.note);
  item_.trouble.clear();
  Settled settled;
  settled.item = item_;
  settled.ledger = placed.ledger;
  settled.copy = placed.copy;
  settled.audit = std::move(audit_);
  settled.audit.push_back({"settle", item_.destination, subject(), "verified: " + item_.reason, now_});
  BHI_CHECK(record(settled));
  // After the ledger, so that the lane finds the bases it must join with. If we die in between, the next poll brings
  // it.
  if (placed.news) news_.push_back(placed.news);
  for (const DocumentPtr& one : news_) BHI_CHECK(hand_over(one->root()));
  return item_;
}

}  // namespace bhi::flow
