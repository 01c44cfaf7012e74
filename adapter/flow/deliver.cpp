#include "flow/deliver.h"

#include "fhir/bundle.h"
#include "flow/delivery.h"

#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

Result<OutboxItem> Delivery::run() {
  BHI_TRY(auto fate, prepare());
  if (fate) return settle(*fate);
  BHI_TRY(const Step step, item_.artifact == "screening-result" ? screening() : place(*artifact_));
  if (const Fate* open = std::get_if<Fate>(&step)) return settle(*open);
  return settle(std::get<Placed>(step));
}

Result<std::optional<Fate>> Delivery::prepare() {
  artifact_ = find_artifact(item_.artifact);
  if (artifact_ == nullptr) return std::optional<Fate>({OutboxState::Dead, "no such artifact", std::nullopt, true});
  BHI_TRY(const auto stored, store_.entity(artifact_->kind, item_.care_id));
  if (!stored) return std::optional<Fate>({OutboxState::Dead, "the care model does not hold it", std::nullopt, true});
  care_version_ = stored->version;
  BHI_TRY(entity_, fhir::read_json(stored->body));
  // Checked at the moment of sending, whatever was decided when it was queued.
  if (is_substance_use(entity())) {
    return std::optional(parked("substance-use data waits for a consent that covers it"));
  }
  BHI_TRY(const auto ledger, store_.ledger(item_.destination, item_.artifact, item_.care_id));
  if (ledger && !ledger->id.empty() && item_.care_version <= ledger->care_version && !uncertain_) {
    return std::optional<Fate>({OutboxState::Superseded, "the EHR has this state or a newer one", std::nullopt, true});
  }
  BHI_TRY(const auto patient, store_.entity("Patient", stored->patient));
  DocumentPtr home;
  if (patient) {
    BHI_TRY(home, fhir::read_json(patient->body));
  }
  const Node* source = home ? home->root().find("source") : nullptr;
  if (source == nullptr || source->text_of("system") != item_.destination || !fhir::is_safe_id(source->text_of("id"))) {
    return std::optional(parked("the patient is not known at this destination"));
  }
  context_.destination = item_.destination;
  context_.patient = "Patient/" + std::string(source->text_of("id"));
  return std::optional<Fate>();
}

Result<Step> Delivery::screening() {
  if (!made_here(entity())) {
    const Node* source = entity().find("source");
    if (source != nullptr && source->text_of("type") == "Observation") {
      return Step(Fate{OutboxState::Superseded, "the score came from the EHR", std::nullopt, true});
    }
    context_.derived_from = origins_at(entity(), item_.destination);
    return place(*artifact_);
  }
  std::string remark;
  const TypeCapability* answers = capabilities_.of("QuestionnaireResponse");
  if (answers == nullptr || !answers->create) {
    remark = "; QuestionnaireResponse create is not declared by the EHR, the score stands alone";
  } else {
    BHI_TRY(Step step, place(*find_artifact("questionnaire-response")));
    Placed* response = std::get_if<Placed>(&step);
    if (response == nullptr) return step;
    BHI_CHECK(keep(*response));
    context_.derived_from = {response->ledger.type + "/" + response->ledger.id};
  }
  BHI_TRY(Step step, place(*artifact_));
  if (Placed* placed = std::get_if<Placed>(&step)) placed->note += remark;
  return step;
}

Result<Step> Delivery::place(const Artifact& artifact) {
  auto rendered = render(engine_, artifact, entity(), context_, now_, arena_);
  if (!rendered) return Step(parked("not rendered: " + rendered.error().message));
  BHI_TRY(auto ledger, store_.ledger(item_.destination, artifact.name, item_.care_id));
  if (ledger && ledger->id.empty()) ledger.reset();
  if (!ledger) {
    BHI_TRY(ledger, of_origin(artifact));
  }
  return ledger ? update(artifact, *rendered, *std::move(ledger)) : create(artifact, *rendered);
}

Result<std::optional<Ledger>> Delivery::of_origin(const Artifact& artifact) {
  const Node* source = entity().find("source");
  if (source == nullptr || source->text_of("system") != item_.destination || source->text_of("type") != artifact.type) {
    return std::optional<Ledger>();
  }
  Ledger ledger = blank(artifact);
  ledger.id = source->text_of("id");
  BHI_TRY(const auto copy, store_.resource(item_.destination, artifact.type, ledger.id));
  if (copy && copy->version == source->text_of("version")) {
    ledger.version = copy->version;
    ledger.held = copy->body;
    ledger.hash = copy->hash;
  }
  return std::optional(std::move(ledger));
}

Result<OutboxItem> deliver(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                           OutboxItem item, Instant now, const Terms& terms) {
  return Delivery(engine, store, ehr, capabilities, std::move(item), now, terms).run();
}

}  // namespace bhi::flow
