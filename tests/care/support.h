// Reports as the mapping would hand them over, written short.
#pragma once

#include "base/instant.h"
#include "care/apply.h"
#include "care/instruments.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care::test {

inline const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

inline Code loinc(std::string_view code, std::string_view display = "") {
  return {std::string(kLoinc), std::string(code), std::string(display)};
}

inline Source ehr(std::string_view id, std::string_view updated = "2026-11-20T10:05:00Z",
                  std::string_view version = "1", std::string_view type = "QuestionnaireResponse") {
  return {"main-ehr", std::string(type), std::string(id), std::string(version), std::string(updated)};
}

inline ReportedAnswer answer_code(std::string_view code, std::string_view display = "") {
  ReportedAnswer answer;
  answer.coding = loinc(code, display);
  return answer;
}
inline ReportedAnswer answer_number(double number) {
  ReportedAnswer answer;
  answer.number = number;
  return answer;
}
inline ReportedAnswer answer_ordinal(double ordinal) {
  ReportedAnswer answer;
  answer.coding = {"http://example.org/answers", "a", ""};
  answer.ordinal = ordinal;
  return answer;
}
inline ReportedAnswer answer_text(std::string_view text) {
  ReportedAnswer answer;
  answer.text = text;
  return answer;
}
inline ReportedAnswer answer_local(std::string_view code, std::string_view display) {
  ReportedAnswer answer;
  answer.coding = {"http://example.org/answers", std::string(code), std::string(display)};
  return answer;
}

inline ReportedItem coded(std::string_view code, std::vector<ReportedAnswer> answers) {
  ReportedItem item;
  item.link_id = "/" + std::string(code);
  item.codes = {loinc(code)};
  item.type = "choice";
  item.answers = std::move(answers);
  return item;
}

inline ReportedItem worded(std::string_view text, std::vector<ReportedAnswer> answers,
                           std::string_view type = "choice") {
  ReportedItem item;
  item.link_id = text.substr(0, 8);
  item.text = text;
  item.type = type;
  item.answers = std::move(answers);
  return item;
}

inline ReportedItem total_item(std::string_view code, double value) {
  ReportedItem item = coded(code, {answer_number(value)});
  item.type = "decimal";
  return item;
}

constexpr int kBlank = -1;  // present, unanswered

// Scores in the order of the instrument; the codes are its items'.
inline ScreeningReport report_of(std::string_view instrument, std::initializer_list<int> scores,
                                 std::string_view authored = "2026-11-20T10:00:00Z", std::string_view id = "scr1") {
  const Instrument& table = *find_instrument(instrument);
  ScreeningReport report;
  report.id = id;
  report.patient = "pat1";
  report.source = ehr(id);
  report.status = "completed";
  report.authored = authored;
  if (!table.panels.empty()) report.codes = {loinc(table.panels.front())};
  std::size_t k = 0;
  for (const int value : scores) {
    ReportedItem item;
    item.link_id = std::to_string(k);
    item.codes = {item_code(table, table.items[k])};
    item.type = "choice";
    if (value != kBlank) item.answers = {answer_number(value)};
    report.items.push_back(std::move(item));
    ++k;
  }
  return report;
}

inline ScreeningReport score_only(std::string_view total_code, double value,
                                  std::string_view authored = "2026-11-20T10:00:00Z", std::string_view id = "obs1") {
  ScreeningReport report;
  report.id = id;
  report.patient = "pat1";
  report.source = ehr(id, "2026-11-20T10:05:00Z", "1", "Observation");
  report.status = "completed";
  report.authored = authored;
  report.codes = {loinc(total_code)};
  report.stated_total = value;
  return report;
}

inline CarePlan plan_of(std::string_view id = "plan1", std::string_view updated = "2026-01-01T00:00:00Z") {
  CarePlan plan;
  plan.id = id;
  plan.patient = "pat1";
  plan.source = ehr(id, updated, "1", "CarePlan");
  plan.status = "active";
  plan.intent = "plan";
  plan.title = "Depression care";
  plan.behavioral = true;
  return plan;
}

inline Patient patient_of(std::string_view gender) {
  Patient patient;
  patient.id = "pat1";
  patient.source = ehr("p1", "2026-01-01T00:00:00Z", "1", "Patient");
  patient.gender = gender;
  return patient;
}

inline Applied apply_all(const std::vector<Change>& changes, const Record& before = {}, const Policy& policy = {},
                         Instant now = kNow) {
  return apply(before, changes, policy, now);
}

inline Screening screening_of(const ScreeningReport& report, std::string_view gender = "") {
  std::vector<Change> changes;
  if (!gender.empty()) changes.emplace_back(patient_of(gender));
  changes.emplace_back(report);
  const Applied applied = apply_all(changes);
  return applied.after.screenings.empty() ? Screening{} : applied.after.screenings.front();
}

inline bool says(const Issues& issues, std::string_view part) {
  for (const Issue& issue : issues) {
    if (issue.text.find(part) != std::string::npos) return true;
  }
  return false;
}

inline std::vector<Intent> intents_of(const Applied& applied, Intent::Artifact artifact) {
  std::vector<Intent> found;
  for (const Intent& intent : applied.intents) {
    if (intent.artifact == artifact) found.push_back(intent);
  }
  return found;
}

inline MedicationTherapy therapy_of(std::string_view id, std::string_view text, std::string_view updated,
                                    std::string_view authored) {
  MedicationTherapy therapy;
  therapy.id = id;
  therapy.patient = "pat1";
  therapy.source = ehr(id, updated, "1", "MedicationRequest");
  therapy.status = "active";
  therapy.intent = "order";
  therapy.text = text;
  therapy.authored = authored;
  return therapy;
}

}  // namespace bhi::care::test
