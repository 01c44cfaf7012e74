// The record of a decision about a psychotropic: why it fits, what the patient wants, what was said about side effects,
// risks and alternatives, what the treating physician decided. What is left out is said, never filled in.
#pragma once

#include "care/medication_review.h"
#include "care/model.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

std::span<const std::string_view> decision_events();
std::span<const std::string_view> willingness_words();

// Fields that a decision of its kind must have and lacks, by name; an unknown word for willingness, answer or event is
// named too. A stop needs no prolonged-use risk, a patient's no is a decision of its own and needs no order.
std::vector<std::string> missing_in(const MedicationDecision& decision);

// Of a patient in treatment: psychotropics ordered since its start without a decision (of that order, or within two
// weeks of it), and decisions that leave something out. Kinds "decision-missing" and "decision-incomplete"; both need
// review.
std::vector<MedicationNote> decision_notes(const Record& record);

// CPT 90863 may be added: pharmacologic management on the same day as psychotherapy (one of its base codes) and not
// beside an evaluation and management service of the same person. Who may bill it depends on the state: needs review.
struct AddOn {
  bool possible = false;
  std::string why;
};
AddOn add_on_90863(std::string_view psychotherapy_code, bool evaluation_by_same_person,
                   const MedicationDecision& decision);

}  // namespace bhi::care
