#include "care/work_check.h"

#include "base/instant.h"
#include "care/episode.h"
#include "care/medication_decision.h"
#include "care/team.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace bhi::care {

namespace {

using Words = std::initializer_list<std::string_view>;
using WordSpan = std::span<const std::string_view>;

constexpr auto kActivities = std::to_array<ContactActivity>({
    {"outreach"},
    {"assessment"},
    {"care-planning"},
    {"brief-intervention"},
    {"self-management-support"},
    {"medication-support"},
    {"safety-planning"},
    {"relapse-prevention"},
    {"coordination"},
    {"registry"},
    {"caseload-consultation"},
    {"psychotherapy"},
    {"administrative", false},
});

// Collects what is wrong with one entry.
class Check {
 public:
  Check(std::string_view kind, std::string_view id) : path_(std::string(kind) + "/" + std::string(id)) {
    stated("id", id);
  }

  void stated(std::string_view member, std::string_view value) {
    if (value.empty()) say(Severity::Error, "required", member, "expected a value, found none");
  }

  void word(std::string_view member, std::string_view value, WordSpan allowed) {
    if (std::ranges::find(allowed, value) != allowed.end()) return;
    std::string text = "expected one of";
    for (const std::string_view one : allowed) text += (one == allowed.front() ? " " : ", ") + std::string(one);
    say(Severity::Error, "value", member, text);
  }

  void word(std::string_view member, std::string_view value, Words allowed) {
    word(member, value, WordSpan(allowed.begin(), allowed.size()));
  }

  void words(std::string_view member, const std::vector<std::string>& values, Words allowed) {
    for (const std::string& value : values) word(member, value, allowed);
  }

  void time(std::string_view member, std::string_view value) {
    if (!instant_from(value)) say(Severity::Error, "value", member, "expected a date or a time");
  }

  void time_if_stated(std::string_view member, std::string_view value) {
    if (!value.empty()) time(member, value);
  }

  void recorded(const Recorded& recorded) {
    time("recorded.at", recorded.at);
    stated("recorded.by", recorded.by);
  }

  void say(Severity severity, std::string_view code, std::string_view member, std::string text) {
    issues_.push_back({severity, std::string(code), path_ + "." + std::string(member), std::move(text)});
  }

  Issues done() && { return std::move(issues_); }

 private:
  std::string path_;
  Issues issues_;
};

bool is_telehealth(std::string_view modality) { return modality == "phone" || modality == "video"; }

constexpr int kMinutesOfADay = 24 * 60;

}  // namespace

std::span<const ContactActivity> contact_activities() { return kActivities; }

Issues check(const EpisodeAct& act) {
  Check check("EpisodeAct", act.id);
  check.stated("episode", act.episode);
  check.time("at", act.at);
  check.stated("by", act.by);
  if (!is_episode_act(act.act))
    check.say(Severity::Error, "value", "act", "expected an act of the vocabulary, found another word");
  if (act.act == "undo") check.stated("undoes", act.undoes);
  return std::move(check).done();
}

Issues check(const Consent& consent) {
  Check check("Consent", consent.id);
  check.word("kind", consent.kind, {"service", "privacy"});
  check.word("decision", consent.decision, {"given", "declined"});
  // Who declines need not say how.
  if (consent.decision != "declined" || !consent.method.empty())
    check.word("method", consent.method, {"verbal", "written"});
  check.words("elements", consent.elements, {"consultation", "cost-sharing", "right-to-stop"});
  check.words("covers", consent.covers, {"mental-health", "substance-use", "psychotherapy-notes"});
  check.time("starts", consent.starts);
  check.time_if_stated("expires", consent.expires);
  check.recorded(consent.recorded);
  if (consent.kind == "service" && consent.decision == "given" && consent.elements.size() < 3) {
    check.say(Severity::Warning, "required", "elements",
              "expected consultation, cost-sharing and right-to-stop to be explained");
  }
  return std::move(check).done();
}

Issues check(const Contact& contact) {
  Check check("Contact", contact.id);
  check.time("start", contact.start);
  check.word("with", contact.with, {"patient", "caregiver", "clinician", "nobody"});
  check.word("modality", contact.modality, {"in-person", "phone", "video", "message", "none"});
  check.word("outcome", contact.outcome, {"reached", "left-message", "no-show", "cancelled"});
  check.word("setting", contact.setting, {"community", "emergency", "observation", "inpatient"});
  check.word("status", contact.status, {"final", "entered-in-error"});
  check.recorded(contact.recorded);
  if (!is_role(contact.role))
    check.say(Severity::Error, "value", "role", "expected a role of the vocabulary, found another word");
  if (contact.minutes < 0 || contact.minutes > kMinutesOfADay) {
    check.say(Severity::Error, "value", "minutes", "expected 0 to 1440, found " + std::to_string(contact.minutes));
  }
  for (const std::string& activity : contact.activities) {
    if (std::ranges::find(kActivities, activity, &ContactActivity::id) == kActivities.end()) {
      check.say(Severity::Error, "value", "activities", "expected activities of the vocabulary, found another word");
    }
  }
  const bool with_person = contact.with == "patient" && contact.outcome == "reached";
  if (is_telehealth(contact.modality) && with_person) {
    if (contact.patient_location.empty())
      check.say(Severity::Warning, "required", "patient_location", "expected where the patient is, for an emergency");
    if (contact.callback.empty())
      check.say(Severity::Warning, "required", "callback", "expected a number to call back, for an emergency");
  }
  return std::move(check).done();
}

