// What an EHR says of the team's work, as entries: their ids, who is named in them, when they were stated.
#include "base/hash.h"
#include "care/work_check.h"
#include "fhir/bundle.h"
#include "flow/binding.h"
#include "flow/inbound_call.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;
using What = Inbound::What;

constexpr std::string_view kLeft = "left: ";
constexpr std::string_view kCodes = "http://bhi-adapter.org/fhir/CodeSystem/";

// "c1" of our identifier "contact/c1".
std::string_view own_id(const Engine& engine, const Node& resource) {
  const std::string system = engine.identifier_system();
  for (const Node& identifier : fhir::each(resource.find("identifier"))) {
    if (identifier.text_of("system") != system) continue;
    const std::string_view value = identifier.text_of("value");
    if (const auto slash = value.find('/'); slash != std::string_view::npos) return value.substr(slash + 1);
  }
  return {};
}

// The care id of what a map names: "Type/id", or "system|value" of an identifier. Empty when it names nothing.
std::string identity(const InboundCall& call, std::string_view named) {
  if (const auto bar = named.find('|'); bar != std::string_view::npos) {
    const std::string_view system = named.substr(0, bar);
    const std::string_view value = named.substr(bar + 1);
    if (value.empty()) return {};
    if (system != call.engine.identifier_system()) return stable_id({call.origin.source, system, value});
    return std::string(value.substr(value.find('/') + 1));
  }
  const auto parts = fhir::parse_reference(named);
  if (!parts || parts->type.empty()) return {};
  if (!is_of_source(call.engine, call.origin.source, parts->base)) return stable_id({call.origin.source, named});
  if (const Node* held = resolve(call, named)) {
    if (const auto own = own_id(call.engine, *held); !own.empty()) return std::string(own);
    // A role is somebody's: the person is the member.
    const Node* person = parts->type == "PractitionerRole" ? held->find("practitioner") : nullptr;
    if (person != nullptr && person->text_of("reference").starts_with("Practitioner/"))
      return identity(call, person->text_of("reference"));
  }
  return care_id(call.origin.source, parts->type, parts->id);
}

void replace(const InboundCall& call, std::string& named) {
  if (!named.empty()) named = identity(call, named);
}

void replace_names(const InboundCall& call, care::Consent& consent) {
  replace(call, consent.practitioner);
  if (!consent.revoked.at.empty()) {
    replace(call, consent.revoked.by);
    if (consent.revoked.by.empty()) consent.revoked.by = call.origin.source;
  }
}

void replace_names(const InboundCall& call, care::Contact& contact) {
  replace(call, contact.episode);
  replace(call, contact.member);
  for (std::string& screening : contact.screenings) replace(call, screening);
}

void replace_names(const InboundCall& call, care::Referral& referral) {
  replace(call, referral.episode);
  replace(call, referral.partner);
  replace(call, referral.requested_by);
}

void replace_names(const InboundCall& call, care::Handoff& handoff) {
  replace(call, handoff.from);
  replace(call, handoff.to);
  replace(call, handoff.accepted.by);
}

void replace_names(const InboundCall& call, care::TeamAssignment& assignment) {
  replace(call, assignment.member);
  // Several of one team: each has an id of its own, the same in every version of the team.
  assignment.id = stable_id({call.id, assignment.role, assignment.member});
}

void replace_names(const InboundCall&, care::RecommendationAnswer&) {}
void replace_names(const InboundCall&, care::CaseFlag&) {}

// Why it is left, in the map's words; empty when the map says nothing.
std::string reason_of(const Issues& issues) {
  const auto said =
      std::ranges::find_if(issues, [](const Issue& issue) { return std::string_view(issue.text).starts_with(kLeft); });
  return said == issues.end() ? std::string() : said->text.substr(kLeft.size());
}

struct Entered {
  std::optional<care::Change> change;
  std::string reason;  // why there is none
};

template <typename Entry>
Entered entered(const InboundCall& call, Entry value) {
  value.id = call.id;
  value.patient = call.patient;
  value.source = call.source;
  replace_names(call, value);
  replace(call, value.recorded.by);
  if (value.recorded.by.empty()) value.recorded.by = call.origin.source;
  if (value.recorded.at.empty()) value.recorded.at = to_text(call.now);  // no word of it: when we heard of it
  for (const Issue& issue : care::check(value)) {
    if (issue.severity > Severity::Error) continue;
    const std::string_view kind = care::kind_of<Entry>();
    const auto member = issue.path.find_last_of('.');
    return {std::nullopt,
            std::string(kind) + issue.path.substr(std::min(member, issue.path.size())) + ": " + issue.text};
  }
  return {std::move(value), {}};
}

