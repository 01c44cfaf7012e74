#include "flow/bases.h"
#include "flow/delivery.h"
#include "flow/held.h"
#include "flow/label_facts.h"
#include "flow/merge.h"
#include "flow/safety_fields.h"

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

// Somebody's edit is in what the EHR holds, and the care model does not know of it yet. In step with us is what the EHR
// would hold without it: from there the edit is seen as an edit, by the lane that takes it in and by our next delivery.
void keep_apart(Placed& placed, const Node& without_edit, const DocumentPtr& there) {
  placed.ledger.held = fhir::write_json(without_edit);
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
  return bring_up_to_date(artifact, ours, std::move(ledger), nullptr);
}

Result<Step> Delivery::bring_up_to_date(const Artifact& artifact, const Node& ours, Ledger ledger, DocumentPtr theirs) {
  const std::string rung = ledger.type + " update";
  const TypeCapability* capability = capability_of(ledger.type);
  for (int attempt = 0; attempt < kUpdateTries; ++attempt, theirs.reset()) {
    if (!theirs) {
      BHI_TRY(auto current, current_of(ledger, capability));
      if (const Fate* fate = std::get_if<Fate>(&current)) return Step(*fate);
      theirs = std::get<DocumentPtr>(std::move(current));
    }
    auto found = bases_of(engine_, store_, artifact, ledger, context_, ours, theirs->root(), now_, arena_);
    if (!found) return unreadable(found.error());
    BHI_TRY(const Bases bases, after_lost_answer(*found, artifact, theirs->root(), ledger));
    const Merged merged = merge(bases.before, ours, bases.held, theirs->root(), arena_);
    if (!merged.conflicts.empty()) {
      BHI_CHECK(hand_over(theirs->root()));
      return Step(parked("edited at the EHR: " + first_few(merged.conflicts)));
    }
    const bool edited_there = fhir::content_hash(theirs->root()) != fhir::content_hash(bases.held);
    const bool news = edited_there && artifact.name == "care-plan";
    if (const auto asks =
            news && merged.changed ? safety_edits(bases.held, theirs->root()) : std::vector<std::string>();
        !asks.empty()) {
      BHI_CHECK(hand_over(theirs->root()));
      return Step(parked("the safety plan was edited at the EHR: " + first_few(asks)));
    }
    const Node without_edit = merge(bases.before, ours, bases.held, bases.held, arena_).document;
    if (!merged.changed) {
      Placed placed = already_there(ours, std::move(ledger), theirs);
      if (news) keep_apart(placed, with_meta_of(without_edit, theirs->root(), arena_), theirs);
      return Step(std::move(placed));
    }
    if (capability != nullptr && !capability->update && !capability->update_withheld.empty()) {
      return Step(closed(rung, rung + ": " + capability->update_withheld));
    }
    if (capability == nullptr || !capability->update) return Step(closed(rung, rung + " is not declared by the EHR"));

    Node document = with_identifier(merged.document, engine_.identifier_system(), identifier_of(artifact), arena_);
    document = without_stale_narrative(document, arena_);
    if (is_protected(verdict_)) document = with_more_labels(document, verdict_.labels, arena_);
    std::string version(version_of(theirs->root()));
    if (version.empty() && ledger.hash == fhir::content_hash(theirs->root())) version = ledger.version;
    BHI_CHECK(announce(document, ours, rung));
    const Answer answer = ehr_.update(ledger.type, ledger.id, fhir::write_json(document), version);
    if (answer.what == Answer::What::Conflict) continue;
    if (answer.what != Answer::What::Done) return Step(with_policy(fate_of(answer, rung), answer, rung));
    const DocumentPtr there = answer.body ? answer.body : read_back(*capability, ledger.type, answer);
    Placed placed = in_place(artifact, answer, there, document);
    if (!version.empty() && placed.ledger.version == version) placed.note += "; the EHR made no new version";
    if (news) keep_apart(placed, with_meta_of(without_edit, there ? there->root() : document, arena_), there);
    return Step(std::move(placed));
  }
  return Step(
      Fate{OutboxState::RetryAt, rung + ": changed at the EHR again and again", std::nullopt, true, kTransient});
}

Result<Bases> Delivery::after_lost_answer(Bases bases, const Artifact& artifact, const Node& theirs, Ledger& ledger) {
  BHI_TRY(const auto newest, sent_of(artifact));
  if (!uncertain_ || !newest) return bases;
  BHI_TRY(const auto all, all_sent(*newest));
  for (const Node& sent : all) {
    if (fhir::same(bases.before, sent)) return bases;
    const Merged then = merge(bases.before, sent, bases.held, theirs, arena_);
    if (!then.conflicts.empty() || then.changed) continue;
    const Node held = merge(bases.before, sent, bases.held, bases.held, arena_).document;
    const Bases moved{sent, with_meta_of(held, theirs, arena_)};
    // Kept before anything else is sent, since what is sent next takes the place of what we know of this one.
    ledger.rendered = fhir::write_json(moved.before);
    ledger.held = fhir::write_json(moved.held);
    ledger.hash.clear();
    BHI_CHECK(keep(ledger));
    return moved;
  }
  return bases;
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

Placed Delivery::nothing_to_change(Ledger ledger) const {
  Placed placed;
  ledger.care_version = care_version_;
  placed.note = note_on(ledger) + ", nothing to change";
  placed.ledger = std::move(ledger);
  return placed;
}

Placed Delivery::already_there(const Node& ours, Ledger ledger, const DocumentPtr& theirs) const {
  Placed placed;
  ledger.care_version = care_version_;
  ledger.version = version_of(theirs->root());
  ledger.held = fhir::write_json(theirs->root());
  ledger.rendered = fhir::write_json(ours);
  ledger.hash = fhir::content_hash(theirs->root());
  placed.copy = copy_of(theirs->root(), item_.destination);
  placed.note = note_on(ledger) + ", as it was there";
  placed.ledger = std::move(ledger);
  return placed;
}

}  // namespace bhi::flow
