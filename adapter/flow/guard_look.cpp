#include "flow/guard_look.h"

#include "flow/binding.h"
#include "flow/held_ledgers.h"
#include "flow/inbound.h"
#include "flow/label_facts.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

bool names_a_resource(const care::Source& source) {
  return !source.system.empty() && !source.type.empty() && !source.id.empty();
}

Result<void> add(Store& store, const care::Source& source, std::vector<Ancestor>& to) {
  if (!names_a_resource(source)) return {};
  const auto same = [&](const Ancestor& one) {
    return one.source.system == source.system && one.source.type == source.type && one.source.id == source.id;
  };
  if (std::ranges::any_of(to, same)) return {};
  BHI_TRY(const auto copy, store.resource(source.system, source.type, source.id));
  if (!copy || copy->body.empty()) {  // where it came from counts all the same
    to.push_back({source, {}, {}, false});
    return {};
  }
  BHI_TRY(const auto document, fhir::read_json(copy->body));
  to.push_back(ancestor_of(document->root(), source));
  return {};
}

void add_reference(std::string_view system, const std::string& reference, std::vector<care::Source>& to) {
  const auto slash = reference.find('/');
  if (slash == std::string::npos) return;
  to.push_back({std::string(system), reference.substr(0, slash), reference.substr(slash + 1), "", ""});
}

Result<fhir::DocumentPtr> read_if_any(const std::string& text) {
  if (text.empty()) return fhir::DocumentPtr();
  return fhir::read_json(text);
}

// In the lane that brings what the EHR says of the patient (receive.h).
Result<std::optional<InboxState>> unread_consent(Store& store, std::string_view patient) {
  BHI_TRY(const auto stored, store.entity("Patient", patient));
  if (!stored) return std::optional<InboxState>();
  BHI_TRY(const auto home, fhir::read_json(stored->body));
  const fhir::Node* source = home->root().find("source");
  if (source == nullptr) return std::optional<InboxState>();
  return store.unread_consent(std::string(source->text_of("system")) + "|Patient/" +
                              std::string(source->text_of("id")));
}

// Read again, does the copy mean what the care model holds? (A version with the same words is not taken in again.)
bool says_the_same(const Engine& engine, const care::Consent& held, const ResourceCopy& copy, Instant now) {
  const auto document = fhir::read_json(copy.body);
  if (!document.ok()) return false;
  Arena arena;
  const Surroundings nothing{[](std::string_view, std::string_view) -> const fhir::Node* { return nullptr; },
                             [](std::string_view) -> const fhir::Node* { return nullptr; }};
  const Inbound read =
      map_inbound(engine, (*document)->root(), {copy.source, copy.id, copy.version, copy.updated}, nothing, now, arena);
  if (read.what != Inbound::What::Change || !read.change) return false;
  const auto* now_there = std::get_if<care::Consent>(&*read.change);
  return now_there != nullptr && now_there->kind == held.kind && now_there->decision == held.decision &&
         now_there->covers == held.covers && now_there->starts == held.starts && now_there->expires == held.expires &&
         (now_there->revoked.at.empty() || now_there->revoked.at == held.revoked.at);
}

}  // namespace

Ancestor ancestor_of(const fhir::Node& resource, const care::Source& source) {
  Ancestor ancestor{source, labels_in(resource), {}, is_psychotherapy_note(resource)};
  for (const std::string_view element : {"code", "description"}) {  // a Goal says it in its description
    const fhir::Node* concept_node = resource.find(element);
    if (concept_node == nullptr || !concept_node->is_object()) continue;
    ancestor.codes.push_back({"", "", std::string(concept_node->text_of("text"))});
    for (const fhir::Node& coding : fhir::each(concept_node->find("coding"))) {
      ancestor.codes.push_back({std::string(coding.text_of("system")), std::string(coding.text_of("code")),
                                std::string(coding.text_of("display"))});
    }
  }
  return ancestor;
}

KnownConsent known_consent(const Engine& engine, care::Consent consent, const std::optional<ResourceCopy>& copy,
                           Instant now) {
  KnownConsent known{std::move(consent), {}, false};
  const care::Source& source = known.consent.source;
  if (!names_a_resource(source)) return known;
  if (!copy) {
    known.doubt = "the consent's source is not at hand";
  } else if (copy->body.empty()) {
    known.gone = true;
  } else if ((copy->version != source.version || copy->updated != source.updated) &&
             !says_the_same(engine, known.consent, *copy, now)) {
    known.doubt = "a newer version of the consent at its source could not be taken in (yet)";
  }
  return known;
}

GuardSources sources_for_guard(const care::Entity& entity, std::string_view destination) {
  GuardSources sources;
  if (const auto* screening = std::get_if<care::Screening>(&entity)) {
    sources.ancestors = screening->derived_from;
    sources.ancestors.push_back(screening->source);
  }
  if (const auto* plan = std::get_if<care::CarePlan>(&entity)) {
    // A plan of ours refers to what the patient's EHR holds.
    const std::string_view system = plan->source.type.empty() ? destination : std::string_view(plan->source.system);
    sources.ancestors.push_back(plan->source);
    for (const auto& problem : plan->problems) add_reference(system, problem.reference, sources.parts);
    for (const auto& goal : plan->goals) add_reference(system, goal.reference, sources.parts);
    for (const auto& activity : plan->activities) add_reference(system, activity.reference, sources.parts);
  }
  return sources;
}

Result<GuardLook> look_for_guard(const Engine& engine, Store& store, const care::Entity& entity,
                                 std::span<const StoredEntity> consents, std::string_view destination,
                                 const Ledger* ledger, Instant now) {
  GuardLook look;
  if (std::holds_alternative<care::SafetyEvent>(entity)) return look;  // nothing of this holds it back
  const GuardSources sources = sources_for_guard(entity, destination);
  for (const care::Source& source : sources.ancestors) BHI_CHECK(add(store, source, look.ancestors));
  for (const care::Source& source : sources.parts) BHI_CHECK(add(store, source, look.parts));
  for (const StoredEntity& row : consents) {
    BHI_TRY(auto read, entity_from_json(row.body));
    auto consent = std::get<care::Consent>(std::move(read));
    std::optional<ResourceCopy> copy;
    if (names_a_resource(consent.source)) {
      BHI_TRY(copy, store.resource(consent.source.system, consent.source.type, consent.source.id));
    }
    look.consents.push_back(known_consent(engine, std::move(consent), copy, now));
  }
  if (!consents.empty()) {
    BHI_TRY(look.unread_consent, unread_consent(store, consents.front().patient));
  }
  if (const auto* plan = std::get_if<care::CarePlan>(&entity)) {
    BHI_TRY(const auto standing, ledgers_of(store, destination, "care-plan", plan->id));
    for (const Ledger& row : standing) {
      if (row.artifact == "care-plan") continue;
      BHI_TRY(auto texts, texts_of(row));
      std::ranges::move(texts, std::back_inserter(look.elsewhere));
    }
  }
  if (ledger != nullptr) {
    BHI_TRY(look.written, read_if_any(ledger->rendered));
    BHI_TRY(look.held, read_if_any(ledger->held));
  }
  return look;
}

GuardQuestion question_of(const care::Entity& entity, const GuardLook& look, std::string_view destination,
                          const Privacy& privacy, bool emergency, Instant now) {
  return {entity,
          destination,
          privacy,
          look.ancestors,
          look.parts,
          look.consents,
          look.written ? &look.written->root() : nullptr,
          look.held ? &look.held->root() : nullptr,
          emergency,
          now,
          look.elsewhere,
          look.unread_consent.has_value()};
}

}  // namespace bhi::flow