// The mapped node without what is wrong in it: an entry, or why there is none.
template <typename Entry>
Inbound entry(const InboundCall& call, std::string_view map) {
  if (call.patient.empty()) return left("about no patient of this source");
  auto output = run(call, map);
  if (!output.ok()) return invalid({{Severity::Error, "processing", "", output.error().message}});
  if (std::string reason = reason_of(output->issues); !reason.empty()) return left(std::move(reason));
  const Node root = fhir::with(output->root, fhir::intern("kind"), Node::string(care::kind_of<Entry>()), call.arena);
  auto read = entity_from(root);
  if (!read.ok()) return invalid({{Severity::Error, "processing", "", read.error().message}});
  if (has_errors(read->issues)) return invalid(std::move(read->issues));
  Entered made = entered(call, std::get<Entry>(std::move(read->entity)));
  if (!made.change) return left(std::move(made.reason));
  return {What::Change, std::move(made.change), "", std::move(output->issues), {}, {}};
}

bool has_coding(const Node* concept_node, std::string_view system) {
  const auto codings = fhir::each(concept_node == nullptr ? nullptr : concept_node->find("coding"));
  return std::ranges::any_of(codings, [&](const Node& coding) { return coding.text_of("system") == system; });
}

bool names_recommendation(const Node& task) {
  const std::string system = std::string(kCodes) + "task-input";
  return std::ranges::any_of(fhir::each(task.find("input")), [&](const Node& input) {
    const Node* type = input.find("type");
    return has_coding(type, system) && std::ranges::any_of(fhir::each(type->find("coding")), [](const Node& coding) {
             return coding.text_of("code") == "recommendation";
           });
  });
}

// An entry that we wrote and that comes back keeps our id.
InboundCall with_own_id(const InboundCall& call) {
  InboundCall own = call;
  if (const auto id = own_id(call.engine, call.resource); !id.empty()) own.id = std::string(id);
  return own;
}

}  // namespace

Inbound communication(const InboundCall& call) {
  return entry<care::Contact>(with_own_id(call), "communication-to-care");
}
Inbound consent(const InboundCall& call) { return entry<care::Consent>(with_own_id(call), "consent-to-care"); }
Inbound encounter(const InboundCall& call) { return entry<care::Contact>(with_own_id(call), "encounter-to-care"); }
Inbound flag(const InboundCall& call) { return entry<care::CaseFlag>(with_own_id(call), "flag-to-care"); }
Inbound service_request(const InboundCall& call) {
  return entry<care::Referral>(with_own_id(call), "service-request-to-care");
}

Inbound task(const InboundCall& call) {
  if (has_coding(call.resource.find("code"), std::string(kCodes) + "handoff-kind"))
    return entry<care::Handoff>(with_own_id(call), "task-to-handoff");
  if (names_recommendation(call.resource)) return entry<care::RecommendationAnswer>(call, "task-to-answer");
  return left("neither a handoff nor the answer to a recommendation of ours");
}

Inbound care_team(const InboundCall& call) {
  if (call.patient.empty()) return left("about no patient of this source");
  auto output = run(call, "care-team-to-care");
  if (!output.ok()) return invalid({{Severity::Error, "processing", "", output.error().message}});
  if (std::string reason = reason_of(output->issues); !reason.empty()) return left(std::move(reason));
  Inbound result{What::Change, std::nullopt, "", std::move(output->issues), {}, {}};
  for (const Node& one : fhir::each(output->root.find("assignments"))) {
    auto read = entity_from(fhir::with(one, fhir::intern("kind"), Node::string("TeamAssignment"), call.arena));
    if (!read.ok()) return invalid({{Severity::Error, "processing", "", read.error().message}});
    if (has_errors(read->issues)) return invalid(std::move(read->issues));
    Entered made = entered(call, std::get<care::TeamAssignment>(std::move(read->entity)));
    if (!made.change) {
      result.issues.push_back({Severity::Warning, "incomplete", "CareTeam.participant", std::move(made.reason)});
      result.reason = result.issues.back().text;
    } else if (!result.change) {
      result.change = std::move(made.change);
    } else {
      result.others.push_back(*std::move(made.change));
    }
  }
  if (!result.change) result.what = What::Left;
  if (result.change) result.reason.clear();
  return result;
}

}  // namespace bhi::flow
