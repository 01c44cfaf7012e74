#include "service/collections.h"

#include <algorithm>
#include <array>

namespace bhi::service {

namespace {

constexpr auto kOfPatients = std::to_array<Collection>({
    // path, kind, how it is written, right to write, right to read, what
    {"acts", "EpisodeAct", Way::Told, "decide-enrolment", "read-caseload", "steps of an episode; undone by another"},
    {"answers", "RecommendationAnswer", Way::Entered, "answer-recommendation", "read-caseload",
     "the treating clinician's answers to recommendations"},
    {"assignments", "TeamAssignment", Way::Entered, "decide-enrolment", "read-caseload", "who holds a role"},
    {"consents", "Consent", Way::Entered, "record-consent", "read-caseload", "to the service, to disclosures"},
    {"contacts", "Contact", Way::Entered, "record-contact", "read-caseload", "contacts with their minutes"},
    {"crisis-steps", "CrisisStep", Way::Entered, "acknowledge-safety", "read-caseload", "steps of a crisis protocol"},
    {"decisions", "MedicationDecision", Way::Entered, "prescribe", "read-substance-use",
     "why a medicine was begun, changed, stopped or not begun"},
    {"episodes", "Episode", Way::Read, "", "read-caseload", "enrolments; they follow from their acts"},
    {"feedback", "Feedback", Way::Entered, "give-feedback", "read-caseload", "of patient or caregiver"},
    {"flags", "CaseFlag", Way::Entered, "flag-for-review", "read-caseload", "wishes for the next case review"},
    {"handoffs", "Handoff", Way::Entered, "record-handoff", "read-caseload", "from one hand to another"},
    {"medications", "MedicationTherapy", Way::Read, "", "read-caseload", "medication therapies, from the EHR"},
    {"partnerships", "Partnership", Way::Entered, "record-partnership", "read-caseload", "what the patient wants"},
    {"plans", "CarePlan", Way::Own, "change-plan", "read-caseload", "care plans"},
    {"referrals", "Referral", Way::Entered, "refer", "read-caseload", "to community partners"},
    {"reviews", "CaseReview", Way::Entered, "record-review", "read-caseload", "psychiatric case reviews"},
    {"safety", "SafetyEvent", Way::Read, "", "read-caseload", "safety events"},
    {"screenings", "Screening", Way::Own, "record-screening", "read-caseload", "answered and scored instruments"},
});
static_assert(std::ranges::is_sorted(kOfPatients, {}, &Collection::path));

constexpr auto kOfPractice = std::to_array<Collection>({
    {"baselines", "Baseline", Way::Entered, "change-workflow", "read-metrics", "how care ran before, what is wanted"},
    {"feedback", "Feedback", Way::Entered, "give-feedback", "read-metrics", "of the staff"},
    {"members", "TeamMember", Way::Entered, "change-workflow", "read-caseload", "the team"},
    {"partners", "CommunityPartner", Way::Entered, "keep-referral-list", "read-caseload", "the local call list"},
    {"profile", "Practice", Way::Entered, "change-workflow", "read-caseload",
     "the practice itself; its id is 'practice'"},
    {"protocols", "CrisisProtocol", Way::Entered, "change-workflow", "read-caseload",
     "crisis protocols; the address of one is its id, '@' and its version"},
    {"training", "TrainingRecord", Way::Entered, "train", "read-caseload", "who was trained in what"},
});
static_assert(std::ranges::is_sorted(kOfPractice, {}, &Collection::path));

}  // namespace

std::span<const Collection> patient_collections() { return kOfPatients; }
std::span<const Collection> practice_collections() { return kOfPractice; }

const Collection* find_collection(std::span<const Collection> collections, std::string_view path) {
  const auto found = std::ranges::find(collections, path, &Collection::path);
  return found == collections.end() ? nullptr : &*found;
}

const Collection* collection_of(std::span<const Collection> collections, std::string_view kind) {
  const auto found = std::ranges::find(collections, kind, &Collection::kind);
  return found == collections.end() ? nullptr : &*found;
}

}  // namespace bhi::service
