#include "fhir/release.h"

#include "fhir/types.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace bhi::fhir {

namespace {

constexpr std::array kR4bTypes = std::to_array<std::string_view>({
    "AdministrableProductDefinition",
    "Citation",
    "ClinicalUseDefinition",
    "EvidenceReport",
    "Ingredient",
    "ManufacturedItemDefinition",
    "MedicinalProductDefinition",
    "NutritionProduct",
    "PackagedProductDefinition",
    "RegulatedAuthorization",
    "SubscriptionStatus",
    "SubscriptionTopic",
    "SubstanceDefinition",
});
static_assert(std::ranges::is_sorted(kR4bTypes));

constexpr std::array kR5Types = std::to_array<std::string_view>({
    "ActorDefinition",
    "ArtifactAssessment",
    "BiologicallyDerivedProductDispense",
    "ConditionDefinition",
    "DeviceAssociation",
    "DeviceDispense",
    "DeviceUsage",
    "EncounterHistory",
    "FormularyItem",
    "GenomicStudy",
    "ImagingSelection",
    "InventoryItem",
    "InventoryReport",
    "NutritionIntake",
    "Permission",
    "RequestOrchestration",
    "Requirements",
    "TestPlan",
    "Transport",
});
static_assert(std::ranges::is_sorted(kR5Types));

enum class Mark {
  Present,  // R4 has no element of this name
  Concept,  // a CodeableReference ({concept} or {reference: {...}}), where R4 has another type or nothing
};

struct Row {
  std::string_view type;
  std::string_view path;  // below the resource, one or two names
  Mark mark;
};

// Where common senders would lose something. Elements of R5 that look like those of R4 (a list where R4 has one, a
// markdown for a string) are no marks: a careless R4 sender writes them, too.
constexpr std::array kRows = std::to_array<Row>({
    {"AllergyIntolerance", "participant", Mark::Present},
    {"Appointment", "reason", Mark::Concept},
    {"Appointment", "recurrenceTemplate", Mark::Present},
    {"Appointment", "serviceType", Mark::Concept},
    {"Appointment", "virtualService", Mark::Present},
    {"Bundle", "issues", Mark::Present},
    {"CarePlan", "activity.performedActivity", Mark::Present},
    {"CarePlan", "activity.plannedActivityReference", Mark::Present},
    {"CarePlan", "addresses", Mark::Concept},
    {"CareTeam", "reason", Mark::Concept},
    {"Communication", "reason", Mark::Concept},
    {"CommunicationRequest", "reason", Mark::Concept},
    {"Condition", "evidence", Mark::Concept},
    {"Condition", "participant", Mark::Present},
    {"Consent", "decision", Mark::Present},
    {"Consent", "grantee", Mark::Present},
    {"Consent", "grantor", Mark::Present},
    {"Consent", "policyBasis", Mark::Present},
    {"Coverage", "insurer", Mark::Present},
    {"Coverage", "paymentBy", Mark::Present},
    {"DiagnosticReport", "supportingInfo", Mark::Present},
    {"DocumentReference", "attester", Mark::Present},
    {"Encounter", "actualPeriod", Mark::Present},
    {"Encounter", "admission", Mark::Present},
    {"Encounter", "diagnosis.condition", Mark::Concept},
    {"Encounter", "plannedEndDate", Mark::Present},
    {"Encounter", "plannedStartDate", Mark::Present},
    {"Encounter", "reason.value", Mark::Concept},
    {"Encounter", "serviceType", Mark::Concept},
    {"Encounter", "subjectStatus", Mark::Present},
    {"Encounter", "virtualService", Mark::Present},
    {"EpisodeOfCare", "diagnosis.condition", Mark::Concept},
    {"EpisodeOfCare", "reason", Mark::Present},
    {"Goal", "continuous", Mark::Present},
    {"Goal", "outcome", Mark::Concept},
    {"Immunization", "reason", Mark::Concept},
    {"Location", "virtualService", Mark::Present},
    {"Medication", "doseForm", Mark::Present},
    {"Medication", "ingredient.item", Mark::Concept},
    {"MedicationAdministration", "medication", Mark::Concept},
    {"MedicationAdministration", "reason", Mark::Concept},
    {"MedicationDispense", "medication", Mark::Concept},
    {"MedicationDispense", "notPerformedReason", Mark::Present},
    {"MedicationRequest", "device", Mark::Concept},
    {"MedicationRequest", "effectiveDosePeriod", Mark::Present},
    {"MedicationRequest", "medication", Mark::Concept},
    {"MedicationRequest", "reason", Mark::Concept},
    {"MedicationRequest", "renderedDosageInstruction", Mark::Present},
    {"MedicationStatement", "adherence", Mark::Present},
    {"MedicationStatement", "medication", Mark::Concept},
    {"MedicationStatement", "reason", Mark::Concept},
    {"MedicationStatement", "renderedDosageInstruction", Mark::Present},
    {"Observation", "bodyStructure", Mark::Present},
    {"Observation", "instantiatesCanonical", Mark::Present},
    {"Observation", "instantiatesReference", Mark::Present},
    {"Observation", "triggeredBy", Mark::Present},
    {"Organization", "qualification", Mark::Present},
    {"Practitioner", "communication.language", Mark::Present},
    {"PractitionerRole", "availability", Mark::Present},
    {"Procedure", "occurrenceDateTime", Mark::Present},
    {"Procedure", "occurrencePeriod", Mark::Present},
    {"Procedure", "reason", Mark::Concept},
    {"Provenance", "authorization", Mark::Concept},
    {"Questionnaire", "copyrightLabel", Mark::Present},
    {"Questionnaire", "versionAlgorithmCoding", Mark::Present},
    {"Questionnaire", "versionAlgorithmString", Mark::Present},
    {"ServiceRequest", "bodyStructure", Mark::Present},
    {"ServiceRequest", "code", Mark::Concept},
    {"ServiceRequest", "reason", Mark::Concept},
    {"Subscription", "channelType", Mark::Present},
    {"Subscription", "filterBy", Mark::Present},
    {"Subscription", "topic", Mark::Present},
    {"Task", "performer", Mark::Present},
    {"Task", "reason", Mark::Concept},
    {"Task", "requestedPerformer", Mark::Present},
    {"Task", "requestedPeriod", Mark::Present},
});
static_assert(std::ranges::is_sorted(kRows, {}, [](const Row& row) { return std::pair(row.type, row.path); }));

// Resources that say which release they speak of.
constexpr std::array kTellers =
    std::to_array<std::string_view>({"CapabilityStatement", "ImplementationGuide", "StructureDefinition"});

struct Names {
  const Name& concept_name = intern("concept");
  const Name& reference = intern("reference");
  const Name& meta = intern("meta");
  const Name& profile = intern("profile");
  const Name& fhir_version = intern("fhirVersion");
  const Name& contained = intern("contained");
  const Name& entry = intern("entry");
  const Name& resource = intern("resource");
};

const Names& names() {
  static const Names made;
  return made;
}

std::span<const Row> rows_of(std::string_view type) {
  const auto found = std::ranges::equal_range(kRows, type, {}, &Row::type);
  return {found.begin(), found.end()};
}

bool is_codeable_reference(const Node& node) {
  const Node* const reference = node.find(names().reference);
  return node.find(names().concept_name) != nullptr || (reference != nullptr && reference->is_object());
}

// Is there, where the path leads from this object, what the row looks for?
bool shows(const Node& object, std::string_view path, Mark mark) {
  const std::size_t dot = path.find('.');
  const Node* const member = object.find(path.substr(0, dot));
  if (member == nullptr) return false;
  if (dot != std::string_view::npos) {
    return std::ranges::any_of(each(member), [&](const Node& one) { return shows(one, path.substr(dot + 1), mark); });
  }
  return mark == Mark::Present || std::ranges::any_of(each(member), is_codeable_reference);
}

Issue issue(std::string path, std::string_view what) {
  return {Severity::Error, "not-supported", std::move(path), "expected FHIR R4 or R4B, found R5: " + std::string(what)};
}

// "http://hl7.org/fhir/StructureDefinition/Patient|5.0.0" and ".../fhir/5.0/StructureDefinition/Patient".
bool is_r5_base_profile(std::string_view canonical) {
  constexpr std::string_view kBase = "http://hl7.org/fhir/";
  constexpr std::string_view kDefinitions = "StructureDefinition/";
  if (!canonical.starts_with(kBase)) return false;
  canonical.remove_prefix(kBase.size());
  if (canonical.starts_with("5.0/")) return true;
  const std::size_t version = canonical.find('|');
  return canonical.starts_with(kDefinitions) && version != std::string_view::npos &&
         canonical.substr(version + 1).starts_with("5.");
}

std::optional<Issue> mark_of_meta(const Node& resource, const std::string& path) {
  const Node* const meta = resource.find(names().meta);
  std::size_t index = 0;
  for (const Node& profile : each(meta == nullptr ? nullptr : meta->find(names().profile))) {
    if (is_r5_base_profile(profile.text())) {
      return issue(path + ".meta.profile[" + std::to_string(index) + "]", "a profile of the base specification 5.0");
    }
    ++index;
  }
  return std::nullopt;
}

}  // namespace

