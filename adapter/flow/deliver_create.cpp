#include "fhir/bundle.h"
#include "flow/alike.h"
#include "flow/delivery.h"
#include "flow/find_ours.h"
#include "flow/held.h"
#include "flow/labels.h"

#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

Result<Step> Delivery::create(const Artifact& artifact, const Node& ours) {
  const std::string type(artifact.type);
  const TypeCapability* capability = capability_of(type);
  if (capability != nullptr && !capability->create && !capability->create_withheld.empty()) {
    return Step(closed(type + " create", type + " create: " + capability->create_withheld));
  }
  if (capability == nullptr || !capability->create)
    return Step(closed(type + " create", type + " create is not declared by the EHR"));
  const std::string condition =
      capability->conditional_create ? "identifier=" + engine_.identifier_system() + "|" + identifier_of(artifact) : "";
  const Node document = with_labels(ours, verdict_.labels, arena_);
  const std::string body = fhir::write_json(document);

  BHI_TRY(auto found, look_up(artifact, ours, *capability));
  if (found) return *std::move(found);
  if (only_if_there_) {
    return Step(Fate{OutboxState::Superseded, "over before it was written", std::nullopt, true});
  }
  if (taken_back() && standing_.empty()) {
    const bool in_error = entity().text_of("status") == "entered-in-error";
    return Step(Fate{OutboxState::Superseded,
                     std::string(in_error ? "entered in error" : "taken back") + " before it was written", std::nullopt,
                     true});
  }
  const std::string rung = type + " create";
  BHI_CHECK(announce(document, ours, rung));
  const Answer answer = ehr_.create(type, body, condition);
  if (answer.what == Answer::What::Conflict && !condition.empty()) {  // 412: several match the condition?
    uncertain_ = true;
    formers_ = lines_of_sent(item_.sent);
    sent_before_ = std::move(formers_.front());
    formers_.erase(formers_.begin());
    BHI_TRY(auto there, look_up(artifact, ours, *capability));
    if (there) return *std::move(there);
  }
  if (answer.what != Answer::What::Done) return Step(with_policy(fate_of(answer, rung), answer, rung));
  const DocumentPtr there = answer.body ? answer.body : read_back(*capability, type, answer);
  // 200 instead of 201: the condition found one that was there before. https://hl7.org/fhir/R4/http.html#ccreate
  if (answer.status == 200 && !condition.empty() && there) {
    return adopt(artifact, ours, there->root());
  }
  return Step(in_place(artifact, answer, there, with_id(ours, answer.id)));
}

Result<std::optional<Step>> Delivery::look_up(const Artifact& artifact, const Node& ours,
                                              const TypeCapability& capability) {
  using Answered = std::optional<Step>;
  const std::string type(artifact.type);
  const bool by_identifier = can_find(capability);
  BHI_TRY(const auto sent, sent_of(artifact));
  const bool doubtful = uncertain_ && (sent || sent_before_.empty());  // else it was another resource of the item
  if (!doubtful && (capability.conditional_create || !by_identifier)) return Answered();
  Found::What what = Found::What::NotHonoured;
  if (by_identifier) {
    auto found = find_ours(ehr_, type, engine_.identifier_system(), identifier_of(artifact));
    read_audit(type, found.ok());
    if (!found) return Answered(fate_of(found.error(), doubtful));
    what = found->what;
    if (what == Found::What::Several) return Answered(parked("several " + type + " at the EHR carry our identifier"));
    if (what == Found::What::One) {
      BHI_TRY(Step adopted, adopt(artifact, ours, *found->resource));
      return Answered(std::move(adopted));
    }
  }
  if (!doubtful) return Answered();
  // That nothing carries our identifier proves nothing of an EHR that does not keep it.
  BHI_TRY(auto alike, look_for_alike(artifact, ours, capability));
  if (alike || what == Found::What::None || !searches_for(ours, context_.patient, capability).empty()) {
    if (alike || looked_before_ || capability.conditional_create) return alike;
    return Answered(look_again(type));
  }
  const std::string why = by_identifier
                              ? " ignores a search of " + type + " by identifier and cannot search it by patient"
                              : " can search " + type + " neither by identifier nor by patient";
  return Answered(parked("outcome unknown, and the EHR" + why));
}

Result<Step> Delivery::adopt(const Artifact& artifact, const Node& ours, const Node& resource) {
  Ledger ledger = blank(artifact);
  ledger.id = resource.text_of("id");
  if (!fhir::is_safe_id(ledger.id)) return Step(parked(ledger.type + " at the EHR has no usable id"));
  ledger.version = version_of(resource);
  BHI_TRY(const auto sent, sent_of(artifact));
  if (sent) {  // it was made from what we sent then; whatever differs from that is an edit
    BHI_TRY(const Node origin, made_from(*sent, resource));
    ledger.rendered = fhir::write_json(origin);
    ledger.held = fhir::write_json(with_meta_of(with_id(origin, ledger.id), resource, arena_));
  } else {  // nobody knows what it was made from: what it says is the base
    ledger.held = fhir::write_json(resource);
    if (not_kept(ours, resource).empty()) {
      ledger.rendered = fhir::write_json(ours);
    } else if (artifact.follow == Follow::Replace) {  // of another day: does it say what is to be said?
      const Node bare =
          fhir::without(fhir::without(resource, fhir::intern("id"), arena_), fhir::intern("meta"), arena_);
      const std::string former = fhir::write_json(bare);
      BHI_TRY(const bool same, says_the_same(artifact, former));
      if (same) ledger.rendered = former;
    }
  }
  BHI_CHECK(keep(ledger));
  if (artifact.follow != Follow::Update) {
    // It carries the identifier of this very version, or nobody knows what was told: not told twice.
    const bool told = !context_.id.empty() || (artifact.follow == Follow::Tell && ledger.rendered.empty());
    if (told) return Step(nothing_to_change(std::move(ledger)));
    return again(artifact, std::move(ledger));
  }
  BHI_TRY(DocumentPtr theirs, fhir::read_json(fhir::write_json(resource)));
  return bring_up_to_date(artifact, ours, std::move(ledger), std::move(theirs));
}

}  // namespace bhi::flow
