#include "base/hash.h"
#include "flow/bases.h"
#include "flow/delivery.h"
#include "flow/held.h"
#include "flow/merge.h"

#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

namespace {

constexpr int kUpdateTries = 3;

Result<Step> unreadable(const Error& error) {
  if (error.kind == Kind::Incorrect) return Step(parked(error.message));
  return error;
}

// Somebody's edit went into what we have just written. The care model does not know of it yet; so the old bases stay,
// and the result is handed over as news.
void keep_bases(Placed& placed, const Ledger& old, const DocumentPtr& there) {
  placed.ledger.held = old.held;
  placed.ledger.rendered = old.rendered;
  placed.ledger.hash.clear();
  placed.copy.reset();
  placed.news = there;
}

}  // namespace

Result<Step> Delivery::update(const Artifact& artifact, const Node& ours, Ledger ledger) {
  if (!uncertain_ && !ledger.held.empty()) {
    const auto bases = bases_of(engine_, store_, artifact, ledger, context_, ours, ours, now_, arena_);
    if (!bases) return unreadable(bases.error());
    if (fhir::same(bases->before, ours)) return Step(nothing_to_change(std::move(ledger)));
  }
  const std::string rung = ledger.type + " update";
  const TypeCapability* capability = capabilities_.of(ledger.type);
  for (int attempt = 0; attempt < kUpdateTries; ++attempt) {
    BHI_TRY(auto current, current_of(ledger, capability));
    if (const Fate* fate = std::get_if<Fate>(&current)) return Step(*fate);
    const DocumentPtr theirs = std::get<DocumentPtr>(current);
    const auto bases = bases_of(engine_, store_, artifact, ledger, context_, ours, theirs->root(), now_, arena_);
    if (!bases) return unreadable(bases.error());
    const Merged merged = merge(bases->before, ours, bases->held, theirs->root(), arena_);
    if (!merged.conflicts.empty()) {
      BHI_CHECK(hand_over(theirs->root()));
      return Step(parked("edited at the EHR: " + first_few(merged.conflicts)));
    }
    const bool edited_there = fhir::content_hash(theirs->root()) != fhir::content_hash(bases->held);
    if (!merged.changed) return Step(already_there(ours, std::move(ledger), theirs, edited_there));
    if (capability == nullptr || !capability->update) return Step(parked(rung + " is not declared by the EHR"));

    Node document = with_identifier(merged.document, engine_.identifier_system(),
                                    identifier_value(artifact.name, item_.care_id), arena_);
    document = without_stale_narrative(document, arena_);
    const std::string body = fhir::write_json(document);
    std::string version(version_of(theirs->root()));
    if (version.empty() && ledger.hash == fhir::content_hash(theirs->root())) version = ledger.version;
    BHI_CHECK(announce(to_hex(sha256("PUT " + ledger.type + "/" + ledger.id + " " + version + "\n" + body)), rung));
    const Answer answer = ehr_.update(ledger.type, ledger.id, body, version);
    if (answer.what == Answer::What::Conflict) continue;
    if (answer.what != Answer::What::Done) return Step(fate_of(answer, rung));
    const DocumentPtr there = answer.body ? answer.body : read_back(*capability, ledger.type, answer);
    Placed placed = in_place(artifact, ours, answer, there, document);
    if (edited_there && artifact.name == "care-plan") keep_bases(placed, ledger, there);
    return Step(std::move(placed));
  }
  return Step(Fate{OutboxState::RetryAt, rung + ": changed at the EHR again and again", std::nullopt, true});
}

Result<std::variant<DocumentPtr, Fate>> Delivery::current_of(const Ledger& ledger, const TypeCapability* capability) {
  using Current = std::variant<DocumentPtr, Fate>;
  if (capability != nullptr && capability->read) {
    auto read = ehr_.read(ledger.type, ledger.id);
    read_audit(ledger.type + "/" + ledger.id, read.ok());
    if (read) return Current(*std::move(read));
    if (read.error().kind == Kind::NotFound) {
      return Current(parked(ledger.type + " is gone at the EHR: " + read.error().message));
    }
    return Current(fate_of(read.error(), uncertain_));
  }
  if (ledger.held.empty()) {
    return Current(parked(ledger.type + " read is not declared by the EHR, and no copy is at hand"));
  }
  BHI_TRY(auto held, fhir::read_json(ledger.held));
  return Current(std::move(held));
}

Step Delivery::nothing_to_change(Ledger ledger) const {
  Placed placed;
  ledger.care_version = care_version_;
  placed.note = note_on(ledger) + ", nothing to change";
  placed.ledger = std::move(ledger);
  return placed;
}

Step Delivery::already_there(const Node& ours, Ledger ledger, const DocumentPtr& theirs, bool edited_there) const {
  Placed placed;
  ledger.care_version = care_version_;
  ledger.version = version_of(theirs->root());
  placed.note = note_on(ledger) + ", as it was there";
  if (edited_there && ledger.artifact == "care-plan") {
    ledger.hash.clear();
    placed.news = theirs;
  } else {
    ledger.held = fhir::write_json(theirs->root());
    ledger.rendered = fhir::write_json(ours);
    ledger.hash = fhir::content_hash(theirs->root());
    placed.copy = copy_of(theirs->root(), item_.destination);
  }
  placed.ledger = std::move(ledger);
  return placed;
}

}  // namespace bhi::flow