bool is_r4b_type(std::string_view name) { return std::ranges::binary_search(kR4bTypes, name); }

bool is_r5_type(std::string_view name) { return std::ranges::binary_search(kR5Types, name); }

bool is_read_release(std::string_view version) { return version == "4" || version.starts_with("4."); }

std::optional<Issue> r5_mark(const Node& resource, const std::string& path) {
  const std::string_view type = resource_type(resource);
  if (!is_resource_type(type) && !is_r4b_type(type) && !is_r5_type(type)) return std::nullopt;  // said by others
  if (is_r5_type(type)) return issue(path, "only R5 has the resource type '" + std::string(type) + "'");
  if (auto found = mark_of_meta(resource, path)) return found;
  for (const Row& row : rows_of(type)) {
    if (!shows(resource, row.path, row.mark)) continue;
    return issue(path + "." + std::string(row.path), row.mark == Mark::Present
                                                         ? "R4 has no element of this name"
                                                         : "a CodeableReference, which R4 does not have");
  }
  if (std::ranges::binary_search(kTellers, type)) {
    for (const Node& version : each(resource.find(names().fhir_version))) {
      if (version.is_string() && version.text().starts_with("5.")) return issue(path + ".fhirVersion", "version 5");
    }
  }
  std::size_t index = 0;
  for (const Node& inner : each(resource.find(names().contained))) {
    if (auto found = r5_mark(inner, path + ".contained[" + std::to_string(index++) + "]")) return found;
  }
  return std::nullopt;
}

std::optional<Issue> r5_mark(const Node& document) {
  const std::string_view type = resource_type(document);
  if (auto found = r5_mark(document, std::string(type))) return found;
  if (type != "Bundle") return std::nullopt;
  std::size_t index = 0;
  for (const Node& entry : each(document.find(names().entry))) {
    const std::size_t at = index++;
    const Node* const resource = entry.find(names().resource);
    if (resource == nullptr) continue;
    if (auto found = r5_mark(*resource, "Bundle.entry[" + std::to_string(at) + "].resource")) return found;
  }
  return std::nullopt;
}

bool is_r5_element(std::string_view type, std::string_view element) {
  // A CodeableReference where R4 has a Reference or a CodeableConcept.
  if (type == "CodeableConcept") return element == "concept" || element == "reference";
  if (type == "Reference") return element == "concept";
  if (type == "string") return element == "reference";
  const std::size_t dot = std::min(type.find('.'), type.size());
  std::string path(type.substr(std::min(dot + 1, type.size())));
  if (!path.empty()) path += '.';
  path += element;
  return std::ranges::find(rows_of(type.substr(0, dot)), path, &Row::path) != rows_of(type.substr(0, dot)).end();
}

}  // namespace bhi::fhir
