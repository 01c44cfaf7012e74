// The record of a decision about a psychotropic: why it fits, what the patient wants, what was said about side effects,
// risks and alternatives, what the treating physician decided. What is left out is said, never filled in.
#pragma once

#include "care/model.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct MedicationDecision {
  std::string id;
  std::string patient;
  Source source;
  std::string on;
  std::string by;         // who decided: a role or a member of the team
  std::string therapy;    // care id of the order it is about; empty: none was made
  std::string event;      // start | stop | dose-increase | ... | declined-by-patient | no-change-reviewed
  std::string condition;  // target condition
  std::string appropriateness;
  std::string contraindications;  // and interaction check
  std::string willingness;        // willing | ambivalent | declines | not-asked
  std::string shared_decision;    // note
  std::string expected_benefit;   // and by when
  std::string side_effects;       // discussed
  std::string prolonged_use_risk;
  std::string alternatives;
  std::string baseline_tests;
  std::string pcp_answer;  // accepted | modified | declined; of a psychiatric recommendation
  std::string pcp_reason;
  bool operator==(const MedicationDecision&) const = default;
};

// Fields that a decision of its kind must have and lacks, by name; an unknown word for willingness, answer or event is
// named too. A stop needs no prolonged-use risk, a patient's no is a decision of its own and needs no order.
std::vector<std::string> missing_in(const MedicationDecision& decision);

// CPT 90863 may be added: pharmacologic management on the same day as psychotherapy (one of its base codes) and not
// beside an evaluation and management service of the same person. Who may bill it depends on the state: needs review.
struct AddOn {
  bool possible = false;
  std::string why;
};
AddOn add_on_90863(std::string_view psychotherapy_code, bool evaluation_by_same_person,
                   const MedicationDecision& decision);

}  // namespace bhi::care
