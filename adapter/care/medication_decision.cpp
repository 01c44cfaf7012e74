#include "care/medication_decision.h"

#include "base/instant.h"
#include "care/times.h"
#include "care/treat_to_target.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace bhi::care {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 10> kEvents{
    "start",   "stop", "dose-increase", "dose-decrease",       "switch",
    "augment", "hold", "restart",       "declined-by-patient", "no-change-reviewed"};
constexpr std::array<std::string_view, 4> kWillingness{"willing", "ambivalent", "declines", "not-asked"};

constexpr std::chrono::days kNear{14};

struct Field {
  std::string_view name;
  std::string MedicationDecision::*value;
  bool for_stop = false;  // asked of a stop, a hold and a decrease too
  bool for_no = false;    // asked when the patient declines
};

constexpr std::array kFields = std::to_array<Field>({
    {"on", &MedicationDecision::on, true, true},
    {"by", &MedicationDecision::by, true, true},
    {"condition", &MedicationDecision::condition, true, true},
    {"appropriateness", &MedicationDecision::appropriateness, true, true},
    {"contraindications", &MedicationDecision::contraindications},
    {"willingness", &MedicationDecision::willingness, true, true},
    {"expected benefit", &MedicationDecision::expected_benefit},
    {"side effects", &MedicationDecision::side_effects},
    {"prolonged-use risk", &MedicationDecision::prolonged_use_risk},
    {"alternatives", &MedicationDecision::alternatives, false, true},
});

}  // namespace

std::span<const std::string_view> decision_events() { return kEvents; }
std::span<const std::string_view> willingness_words() { return kWillingness; }

std::vector<std::string> missing_in(const MedicationDecision& decision) {
  constexpr std::array<std::string_view, 4> kAnswers{"", "accepted", "modified", "declined"};
  constexpr std::array<std::string_view, 4> kLess{"stop", "hold", "dose-decrease", "no-change-reviewed"};
  std::vector<std::string> missing;
  if (!is_one_of(decision.event, kEvents)) missing.emplace_back("event");
  const bool declined = decision.event == "declined-by-patient";
  const bool less = is_one_of(decision.event, kLess);
  for (const Field& field : kFields) {
    const bool asked = declined ? field.for_no : less ? field.for_stop : true;
    if (asked && (decision.*field.value).empty()) missing.emplace_back(field.name);
  }
  if (!decision.willingness.empty() && !is_one_of(decision.willingness, kWillingness)) {
    missing.emplace_back("willingness");
  }
  if (!is_one_of(decision.pcp_answer, kAnswers)) missing.emplace_back("pcp answer");
  if (decision.pcp_answer == "declined" && decision.pcp_reason.empty()) missing.emplace_back("pcp reason");
  return missing;
}

std::vector<MedicationNote> decision_notes(const Record& record) {
  std::vector<MedicationNote> notes;
  const Episode* episode = current_episode(record);
  if (episode == nullptr) return notes;
  const auto note = [&](std::string_view kind, const std::string& id, std::string text) {
    MedicationNote one;
    one.kind = one.rule = kind;
    one.severity = "information";
    if (!id.empty()) one.therapies = {id};
    one.text = std::move(text);
    notes.push_back(std::move(one));
  };
  for (const MedicationTherapy& therapy : record.medications) {
    const auto ordered = date_from(therapy.authored);
    const bool counts = !therapy.ingredients.empty() && therapy.status == "active" && !therapy.do_not_perform;
    if (!counts || !ordered || earlier(therapy.authored, episode->start)) continue;
    const auto is_about_it = [&](const MedicationDecision& decision) {
      if (!decision.therapy.empty()) return decision.therapy == therapy.id;
      const auto on = date_from(decision.on);
      return on && std::chrono::abs(std::chrono::sys_days{*on} - std::chrono::sys_days{*ordered}) <= kNear;
    };
    if (std::ranges::any_of(record.decisions, is_about_it)) continue;
    note("decision-missing", therapy.id,
         therapy.ingredients.front() + ": ordered on " + to_text(*ordered) + ", no decision is recorded");
  }
  for (const MedicationDecision& decision : record.decisions) {
    const auto missing = missing_in(decision);
    if (missing.empty()) continue;
    std::string text = "decision of " + decision.on + " leaves out:";
    for (const std::string& one : missing) text += (one == missing.front() ? " " : ", ") + one;
    note("decision-incomplete", decision.therapy, std::move(text));
  }
  return notes;
}

AddOn add_on_90863(std::string_view psychotherapy_code, bool evaluation_by_same_person,
                   const MedicationDecision& decision) {
  constexpr std::array<std::string_view, 3> kBase{"90832", "90834", "90837"};
  if (!is_one_of(psychotherapy_code, kBase)) {
    return {false, "90863 is added to psychotherapy (90832, 90834 or 90837) of the same date only"};
  }
  if (evaluation_by_same_person) return {false, "not beside an evaluation and management service of the same person"};
  if (decision.side_effects.empty() || decision.event.empty()) {
    return {false, "the review of side effects and the prescription decision are not recorded"};
  }
  return {true,
          "prescribing psychologists where the state licenses them; physicians use E/M with a psychotherapy add-on"};
}

}  // namespace bhi::care
