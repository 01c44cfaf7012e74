#include "flow/inbound.h"

#include "base/hash.h"
#include "care/instruments.h"
#include "care/recognise.h"
#include "fhir/bundle.h"
#include "fhir/release.h"
#include "flow/binding.h"
#include "flow/inbound_call.h"
#include "flow/structure.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;
using What = Inbound::What;

using Call = InboundCall;

constexpr std::string_view kMaps = "http://bhi-adapter.org/fhir/StructureMap/";

const Node* contained(const Node& resource, std::string_view id) {
  for (const Node& inner : fhir::each(resource.find("contained"))) {
    if (inner.text_of("id") == id) return &inner;
  }
  return nullptr;
}

}  // namespace

bool is_of_source(const Engine& engine, const std::string& source, std::string_view base) {
  if (base.empty()) return true;
  const auto own = engine.bases.find(source);
  return own == engine.bases.end() || std::ranges::any_of(own->second, [base](std::string_view known) {
           if (known.ends_with('/')) known.remove_suffix(1);
           return known == base;
         });
}

Inbound invalid(Issues issues) { return {What::Invalid, std::nullopt, "invalid", std::move(issues), {}, {}}; }
Inbound left(std::string reason) { return {What::Left, std::nullopt, std::move(reason), {}, {}, {}}; }

const Node* resolve(const InboundCall& call, std::string_view reference) {
  if (reference.starts_with('#')) return contained(call.resource, reference.substr(1));
  const auto parts = fhir::parse_reference(reference);
  const bool named = !parts || parts->type.empty();  // "urn:...": it can be nothing but a canonical
  // An address may be the canonical of a form, whatever id it has here.
  if (named || !parts->base.empty()) {
    const Node* found = call.surroundings.canonical ? call.surroundings.canonical(reference) : nullptr;
    if (named || found != nullptr) return found;
  }
  // http://elsewhere/Medication/1 is not our Medication/1.
  if (!is_of_source(call.engine, call.origin.source, parts->base) || !call.surroundings.resource) return nullptr;
  return call.surroundings.resource(parts->type, parts->id);
}

Result<mapping::Output> run(const InboundCall& call, std::string_view map, const Node* second, bool two_sources) {
  std::array<mapping::Input, 2> inputs{};
  inputs[0].node = &call.resource;
  inputs[1].node = second;
  if (two_sources && second == nullptr) inputs[1].type = call.engine.types->find("Questionnaire");
  mapping::World world;
  world.now = call.now;
  world.lineage = call.surroundings.lineage;
  world.resolve = [&call](std::string_view reference) { return resolve(call, reference); };
  return call.engine.maps_of(call.origin.source)
      .run(std::string(kMaps) + std::string(map), std::span(inputs.data(), two_sources ? 2 : 1), world, call.arena);
}

