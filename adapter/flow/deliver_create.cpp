#include "fhir/bundle.h"
#include "flow/delivery.h"
#include "flow/find_ours.h"
#include "flow/held.h"

#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

Result<Step> Delivery::create(const Artifact& artifact, const Node& ours) {
  const std::string type(artifact.type);
  const TypeCapability* capability = capabilities_.of(type);
  if (capability != nullptr && !capability->create && !capability->create_withheld.empty()) {
    return Step(parked(type + " create: " + capability->create_withheld));
  }
  if (capability == nullptr || !capability->create) return Step(parked(type + " create is not declared by the EHR"));
  const std::string condition = capability->conditional_create ? "identifier=" + engine_.identifier_system() + "|" +
                                                                     identifier_value(artifact.name, item_.care_id)
                                                               : "";
  const Node document = labelled(ours, entity(), arena_);
  const std::string body = fhir::write_json(document);

  BHI_TRY(auto found, look_up(artifact, ours, *capability));
  if (found) return *std::move(found);
  if (entity().text_of("status") == "entered-in-error") {
    return Step(Fate{OutboxState::Superseded, "entered in error before it was written", std::nullopt, true});
  }
  if (type == "CarePlan" && entity().text_of("status") == "revoked") {
    return Step(Fate{OutboxState::Superseded, "taken back before it was written", std::nullopt, true});
  }
  const std::string rung = type + " create";
  BHI_CHECK(announce(document, ours, rung));
  const Answer answer = ehr_.create(type, body, condition);
  if (answer.what != Answer::What::Done) return Step(fate_of(answer, rung));
  const DocumentPtr there = answer.body ? answer.body : read_back(*capability, type, answer);
  // 200 instead of 201: the condition found one that was there before. https://hl7.org/fhir/R4/http.html#ccreate
  if (answer.status == 200 && !condition.empty() && there) {
    return adopt(artifact, ours, there->root());
  }
  return Step(in_place(artifact, ours, answer, there, with_id(ours, answer.id)));
}

Result<std::optional<Step>> Delivery::look_up(const Artifact& artifact, const Node& ours,
                                              const TypeCapability& capability) {
  using Answered = std::optional<Step>;
  const std::string type(artifact.type);
  const bool doubtful = uncertain_ && !capability.conditional_create;
  if (!can_find(capability)) {
    if (doubtful) return Answered(parked("outcome unknown, and the EHR cannot search " + type + " by identifier"));
    return Answered();
  }
  if (!uncertain_ && capability.conditional_create) return Answered();
  auto found = find_ours(ehr_, type, engine_.identifier_system(), identifier_value(artifact.name, item_.care_id));
  read_audit(type, found.ok());
  if (!found) return Answered(fate_of(found.error(), uncertain_));
  switch (found->what) {
    case Found::What::None: return Answered();
    case Found::What::One: {
      BHI_TRY(Step adopted, adopt(artifact, ours, *found->resource));
      return Answered(std::move(adopted));
    }
    case Found::What::Several: return Answered(parked("several " + type + " at the EHR carry our identifier"));
    case Found::What::NotHonoured: break;
  }
  if (doubtful) return Answered(parked("outcome unknown, and the EHR ignores a search of " + type + " by identifier"));
  return Answered();
}

Result<Step> Delivery::adopt(const Artifact& artifact, const Node& ours, const Node& resource) {
  Ledger ledger = blank(artifact);
  ledger.id = resource.text_of("id");
  if (!fhir::is_safe_id(ledger.id)) return Step(parked(ledger.type + " at the EHR has no usable id"));
  ledger.version = version_of(resource);
  BHI_TRY(const auto sent, sent_of(artifact));
  if (sent) {  // it was made from what we sent then; whatever differs from that is an edit
    ledger.rendered = fhir::write_json(*sent);
    ledger.held = fhir::write_json(with_meta_of(with_id(*sent, ledger.id), resource, arena_));
  } else {  // nobody knows what it was made from: what it says is the base
    ledger.held = fhir::write_json(resource);
    if (not_kept(ours, resource).empty()) ledger.rendered = fhir::write_json(ours);
  }
  BHI_CHECK(keep(ledger));
  BHI_TRY(DocumentPtr theirs, fhir::read_json(fhir::write_json(resource)));
  return bring_up_to_date(artifact, ours, std::move(ledger), std::move(theirs));
}

}  // namespace bhi::flow
