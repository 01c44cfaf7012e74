#include "flow/entity_line.h"

#include <cstdio>
#include <string>
#include <variant>

namespace bhi::flow {

namespace {

std::string line_of(const care::Screening& screening) {
  std::string line = screening.instrument + "  " + screening.authored.substr(0, 10) + "  items";
  for (const care::ScreeningItem& item : screening.items)
    line += " " + (item.score ? std::to_string(*item.score) : std::string("-"));
  if (screening.items.empty()) line += " (score only)";
  line += "  total " + (screening.total ? std::to_string(*screening.total) : std::string("none"));
  if (screening.stated_total) {
    char stated[32];
    std::snprintf(stated, sizeof stated, "  stated %g", *screening.stated_total);
    line += stated;
  }
  if (!screening.severity.empty()) line += "  " + screening.severity;
  for (const care::SafetyFinding& finding : screening.safety) {
    if (finding.level != "negative") line += "  SAFETY " + finding.level + " (" + finding.rule + ")";
  }
  return line;
}

struct LineOf {
  std::string operator()(const care::Screening& value) const { return line_of(value); }
  std::string operator()(const care::MedicationTherapy& value) const {
    return value.text + "  " + value.status + "  class " + value.drug_class + " by " + value.by;
  }
  std::string operator()(const care::CarePlan& value) const {
    return (value.title.empty()
                ? (value.categories.empty() ? std::string("(no title)") : value.categories.back().display)
                : value.title) +
           "  " + value.status + "  " + std::to_string(value.activities.size()) + " activities, " +
           std::to_string(value.goals.size()) + " goals" +
           (value.review_date.empty() ? "" : "  review " + value.review_date);
  }
  std::string operator()(const care::SafetyEvent& value) const {
    return value.rule + " " + value.level + "  " + value.state + "  " + value.note +
           (value.patient.empty() ? "  UNASSIGNED" : "");
  }
  std::string operator()(const care::Patient& value) const {
    return value.name + "  " + value.gender + "  " + value.birth_date;
  }
  std::string operator()(const care::Episode& value) const {
    return value.state + "  " + value.start + "  " + value.program;
  }
  std::string operator()(const care::Consent& value) const {
    std::string line = value.kind + " " + value.decision + "  from " + value.starts;
    if (!value.expires.empty()) line += " until " + value.expires;
    for (const std::string& covered : value.covers) line += "  " + covered;
    return value.revoked.at.empty() ? line : line + "  REVOKED " + value.revoked.at;
  }
  std::string operator()(const care::Contact& value) const {
    return value.start + "  " + value.role + "  " + value.modality + " with " + value.with + "  " + value.outcome +
           "  " + std::to_string(value.minutes) + " min" + (value.status == "final" ? "" : "  " + value.status);
  }
  std::string operator()(const care::Referral& value) const {
    return value.requested + "  " + value.capability + "  " + value.urgency + "  " + value.status;
  }
  std::string operator()(const care::TeamAssignment& value) const {
    return value.role + (value.ended ? "  ended" : "");
  }
  std::string operator()(const care::CaseFlag& value) const {
    return value.reason + (value.raised ? "" : "  taken off");
  }
  std::string operator()(const care::Handoff& value) const {
    return value.at + "  " + value.kind + " to " + value.to_role +
           (value.accepted.at.empty() ? "  waits" : "  taken over");
  }
  std::string operator()(const care::RecommendationAnswer& value) const {
    return value.review + " " + value.recommendation + "  " + value.answer;
  }
  // What no map makes.
  std::string operator()(const auto& value) const { return value.id; }
};

}  // namespace

std::string line_of(const care::Entity& entity) { return std::visit(LineOf{}, entity); }

}  // namespace bhi::flow