namespace {

// The mapped node as a care entity with its identity filled in.
template <typename Entity>
Inbound entity(const Call& call, std::string_view map, std::string_view kind) {
  auto output = run(call, map);
  if (!output.ok()) return invalid({{Severity::Error, "processing", "", output.error().message}});
  const fhir::Name& kind_name = fhir::intern("kind");
  auto read = entity_from(fhir::with(output->root, kind_name, Node::string(kind), call.arena));
  if (!read.ok()) return invalid({{Severity::Error, "processing", "", read.error().message}});
  if (has_errors(read->issues)) return invalid(std::move(read->issues));
  Entity value = std::get<Entity>(std::move(read->entity));
  value.id = call.id;
  value.source = call.source;
  if constexpr (requires { value.patient; }) value.patient = call.patient;
  return {What::Change, std::move(value), "", std::move(output->issues), {}, {}};
}

// Does the care model know what this is about without its form? Then it need not wait for one.
bool is_understood(const care::ScreeningReport& report, const care::SiteMap& forms) {
  const care::Recognition recognition =
      forms.empty() ? care::recognise(report) : care::recognise(care::with_site_codes(report, forms));
  return !recognition.instruments.empty() || !recognition.self_harm.empty() || recognition.doubtful != nullptr;
}

// Total, panel or item of an instrument, or a question about self-harm.
bool is_screening_code(const care::Code& code) {
  if (care::instrument_by_total(code) != nullptr || care::instrument_by_panel(code) != nullptr ||
      care::is_self_harm_code(code))
    return true;
  return std::ranges::any_of(care::instruments(), [&code](const care::Instrument& instrument) {
    return std::ranges::any_of(instrument.items,
                               [&](const care::InstrumentItem& item) { return care::is_item(instrument, item, code); });
  });
}

// Does it say whom it is about in a way that leads nowhere? About a group, a device or a place is clear enough.
bool names_nobody_known(const Node& resource) {
  for (const std::string_view name : {"subject", "patient"}) {
    const Node* subject = resource.find(name);
    const std::string_view reference = subject == nullptr ? std::string_view() : subject->text_of("reference");
    if (reference.empty() || reference.starts_with('#')) continue;
    const auto parts = fhir::parse_reference(reference);
    if (!parts || parts->type.empty() || parts->type == "Patient") return true;
  }
  return false;
}

// The patient it is about, if that is one of the source itself: http://elsewhere/Patient/1 is not our Patient/1.
std::optional<fhir::Reference> patient_of(const Engine& engine, const Node& resource, const std::string& source) {
  const auto own = engine.bases.find(source);
  std::string reference;
  if (own == engine.bases.end()) {
    reference = fhir::patient_reference(resource);
  } else {
    for (const std::string& base : own->second) {
      if (reference = fhir::patient_reference(resource, base); !reference.empty()) break;
    }
  }
  auto parts = fhir::parse_reference(reference);
  return parts && parts->type == "Patient" ? parts : std::nullopt;
}

Inbound patient(const Call& call) { return entity<care::Patient>(call, "patient-to-care", "Patient"); }
Inbound episode(const Call& call) { return entity<care::Episode>(call, "episode-to-care", "Episode"); }
Inbound plan(const Call& call) { return entity<care::CarePlan>(call, "care-plan-to-care", "CarePlan"); }

Inbound therapy(const Call& call) {
  Inbound result = entity<care::MedicationTherapy>(call, "medication-request-to-care", "MedicationTherapy");
  if (!result.change) return result;
  auto& value = std::get<care::MedicationTherapy>(*result.change);
  if (const auto prior = fhir::parse_reference(value.prior); prior) {
    value.prior = care_id(call.origin.source, prior->type, prior->id);
  } else {
    value.prior.clear();
  }
  return result;
}

Result<care::ScreeningReport> report(const Call& call, const mapping::Output& output, Issues& issues) {
  BHI_TRY(auto value, report_from(output.root, issues));
  value.id = call.id;
  value.patient = call.patient;
  value.source = call.source;
  for (care::Source& from : value.derived_from) from.system = call.origin.source;
  return value;
}

Inbound response(const Call& call) {
  const std::string_view canonical = call.resource.text_of("questionnaire");
  const Node* form = canonical.empty() ? nullptr : resolve(call, canonical);
  if (form != nullptr && fhir::resource_type(*form) != "Questionnaire") form = nullptr;
  auto output = run(call, "questionnaire-response-to-care", form, true);
  if (!output.ok()) return invalid({{Severity::Error, "processing", "", output.error().message}});
  Issues issues = std::move(output->issues);
  auto mapped = report(call, *output, issues);
  if (!mapped.ok()) return invalid({{Severity::Error, "processing", "", mapped.error().message}});
  if (has_errors(issues)) return invalid(std::move(issues));
  if (form == nullptr && !canonical.empty() && !canonical.starts_with('#') &&
      !is_understood(*mapped, call.engine.policy.forms)) {
    return {What::Waiting, std::move(*mapped), std::string(canonical), std::move(issues), {}, {}};
  }
  return {What::Change, std::move(*mapped), "", std::move(issues), {}, {}};
}

Inbound observation(const Call& call) {
  const Node* code = call.resource.find("code");
  const auto codings = fhir::each(code == nullptr ? nullptr : code->find("coding"));
  const bool known = std::ranges::any_of(codings, [](const Node& coding) {
    return is_screening_code({std::string(coding.text_of("system")), std::string(coding.text_of("code")), ""});
  });
  if (!known) return left("not a code of an instrument that we follow");
  auto output = run(call, "observation-to-care");
  if (!output.ok()) return invalid({{Severity::Error, "processing", "", output.error().message}});
  Issues issues = std::move(output->issues);
  auto mapped = report(call, *output, issues);
  if (!mapped.ok()) return invalid({{Severity::Error, "processing", "", mapped.error().message}});
  if (has_errors(issues)) return invalid(std::move(issues));
  return {What::Change, std::move(*mapped), "", std::move(issues), {}, {}};
}

Inbound context(const Call&) { return left("kept as context: read through the resources that refer to it"); }

struct Row {
  std::string_view type;
  Inbound (*map)(const Call&);
};

// What we read, by type. A type that is not here is left.
constexpr std::array kRows = std::to_array<Row>({
    {"CarePlan", plan},
    {"CareTeam", care_team},
    {"Communication", communication},
    {"Condition", context},
    {"Consent", consent},
    {"Encounter", encounter},
    {"EpisodeOfCare", episode},
    {"Flag", flag},
    {"Goal", context},
    {"Location", context},
    {"Medication", context},
    {"MedicationRequest", therapy},
    {"Observation", observation},
    {"Organization", context},
    {"Patient", patient},
    {"Practitioner", context},
    {"PractitionerRole", context},
    {"Questionnaire", context},
    {"QuestionnaireResponse", response},
    {"ServiceRequest", service_request},
    {"Task", task},
});
static_assert(std::ranges::is_sorted(kRows, {}, &Row::type));

}  // namespace

