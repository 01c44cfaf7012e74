#include "tests/flow/support/whole_record.h"

#include <string>
#include <utility>

namespace bhi::test {

namespace {

const care::Recorded kRecorded = {"m-ana", "2026-03-05T20:00:00Z"};
const care::Source kBhi = {"bhi", "", "", "", ""};

template <typename T>
T entry(std::string id) {
  T made;
  made.id = std::move(id);
  made.patient = "x1";
  if constexpr (requires { made.recorded; }) made.recorded = kRecorded;
  return made;
}

}  // namespace

std::vector<care::Entity> whole_record() {
  std::vector<care::Entity> all;
  care::Patient patient;
  patient.id = "x1";
  patient.source = {"main", "Patient", "p", "1", ""};
  patient.name = "Robin Sample";
  patient.gender = "female";
  patient.birth_date = "1980-05-01";
  patient.identifiers = {{"urn:oid:1.2.3", "77", "MRN"}};
  all.emplace_back(patient);

  auto episode = entry<care::Episode>("e1");
  episode.source = kBhi;
  episode.state = "active";
  episode.start = "2026-01-10";
  episode.program = "CoCM";
  all.emplace_back(episode);
  auto act = entry<care::EpisodeAct>("a1");
  act.episode = "e1";
  act.act = "enrol";
  act.at = "2026-01-10T09:00:00Z";
  act.by = "m-ana";
  act.effective = true;
  act.from = "identified";
  act.to = "enrolled";
  all.emplace_back(act);
  act.id = "a2";
  act.act = "start-treatment";
  act.at = "2026-01-20";
  act.from = "enrolled";
  act.to = "active";
  all.emplace_back(act);

  auto screening = entry<care::Screening>("s1");
  screening.instrument = "phq-9";
  screening.authored = "2026-03-05T19:40:00Z";
  screening.status = "completed";
  screening.source = kBhi;
  screening.items = {{1, "44250-9", "LA6570-1", 2}, {9, "44260-8", "LA6569-3", 1}};
  screening.total = 14;
  screening.severity = "moderate";
  screening.complete = true;
  all.emplace_back(screening);
  auto alcohol = entry<care::Screening>("s2");
  alcohol.instrument = "audit-c";
  alcohol.authored = "2026-03-05";
  alcohol.status = "completed";
  alcohol.source = {"main", "Observation", "o1", "1", ""};
  alcohol.stated_total = 6;
  all.emplace_back(alcohol);
  auto unfinished = entry<care::Screening>("s3");
  unfinished.instrument = "gad-7";
  unfinished.authored = "2026-03-06";
  unfinished.status = "in-progress";
  unfinished.source = kBhi;
  unfinished.items = {{1, "69725-0", "LA6569-3", 1}};
  all.emplace_back(unfinished);
  auto event = entry<care::SafetyEvent>("v1");
  event.rule = "phq-9.item-9";
  event.level = "positive";
  event.derived_from = "s1";
  event.occurred = "2026-03-05T19:40:00Z";
  event.state = "open";
  all.emplace_back(event);

  auto decision = entry<care::MedicationDecision>("md1");
  decision.on = "2026-03-05";
  decision.event = "start";
  decision.therapy = "d1";
  decision.willingness = "willing";
  all.emplace_back(decision);

  auto therapy = entry<care::MedicationTherapy>("d1");
  therapy.source = {"main", "MedicationRequest", "mr", "1", ""};
  therapy.status = "active";
  therapy.intent = "order";
  therapy.codes = {{"http://www.nlm.nih.gov/research/umls/rxnorm", "312938", "sertraline 100 MG"}};
  therapy.text = "Sertraline 100 mg";
  therapy.dose.value = 100;
  therapy.dose.unit = "mg";
  therapy.dose.times_per_day = 1;
  all.emplace_back(therapy);
  therapy.id = "d2";
  therapy.text = "Buprenorphine";
  therapy.codes.clear();
  therapy.drug_class = "MOUD";
  therapy.ingredients = {"buprenorphine"};
  therapy.prior = "d1";
  all.emplace_back(therapy);

  auto plan = entry<care::CarePlan>("c1");
  plan.source = {"main", "CarePlan", "cp", "1", ""};
  plan.status = "active";
  plan.intent = "plan";
  plan.title = "Depression care";
  plan.problems = {{"Condition/7", "Depression", {}}};
  plan.goals = {
      {.reference = "Goal/1", .description = "PHQ-9 below 5", .status = "active", .targets = {}, .achievement = {}}};
  all.emplace_back(plan);

  auto consent = entry<care::Consent>("k1");
  consent.kind = "privacy";
  consent.decision = "given";
  consent.method = "written";
  consent.covers = {"mental-health", "substance-use"};
  consent.starts = "2026-01-10";
  consent.expires = "2027-01-10";
  all.emplace_back(consent);
  consent.id = "k2";
  consent.kind = "service";
  consent.covers.clear();
  consent.elements = {"consultation", "cost-sharing", "right-to-stop"};
  consent.practitioner = "m-pcp";
  consent.revoked = {"m-ana", "2026-05-02T10:00:00Z"};
  consent.revoke_reason = "Moves away";
  all.emplace_back(consent);
  auto refusal = entry<care::Consent>("k3");
  refusal.kind = "privacy";
  refusal.decision = "declined";
  refusal.starts = "2025-01-10";
  all.emplace_back(refusal);

  auto contact = entry<care::Contact>("t1");
  contact.episode = "e1";
  contact.member = "m-ana";
  contact.role = "care-manager";
  contact.start = "2026-03-05T14:30:00-05:00";
  contact.minutes = 25;
  contact.with = "patient";
  contact.modality = "video";
  contact.outcome = "reached";
  contact.activities = {"brief-intervention"};
  contact.screenings = {"s1"};
  contact.patient_location = "At home";
  contact.callback = "+1 555 0100";
  contact.setting = "community";
  contact.next_due = "2026-03-19";
  contact.status = "final";
  all.emplace_back(contact);
  contact.id = "t2";
  contact.with = "nobody";
  contact.modality = "none";
  contact.activities = {"registry"};
  contact.screenings.clear();
  contact.start = "2026-03-06T15:00:00Z";
  all.emplace_back(contact);

  auto review = entry<care::CaseReview>("r1");
  review.episode = "e1";
  review.date = "2026-03-10";
  review.consultant = "m-psy";
  review.discussed = true;
  review.status = "final";
  review.recommendations = {{"1", "medication", "Raise the dose", "m-pcp", "2026-03-24", "2026-03-17"},
                            {"2", "monitor", "", "m-ana", "", ""}};
  all.emplace_back(review);
  auto answer = entry<care::RecommendationAnswer>("w1");
  answer.review = "r1";
  answer.recommendation = "1";
  answer.answer = "modified";
  answer.reason = "Half the step";
  answer.recorded = {"m-pcp", "2026-03-11T12:00:00Z"};
  all.emplace_back(answer);
  answer.id = "w0";
  answer.answer = "declined";
  answer.recorded.at = "2026-03-11T08:00:00Z";
  all.emplace_back(answer);
  answer.id = "w2";
  answer.review = "gone";
  answer.recommendation = "5";
  all.emplace_back(answer);

  auto flag = entry<care::CaseFlag>("f1");
  flag.reason = "No progress";
  all.emplace_back(flag);
  auto assignment = entry<care::TeamAssignment>("g1");
  assignment.role = "psychiatric-consultant";
  assignment.member = "m-psy";
  assignment.clinic = "North";
  all.emplace_back(assignment);
  auto referral = entry<care::Referral>("j1");
  referral.episode = "e1";
  referral.partner = "p-house";
  referral.capability = "substance-use";
  referral.urgency = "urgent";
  referral.status = "scheduled";
  referral.requested = "2026-03-05";
  referral.requested_by = "m-pcp";
  referral.appointment = "2026-03-20T09:00:00Z";
  referral.outcome = "Booked";
  all.emplace_back(referral);
  auto handoff = entry<care::Handoff>("h1");
  handoff.kind = "warm";
  handoff.from = "m-pcp";
  handoff.to = "m-ana";
  handoff.to_role = "care-manager";
  handoff.at = "2026-03-05T14:00:00Z";
  handoff.covered = {"risk", "plan"};
  handoff.accepted = {"m-nor", "2026-03-05T14:10:00Z"};
  all.emplace_back(handoff);
  auto step = entry<care::CrisisStep>("z1");
  step.event = "v1";
  step.protocol = "site";
  step.protocol_version = "3";
  step.action = "call-patient";
  step.outcome = "done";
  all.emplace_back(step);
  auto wish = entry<care::Partnership>("y1");
  wish.preferred_name = "Rob";
  wish.language = "es";
  wish.interpreter = true;
  wish.goals = {"Sleep through the night"};
  wish.involved = {{"sister", {"appointments"}}};
  wish.declines = {{"telehealth", "2026-03-05", "No quiet room"}};
  all.emplace_back(wish);
  auto feedback = entry<care::Feedback>("b1");
  feedback.from = "patient";
  feedback.date = "2026-03-05";
  feedback.text = "Nobody called back";
  feedback.action = "Calls within two days";
  all.emplace_back(feedback);
  return all;
}

}  // namespace bhi::test
