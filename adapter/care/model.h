// The BHI care model: what a behavioral health team works with. Knows no FHIR; ids and texts are our own.
//
// Every derived fact names what it was derived from (`source`, SafetyEvent::derived_from). Texts of dates and times are
// kept as given ("2026-11", "2026-11-22T09:30:00-05:00"); base/instant.h reads them. The same shapes stand as FHIR
// logical models in fhir_profiles/care/, so that maps can target them; flow/binding.h converts, table by table.
#pragma once

#include "base/issue.h"
#include "care/model_source.h"
#include "care/model_work.h"

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace bhi::care {

struct Patient {
  std::string id;
  Source source;
  std::string name;    // for display
  std::string gender;  // male | female | other | unknown, empty when not stated
  std::string birth_date;
  bool active = true;
  bool deceased = false;
  std::vector<Code> identifiers;  // system + value (in `code`)
  std::string replaced_by{};      // care id of the record that this one was merged into at its source; empty: it stands
  bool operator==(const Patient&) const = default;
};

// ---- screening ----------------------------------------------------------------------------------------------------

// A response as it was received: every answered (or present) item with the codes that the form gives it.
// What it means (which instrument, which score) is for care/recognise.h to say.
struct ReportedAnswer {
  Code coding;                    // of a coded answer
  std::string text;               // of a string answer
  std::optional<double> number;   // of an integer, decimal or quantity answer
  std::optional<double> ordinal;  // score that the form (ordinalValue) or the answer itself states
  bool operator==(const ReportedAnswer&) const = default;
};

struct ReportedItem {
  std::string link_id;
  std::vector<Code> codes;   // of the form's item, or from linkId conventions
  std::string text;          // the question as the form words it; used to recognise, never stored in a Screening
  std::string type;          // choice, integer, decimal, group, display, ... when the form is at hand
  bool in_form = true;       // false: the response has an item that its form does not know
  bool option_known = true;  // false: the answer is not among the form's options
  std::vector<ReportedAnswer> answers;  // empty: left unanswered
  bool operator==(const ReportedItem&) const = default;
};

struct ScreeningReport {
  std::string id;       // care id of the screening it becomes
  std::string patient;  // care id; empty: nobody could be resolved
  Source source;
  std::string
      status;  // completed, amended, in-progress, stopped, entered-in-error (final, corrected, ... of Observations)
  std::string authored;
  std::string form;                    // canonical of the questionnaire
  std::vector<Code> codes;             // of the form, or of the score Observation
  std::vector<ReportedItem> items;     // leaves of the form in its order (groups flattened), answered or not
  std::optional<double> stated_total;  // of a score Observation
  std::vector<Source> derived_from;    // resources a score Observation says it was derived from
  bool operator==(const ScreeningReport&) const = default;
};

struct ScreeningItem {
  int n = 0;           // number in the instrument, from 1
  std::string code;    // LOINC, or empty when none is confirmed
  std::string answer;  // code of the answer, or its text; empty when unanswered
  std::optional<int> score;
  bool operator==(const ScreeningItem&) const = default;
};

struct SafetyFinding {
  std::string rule;   // "phq-9.item-9"
  std::string level;  // positive | negative | unknown
  bool operator==(const SafetyFinding&) const = default;
};

struct Screening {
  std::string id;
  std::string patient;
  std::string instrument;  // id as in care/tables: "phq-9"
  std::string authored;
  std::string status;  // completed | amended | in-progress | stopped | entered-in-error
  Source source;
  std::vector<ScreeningItem> items;    // empty for a score-only Observation
  std::optional<int> total;            // recomputed; empty unless every scored item is answered
  std::optional<double> stated_total;  // what the sender says; kept, compared, never overwritten
  std::string severity;                // band of total, else of stated_total; may be empty
  std::optional<bool> positive;
  bool complete = false;
  std::vector<SafetyFinding> safety;
  std::vector<Source> derived_from;
  Issues issues;
  bool operator==(const Screening&) const = default;
};

// ---- safety -------------------------------------------------------------------------------------------------------

struct SafetyEvent {
  std::string id;
  std::string patient;  // empty: unassigned
  std::string rule;
  std::string level;         // positive | unknown
  std::string derived_from;  // id of the screening
  std::string occurred;      // when the answer was given
  std::string raised;        // when we learnt of it
  std::string state;         // open | acknowledged | review (too old to page, see safety_recent_days)
                             // | answered (an `unknown` whose answer has since arrived, see care/safety.h)
  std::string note;          // why, in our words: "item 9 answered 1", "item 9 not answered"; age of the data
  std::string acknowledged_by;
  std::string acknowledged_at;
  bool operator==(const SafetyEvent&) const = default;
};

// ---- medication ---------------------------------------------------------------------------------------------------

struct Dose {
  std::optional<double> value;  // each time
  std::string unit;
  std::optional<double> times_per_day;
  bool as_needed = false;
  std::string text;
  bool operator==(const Dose&) const = default;
};

struct MedicationTherapy {
  std::string id;
  std::string patient;
  Source source;
  std::string status;  // active, on-hold, cancelled, completed, stopped, draft, unknown, entered-in-error
  std::string intent;  // order, proposal, plan, ...
  bool do_not_perform = false;
  std::vector<Code> codes;  // as ordered: products, ingredients
  std::string text;         // as written
  std::string authored;
  Dose dose;
  std::string prior;                  // care id of the therapy it replaces
  std::optional<double> supply_days;  // how long one dispensing lasts
  std::optional<int> refills;         // allowed after the first
  // derived by care/medication.h:
  std::vector<std::string> ingredients;  // "sertraline"; empty unless psychotropic
  std::string drug_class;                // "SSRI", ...; "other" when not psychotropic
  std::string by;                        // code | text | none: how the class was found
  Issues issues;
  bool operator==(const MedicationTherapy&) const = default;
};

// ---- plan -----------------------------------------------------------------------------------------------------------

struct Problem {
  std::string reference;  // "Condition/1" at the source, may be empty
  std::string text;
  std::vector<Code> codes;
  bool operator==(const Problem&) const = default;
};

struct Target {
  std::string measure;  // LOINC of a total score, e.g. 44261-6
  std::string text;     // "< 5"
  std::string due;
  bool operator==(const Target&) const = default;
};

struct Goal {
  std::string reference;  // "Goal/1" at the source; empty for one made here
  std::string description;
  std::string status;
  std::vector<Target> targets;
  std::string achievement;  // in-progress | improving | worsening | no-change | achieved; empty: nobody said
  bool operator==(const Goal&) const = default;
};

struct Activity {
  std::string reference;  // of an activity held in a resource of its own
  std::string kind;       // plan-review for the review activity that we keep; that of a proposal (care/
                          // treat_to_target.h) for what it put here; else empty
  std::vector<Code> codes;
  std::string description;
  std::string status;     // not-started, scheduled, in-progress, on-hold, completed, cancelled, stopped, unknown
  std::string scheduled;  // date or dateTime
  bool operator==(const Activity&) const = default;
};

// A goal or an activity as the rules put it into the plan, word for word. Found there unchanged, it is still theirs to
// move or to take out; changed or gone, a person has decided, and the same is not proposed again.
struct DerivedPart {
  std::string part;  // goal | activity | status (of the plan, see plan_closing.h)
  std::string kind;  // of the activity; of the goal the measure of its target; of the status the one before
  std::string description;
  std::string status;
  std::string target;       // of the goal: "< 10"
  std::string on;           // date: due or scheduled
  std::string achievement;  // of the goal
  bool operator==(const DerivedPart&) const = default;
};

struct CarePlan {
  std::string id;
  std::string patient;
  Source source;
  std::string status;  // draft, active, on-hold, revoked, completed, entered-in-error, unknown
  std::string intent;  // proposal, plan, order, option
  std::string title;
  std::string description;
  std::vector<Code> categories;
  bool behavioral = false;  // one of ours to keep (category behavioral health, or made by the BHI side)
  std::string start;
  std::string end;
  std::vector<Problem> problems;
  std::vector<Goal> goals;
  std::vector<Activity> activities;
  std::string self_management;
  std::string relapse_prevention;
  std::string safety_plan;
  std::string review_date;  // date of the next review
  std::vector<std::string> notes;
  std::vector<DerivedPart> derived;  // never set by a sender
  bool operator==(const CarePlan&) const = default;
};

// ---- what is handled as one ---------------------------------------------------------------------------------------

// Everything held of one patient.
struct Record {
  std::optional<Patient> patient;
  std::vector<Episode> episodes;
  std::vector<Screening> screenings;
  std::vector<MedicationTherapy> medications;
  std::vector<CarePlan> plans;
  std::vector<SafetyEvent> safety;
  std::vector<EpisodeAct> acts;
  std::vector<Consent> consents;
  std::vector<Contact> contacts;
  std::vector<CaseReview> reviews;
  std::vector<RecommendationAnswer> answers;
  std::vector<CaseFlag> flags;
  std::vector<TeamAssignment> assignments;
  std::vector<Referral> referrals;
  std::vector<Handoff> handoffs;
  std::vector<CrisisStep> crisis_steps;
  std::vector<Partnership> partnerships;
  std::vector<Feedback> feedback;
  std::vector<MedicationDecision> decisions;
  bool operator==(const Record&) const = default;
};

using Entity = std::variant<Patient, Episode, Screening, MedicationTherapy, CarePlan, SafetyEvent, EpisodeAct, Consent,
                            Contact, CaseReview, RecommendationAnswer, CaseFlag, TeamAssignment, Referral, Handoff,
                            CrisisStep, Partnership, Feedback, MedicationDecision>;

// All lists of a record, as references: for what is done to every kind alike.
template <typename Held>
auto lists_of(Held& record) {
  return std::tie(record.episodes, record.screenings, record.medications, record.plans, record.safety, record.acts,
                  record.consents, record.contacts, record.reviews, record.answers, record.flags, record.assignments,
                  record.referrals, record.handoffs, record.crisis_steps, record.partnerships, record.feedback,
                  record.decisions);
}

// The list that holds this kind: list_of<Contact>(record). Not for Patient, who is one.
template <typename T, typename Held>
auto& list_of(Held& record) {
  using List = std::conditional_t<std::is_const_v<Held>, const std::vector<T>, std::vector<T>>;
  return std::get<List&>(lists_of(record));
}

// Adds one read from a store, unordered: put_in_order() (care/apply.h) when all are in.
void add(Record& record, Entity entity);

// "Patient", "Episode", "Screening", ... : the `kind` of stored and printed entities.
std::string_view kind_of(const Entity& entity);
std::string_view kind_at(std::size_t index);  // by its place in Entity

template <typename T, std::size_t Index = 0>
std::string_view kind_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<Index, Entity>>) {
    return kind_at(Index);
  } else {
    return kind_of<T, Index + 1>();
  }
}

}  // namespace bhi::care