std::string care_id(std::string_view source, std::string_view type, std::string_view id) {
  return stable_id({source, type, id});
}

care::Patient patient_by_reference(const care::Source& subject) {
  care::Patient patient;
  patient.id = care_id(subject.system, subject.type, subject.id);
  patient.source = subject;
  return patient;
}

Inbound map_inbound(const Engine& engine, const Node& resource, const Origin& origin, const Surroundings& surroundings,
                    Instant now, Arena& arena) {
  const std::string_view type = fhir::resource_type(resource);
  const auto row = std::ranges::lower_bound(kRows, type, {}, &Row::type);
  if (row == kRows.end() || row->type != type) {
    return left(fhir::is_r4b_type(type) ? "no map reads this type, which R4B added" : "no map reads this type");
  }
  Issues issues = check_structure(resource, *engine.types);
  Call call{engine,
            resource,
            origin,
            surroundings,
            now,
            arena,
            {origin.source, std::string(type), origin.id, origin.version, origin.updated},
            care_id(origin.source, type, origin.id),
            {},
            {}};
  if (const auto subject = patient_of(engine, resource, origin.source)) {
    call.patient = care_id(origin.source, "Patient", subject->id);
    if (surroundings.person) call.patient = surroundings.person(call.patient);
    call.subject = care::Source{origin.source, "Patient", subject->id, "", ""};
  } else if (names_nobody_known(resource)) {
    issues.push_back({Severity::Error, "not-found", std::string(type) + ".subject",
                      "expected a reference to a Patient of this source"});
  }
  const bool invalid_resource = has_errors(issues);
  // A response or score is read even when it cannot be taken: an answer about self-harm in it must still reach
  // somebody.
  if (invalid_resource && type != "QuestionnaireResponse" && type != "Observation") return invalid(std::move(issues));
  Inbound result = row->map(call);
  result.subject = std::move(call.subject);
  result.issues.insert(result.issues.begin(), std::make_move_iterator(issues.begin()),
                       std::make_move_iterator(issues.end()));
  if (invalid_resource) result.what = What::Invalid;
  return result;
}

}  // namespace bhi::flow
