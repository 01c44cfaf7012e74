// The words that coded texts of the team's work may have, and what an entry must state. An entry with an error is
// refused as a whole; a warning names what is missing and lets it pass.
#pragma once

#include "base/issue.h"
#include "care/model_work.h"

#include <span>
#include <string_view>

namespace bhi::care {

// Activities of a contact. `counts`: its minutes are care management; clerical ones are not ("needs clinical review":
// the rule is unconfirmed, see care/billing_table.h).
struct ContactActivity {
  std::string_view id;
  bool counts = true;
};
std::span<const ContactActivity> contact_activities();

// Issues have paths from the entity on: "Contact/c1.modality".
Issues check(const EpisodeAct& act);
Issues check(const Consent& consent);
Issues check(const Contact& contact);
Issues check(const CaseReview& review);
Issues check(const RecommendationAnswer& answer);
Issues check(const CaseFlag& flag);
Issues check(const TeamAssignment& assignment);
Issues check(const Referral& referral);
Issues check(const Handoff& handoff);
Issues check(const CrisisStep& step);
Issues check(const Partnership& partnership);
Issues check(const Feedback& feedback);
Issues check(const MedicationDecision& decision);

}  // namespace bhi::care
