#include "flow/binding.h"

#include "fhir/json.h"
#include "flow/fields_billing.h"
#include "flow/fields_work.h"
#include "flow/struct_json.h"

namespace bhi::flow {

namespace {

using fhir::Node;

// Calls `visitor(T{})` for the bound struct of that kind; false when there is none.
template <typename... Kinds>
bool with_kind(std::string_view kind, auto&& visitor) {
  return ((Fields<Kinds>::kind == kind && (visitor(Kinds{}), true)) || ...);
}

bool with_entity_kind(std::string_view kind, auto&& visitor) {
  return with_kind<care::Patient, care::Episode, care::Screening, care::MedicationTherapy, care::CarePlan,
                   care::SafetyEvent, care::EpisodeAct, care::Consent, care::Contact, care::CaseReview,
                   care::RecommendationAnswer, care::CaseFlag, care::TeamAssignment, care::Referral, care::Handoff,
                   care::CrisisStep, care::Partnership, care::Feedback, care::MedicationDecision>(kind, visitor);
}

}  // namespace

Node to_node(const care::Entity& entity, Arena& arena) {
  return std::visit([&](const auto& value) { return node_of(value, arena, true); }, entity);
}

Node to_node(const care::BillingMonth& month, Arena& arena) { return node_of(month, arena, true); }

std::string to_json(const care::Entity& entity) {
  Arena arena;
  return fhir::write_json(to_node(entity, arena));
}

Result<ReadEntity> entity_from(const Node& node) {
  ReadEntity read;
  const std::string_view kind = node.text_of(kKind);
  const bool known = with_entity_kind(kind, [&](auto value) {
    read_struct(value, node, std::string(kind), read.issues);
    read.entity = std::move(value);
  });
  if (!known) return Error{Kind::Incorrect, "expected a care entity with a known 'kind'"};
  return read;
}

Result<care::Entity> entity_from_json(std::string_view json) {
  BHI_TRY(const auto document, fhir::read_json(std::string(json)));
  BHI_TRY(auto read, entity_from(document->root()));
  if (has_errors(read.issues))
    return Error{Kind::Fault, "stored entity: " + read.issues[0].path + ": " + read.issues[0].text};
  return std::move(read.entity);
}

Result<care::ScreeningReport> report_from(const Node& node, Issues& issues) {
  if (!node.is_object()) return Error{Kind::Fault, "expected a ScreeningReport object"};
  care::ScreeningReport report;
  read_struct(report, node, "ScreeningReport", issues);
  return report;
}

std::vector<std::string> bound_paths(std::string_view kind) {
  std::vector<std::string> paths;
  const auto collect = [&](auto value) { collect_paths<decltype(value)>(std::string(kind), paths); };
  if (!with_entity_kind(kind, collect)) with_kind<care::ScreeningReport, care::BillingMonth>(kind, collect);
  return paths;
}

}  // namespace bhi::flow
