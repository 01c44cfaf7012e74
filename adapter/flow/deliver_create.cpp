#include "base/hash.h"
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
  if (capability == nullptr || !capability->create) return Step(parked(type + " create is not declared by the EHR"));
  const std::string condition = capability->conditional_create ? "identifier=" + engine_.identifier_system() + "|" +
                                                                     identifier_value(artifact.name, item_.care_id)
                                                               : "";
  const std::string body = fhir::write_json(ours);
  const std::string hash = to_hex(sha256("POST " + type + "\n" + body));

  BHI_TRY(auto found, look_up(artifact, ours, *capability, hash));
  if (found) return *std::move(found);
  if (entity().text_of("status") == "entered-in-error") {
    return Step(Fate{OutboxState::Superseded, "entered in error before it was written", std::nullopt, true});
  }
  const std::string rung = type + " create";
  BHI_CHECK(announce(hash, rung));
  const Answer answer = ehr_.create(type, body, condition);
  if (answer.what != Answer::What::Done) return Step(fate_of(answer, rung));
  const DocumentPtr there = answer.body ? answer.body : read_back(*capability, type, answer);
  // 200 instead of 201: the condition found one that was there before. https://hl7.org/fhir/R4/http.html#ccreate
  if (answer.status == 200 && !condition.empty() && there) {
    return adopt(artifact, ours, there->root(), sent_before_ == hash);
  }
  return Step(in_place(artifact, ours, answer, there, with_id(ours, answer.id)));
}

Result<std::optional<Step>> Delivery::look_up(const Artifact& artifact, const Node& ours,
                                              const TypeCapability& capability, const std::string& hash) {
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
      BHI_TRY(Step adopted, adopt(artifact, ours, *found->resource, sent_before_ == hash));
      return Answered(std::move(adopted));
    }
    case Found::What::Several: return Answered(parked("several " + type + " at the EHR carry our identifier"));
    case Found::What::NotHonoured: break;
  }
  if (doubtful) return Answered(parked("outcome unknown, and the EHR ignores a search of " + type + " by identifier"));
  return Answered();
}

Result<Step> Delivery::adopt(const Artifact& artifact, const Node& ours, const Node& resource, bool as_sent) {
  Ledger ledger = blank(artifact);
  ledger.id = resource.text_of("id");
  if (!fhir::is_safe_id(ledger.id)) return Step(parked(ledger.type + " at the EHR has no usable id"));
  ledger.version = version_of(resource);
  ledger.held = fhir::write_json(resource);
  ledger.rendered = fhir::write_json(ours);
  ledger.hash = fhir::content_hash(resource);
  ledger.care_version = care_version_;
  const std::vector<std::string> differing = not_kept(ours, resource);
  if (!differing.empty() && !as_sent) {
    // It was made from an older state of the entity. Of what we render, the EHR's values are the base of the change.
    ledger.rendered = fhir::write_json(projection(resource, ours, arena_));
    return update(artifact, ours, std::move(ledger));
  }
  Placed placed;
  placed.note = note_on(ledger) + ", found at the EHR by our identifier";
  if (!differing.empty() && artifact.name == "care-plan") {
    // Somebody has edited it since, or the EHR words it differently: let the care model look at it.
    ledger.held = fhir::write_json(with_id(ours, ledger.id));
    ledger.hash.clear();
    BHI_TRY(placed.news, fhir::read_json(fhir::write_json(resource)));
  } else {
    placed.copy = copy_of(resource, item_.destination);
  }
  placed.ledger = std::move(ledger);
  return Step(std::move(placed));
}

}  // namespace bhi::flow
