// Bodies for the document, one for each kind that is posted; the end-to-end test posts every one of them.
#include "service/openapi.h"

#include <algorithm>
#include <array>

namespace bhi::service {

namespace {

struct Example {
  std::string_view kind;
  std::string_view body;
};

constexpr auto kExamples = std::to_array<Example>({
    {"Baseline",
     R"({"id":"before","date":"2026-09-01","patientsSeen":2400,"howCareRuns":"referral only","metrics":[{"id":"remission","measure":"CMS159","baseline":6,"target":12,"due":"2027-09-01"}]})"},
    {"CarePlan",
     R"({"id":"plan-1","title":"Behavioral health plan","status":"active","intent":"plan","goals":[{"description":"PHQ-9 below 5","status":"active","targets":[{"measure":"44261-6","text":"< 5"}]}]})"},
    {"CaseFlag", R"({"id":"flag-1","reason":"asks for another medicine","raised":true})"},
    {"CaseReview",
     R"({"id":"review-1","episode":"episode-1","date":"2026-10-20","consultant":"consultant-1","discussed":true,"recommendations":[{"id":"r1","kind":"medication","text":"raise sertraline to 100 mg","owner":"pcp-1","answerDue":"2026-10-27"}]})"},
    {"CommunityPartner",
     R"({"id":"line-1","name":"County crisis line","capabilities":["crisis"],"availability":"accepting","contact":"988","hours":"always","lastVerified":"2026-10-01"})"},
    {"Consent",
     R"({"id":"consent-1","type":"service","decision":"given","method":"verbal","elements":["consultation","cost-sharing","right-to-stop"],"starts":"2026-10-03"})"},
    {"Contact",
     R"({"id":"contact-1","episode":"episode-1","member":"manager-1","role":"care-manager","start":"2026-10-05T15:00:00Z","minutes":25,"with":"patient","modality":"phone","outcome":"reached","activities":["assessment"],"patientLocation":"at home","callback":"555-0100","setting":"community"})"},
    {"CrisisProtocol",
     R"({"id":"crisis","version":"1","inForce":"2026-09-01","owner":"lead-1","tiers":[{"id":"high","triggers":["phq-9.item-9"],"actions":[{"id":"call","text":"call the patient","withinMinutes":30,"role":"care-manager","backupRole":"pcp"}],"partners":["line-1"],"followUpHours":72}]})"},
    {"CrisisStep",
     R"({"id":"step-1","event":"event-1","protocol":"crisis","protocolVersion":"1","action":"call","outcome":"done"})"},
    {"EpisodeAct", R"({"id":"act-1","episode":"episode-1","act":"identify","at":"2026-10-01T15:00:00Z"})"},
    {"Feedback", R"({"id":"feedback-1","from":"patient","date":"2026-10-30","theme":"access","text":"calls help"})"},
    {"Handoff",
     R"({"id":"handoff-1","type":"warm","from":"pcp-1","to":"manager-1","toRole":"care-manager","at":"2026-10-01T15:10:00Z","covered":["risk","plan"]})"},
    {"MedicationDecision",
     R"({"id":"decision-1","on":"2026-10-21","by":"pcp-1","event":"start","condition":"depression","willingness":"willing","sideEffects":"nausea, sleep","alternatives":"counselling alone"})"},
    {"Partnership",
     R"({"id":"wishes-1","preferredName":"Sam","language":"en","goals":["sleep through the night"],"declines":[{"what":"telehealth","on":"2026-10-03"}]})"},
    {"Practice",
     R"({"id":"practice","name":"Main Street Family Practice","careModel":"cocm","rolesActive":["pcp","nurse","care-manager","psychiatric-consultant","administrative","program-lead"],"timeZone":"America/Denver","payers":[{"payer":"medicare","family":"cocm","takesG2214":true}]})"},
    {"RecommendationAnswer", R"({"id":"answer-1","review":"review-1","recommendation":"r1","answer":"accepted"})"},
    {"Referral",
     R"({"id":"referral-1","episode":"episode-1","partner":"line-1","capability":"crisis","urgency":"routine","status":"requested","requested":"2026-10-06"})"},
    {"Screening",
     R"({"id":"visit-1","instrument":"gad-7","authored":"2026-11-01T15:00:00Z","items":[{"n":1,"score":2},{"n":2,"score":2},{"n":3,"score":1},{"n":4,"score":2},{"n":5,"score":1},{"n":6,"score":1},{"n":7,"score":2}]})"},
    {"StaffFeedback",
     R"({"id":"staff-1","from":"staff","date":"2026-10-30","theme":"workflow","text":"huddles before noon"})"},
    {"TeamAssignment", R"({"id":"assignment-1","role":"care-manager","member":"manager-1"})"},
    {"TeamMember",
     R"({"id":"manager-1","name":"Care Manager","roles":["care-manager"],"qualification":"social-worker"})"},
    {"TrainingRecord",
     R"({"id":"training-1","member":"manager-1","role":"care-manager","topic":"behavioral activation","completed":"2026-09-10","refreshDue":"2027-09-10"})"},
});

}  // namespace

std::string_view example_of(std::string_view kind) {
  const auto found = std::ranges::find(kExamples, kind, &Example::kind);
  return found == kExamples.end() ? std::string_view() : found->body;
}

}  // namespace bhi::service
