#include "flow/deliver.h"

#include "fhir/bundle.h"
#include "flow/delivery.h"
#include "flow/held_back.h"
#include "flow/outbox_file.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

using fhir::DocumentPtr;
using fhir::Node;

Result<OutboxItem> Delivery::run() {
  BHI_TRY(auto fate, prepare());
  if (fate) return settle(*fate);
  BHI_TRY(const Step step, climb());
  if (const Fate* open = std::get_if<Fate>(&step)) return settle(*open);
  return settle(std::get<Placed>(step));
}

namespace {

// The artifacts that an item may become.
std::vector<std::string> names_of_ledgers(std::string_view artifact) {
  std::vector<std::string> names{std::string(artifact), file_artifact(artifact)};
  for (const Rung& rung : ladder_of(artifact)) {
    for (const auto& parts : {rung.parts, rung.companions}) {
      for (const std::string_view name : parts) {
        if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
      }
    }
  }
  return names;
}

}  // namespace

const Ledger* Delivery::ledger_at_hand(std::string_view artifact) const {
  const auto found = std::ranges::find(at_hand_.ledgers, artifact, &Ledger::artifact);
  return found == at_hand_.ledgers.end() ? nullptr : &*found;
}

void Delivery::put_at_hand(const Ledger& ledger) {
  if (ledger.care_id != item_.care_id) return;  // of a part
  std::erase_if(at_hand_.ledgers, [&](const Ledger& one) { return one.artifact == ledger.artifact; });
  at_hand_.ledgers.push_back(ledger);
}

Result<std::optional<Fate>> Delivery::prepare() {
  artifact_ = find_artifact(item_.artifact);
  if (artifact_ == nullptr) return std::optional<Fate>({OutboxState::Dead, "no such artifact", std::nullopt, true});
  BHI_TRY(at_hand_, store_.at_hand(item_, artifact_->kind, names_of_ledgers(item_.artifact)));
  const auto& stored = at_hand_.entity;
  if (!stored) return std::optional<Fate>({OutboxState::Dead, "the care model does not hold it", std::nullopt, true});
  care_version_ = stored->version;
  BHI_TRY(entity_, fhir::read_json(stored->body));
  const Ledger* ledger = ledger_at_hand(item_.artifact);
  // Before the guard is asked; what an earlier try left undone is seen on the ladder.
  const bool first_try = !tried_before_ && !uncertain_ && item_.attempts == 0;
  if (first_try && ledger != nullptr && !ledger->id.empty() && item_.care_version <= ledger->care_version) {
    return std::optional<Fate>({OutboxState::Superseded, "the EHR has this state or a newer one", std::nullopt, true});
  }
  const auto& patient = at_hand_.patient;
  DocumentPtr home;
  if (patient) {
    BHI_TRY(home, fhir::read_json(patient->body));
  }
  const Node* source = home ? home->root().find("source") : nullptr;
  if (source == nullptr || source->text_of("system") != item_.destination || !fhir::is_safe_id(source->text_of("id"))) {
    return std::optional(parked("the patient is not known at this destination"));
  }
  context_.destination = item_.destination;
  context_.version = care_version_;
  context_.patient = "Patient/" + std::string(source->text_of("id"));
  // At the moment of sending, whatever was decided when it was queued.
  return guard();
}

bool Delivery::taken_back() const {
  const std::string_view status = entity().text_of("status");
  return status == "entered-in-error" || (artifact_->kind == "CarePlan" && status == "revoked");
}

Result<Step> Delivery::place(const Artifact& artifact) {
  BHI_TRY(auto ledger, held_of(artifact));
  if (ledger && artifact.follow != Follow::Update) return again(artifact, *std::move(ledger));
  context_.id.clear();
  context_.replaces.clear();
  const auto ours = rendered(artifact, context_, now_);
  if (!ours) return Step(parked("not rendered: " + ours.error().message));
  return ledger ? update(artifact, *ours, *std::move(ledger)) : create(artifact, *ours);
}

Result<std::optional<Ledger>> Delivery::held_of(const Artifact& artifact) {
  if (!part_id_.empty()) {
    BHI_TRY(auto ledger, store_.ledger(item_.destination, artifact.name, part_id_));
    if (ledger && !ledger->id.empty()) return ledger;
  } else if (const Ledger* ledger = ledger_at_hand(artifact.name); ledger != nullptr && !ledger->id.empty()) {
    return std::optional(*ledger);
  }
  return of_origin(artifact);
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
  BHI_TRY(OutboxItem settled, Delivery(engine, store, ehr, capabilities, std::move(item), now, terms).run());
  // A consent that came while we judged has found nothing to release yet.
  return is_held_by_consent(settled) ? look_again(engine, store, std::move(settled), terms.privacy, now)
                                     : Result<OutboxItem>(std::move(settled));
}

}  // namespace bhi::flow