Issues check(const CaseReview& review) {
  Check check("CaseReview", review.id);
  check.time("date", review.date);
  check.word("status", review.status, {"final", "entered-in-error"});
  check.recorded(review.recorded);
  std::vector<std::string_view> seen;
  for (const Recommendation& one : review.recommendations) {
    check.stated("recommendations.id", one.id);
    check.word("recommendations.kind", one.kind, {"medication", "therapy", "referral", "test", "monitor", "other"});
    check.stated("recommendations.owner", one.owner);
    check.time_if_stated("recommendations.due", one.due);
    check.time_if_stated("recommendations.answer_due", one.answer_due);
    if (std::ranges::find(seen, one.id) != seen.end())
      check.say(Severity::Error, "value", "recommendations.id", "expected each id once");
    seen.push_back(one.id);
  }
  if (!review.discussed && !review.recommendations.empty())
    check.say(Severity::Error, "business-rule", "recommendations", "expected none for a patient who was not discussed");
  return std::move(check).done();
}

Issues check(const RecommendationAnswer& answer) {
  Check check("RecommendationAnswer", answer.id);
  check.stated("review", answer.review);
  check.stated("recommendation", answer.recommendation);
  check.word("answer", answer.answer, {"accepted", "declined", "modified"});
  if (answer.answer != "accepted") check.stated("reason", answer.reason);
  check.recorded(answer.recorded);
  return std::move(check).done();
}

Issues check(const CaseFlag& flag) {
  Check check("CaseFlag", flag.id);
  check.recorded(flag.recorded);
  return std::move(check).done();
}

Issues check(const TeamAssignment& assignment) {
  Check check("TeamAssignment", assignment.id);
  check.stated("member", assignment.member);
  if (!is_role(assignment.role))
    check.say(Severity::Error, "value", "role", "expected a role of the vocabulary, found another word");
  check.recorded(assignment.recorded);
  return std::move(check).done();
}

Issues check(const Referral& referral) {
  Check check("Referral", referral.id);
  check.word("urgency", referral.urgency, {"routine", "urgent", "emergency"});
  check.word("status", referral.status,
             {"requested", "accepted", "refused", "scheduled", "seen", "closed", "cancelled"});
  check.time("requested", referral.requested);
  check.time_if_stated("appointment", referral.appointment);
  check.recorded(referral.recorded);
  return std::move(check).done();
}

Issues check(const Handoff& handoff) {
  Check check("Handoff", handoff.id);
  check.word("kind", handoff.kind, {"warm", "scheduled", "discharge"});
  check.time("at", handoff.at);
  check.words("covered", handoff.covered,
              {"risk", "assessment", "plan", "means-safety", "crisis-resources", "follow-up", "next-provider",
               "pending-tasks"});
  if (!is_role(handoff.to_role))
    check.say(Severity::Error, "value", "to_role", "expected a role of the vocabulary, found another word");
  check.time_if_stated("accepted.at", handoff.accepted.at);
  check.recorded(handoff.recorded);
  return std::move(check).done();
}

Issues check(const CrisisStep& step) {
  Check check("CrisisStep", step.id);
  check.stated("event", step.event);
  check.stated("action", step.action);
  check.word("outcome", step.outcome, {"done", "not-possible"});
  if (step.outcome == "not-possible") check.stated("note", step.note);
  check.recorded(step.recorded);
  return std::move(check).done();
}

Issues check(const Partnership& partnership) {
  Check check("Partnership", partnership.id);
  for (const Decline& decline : partnership.declines) check.stated("declines.what", decline.what);
  check.recorded(partnership.recorded);
  return std::move(check).done();
}

Issues check(const Feedback& feedback) {
  Check check("Feedback", feedback.id);
  check.word("from", feedback.from, {"patient", "caregiver", "staff"});
  check.time("date", feedback.date);
  check.recorded(feedback.recorded);
  return std::move(check).done();
}

Issues check(const MedicationDecision& decision) {
  Check check("MedicationDecision", decision.id);
  check.word("event", decision.event, decision_events());
  check.time("on", decision.on);
  if (!decision.willingness.empty()) check.word("willingness", decision.willingness, willingness_words());
  check.word("pcp_answer", decision.pcp_answer, {"", "accepted", "modified", "declined"});
  check.recorded(decision.recorded);
  // Incomplete is taken: a record of what was not said is worth more than none.
  for (std::string member : missing_in(decision)) {
    std::ranges::replace_if(
        member, [](char c) { return c == ' ' || c == '-'; }, '_');
    check.say(Severity::Warning, "required", member, "expected to be recorded with this decision");
  }
  return std::move(check).done();
}

}  // namespace bhi::care
