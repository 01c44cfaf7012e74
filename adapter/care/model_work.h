// The team's work with one patient: enrolment, consents, contacts, case reviews, referrals, handoffs, crisis steps, and
// what the patient wants. Entered by the BHI side under ids that the sender makes, so that a repeat changes nothing;
// some kinds are also read from an EHR, and then name their `source`.
//
// Which words each coded text may have stands beside it; care/work_check.h holds the tables and refuses others.
#pragma once

#include "care/model_source.h"

#include <string>
#include <vector>

namespace bhi::care {

// ---- enrolment ----------------------------------------------------------------------------------------------------

// The state follows from the acts (care/episode.h). Of an episode that only the EHR states, it is the EHR's word.
struct Episode {
  std::string id;
  std::string patient;
  Source source;
  std::string state;  // identified | outreach | declined | unable-to-reach | enrolled | active | on-hold |
                      // relapse-prevention | completed | referred-out | dropped | deceased | entered-in-error
  std::string start;
  std::string end;
  std::string program;  // type as written
  // What the EHR says, once the BHI side has acted and `state`, `start`, `end` are ours.
  std::string stated_state = {};
  std::string stated_start = {};
  std::string stated_end = {};
  bool operator==(const Episode&) const = default;
};

// One step of an episode: what was done, when, by whom, why. Never changed; a mistake is undone by another.
struct EpisodeAct {
  std::string id;
  std::string patient;
  std::string episode;
  std::string
      act;  // identify | reach-out | decline | mark-unreachable | enrol | start-treatment | hold | resume |
            // begin-relapse-prevention | relapse | complete | refer-out | drop | record-death | mark-error | undo
  std::string at;  // when it took effect
  std::string by;  // team member
  std::string reason;
  std::string undoes;  // id of the act that an `undo` takes back
  // derived by care/episode.h:
  bool effective = false;
  std::string from;  // state before and after, when effective
  std::string to;
  std::string note;  // why it is not effective
  bool operator==(const EpisodeAct&) const = default;
};

// ---- consent ------------------------------------------------------------------------------------------------------

// Consent to the service (permission to consult, cost sharing, right to stop) and consent to disclose are two records.
struct Consent {
  std::string id;
  std::string patient;
  std::string kind;                   // service | privacy
  std::string decision;               // given | declined
  std::string method;                 // verbal | written
  std::vector<std::string> elements;  // of a service consent: consultation | cost-sharing | right-to-stop
  std::vector<std::string> covers;    // of a privacy consent: mental-health | substance-use | psychotherapy-notes
  std::string practitioner;           // billing practitioner it was given to
  std::string starts;                 // from when it counts
  std::string expires;                // may be empty
  Recorded recorded;                  // empty `at`: only its revocation is known yet
  Recorded revoked;
  std::string revoke_reason;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const Consent&) const = default;
};

// ---- contact ------------------------------------------------------------------------------------------------------

struct Contact {
  std::string id;
  std::string patient;
  std::string episode;
  std::string member;
  std::string role;   // in which the member acted: care/team.h
  std::string start;  // with time and zone; a date alone cannot be checked for overlap
  int minutes = 0;
  std::string with;                     // patient | caregiver | clinician | nobody
  std::string modality;                 // in-person | phone | video | message | none
  std::string outcome;                  // reached | left-message | no-show | cancelled
  std::vector<std::string> activities;  // care/work_check.h: outreach | assessment | brief-intervention | ...
  std::vector<std::string> screenings;  // ids of those done
  std::string patient_location;         // of a telehealth contact: where the patient is now, for an emergency
  std::string callback;                 // of a telehealth contact: number to call back when the line breaks
  std::string setting;                  // of the patient: community | emergency | observation | inpatient
  std::string billed_as;                // code under which this time is billed on its own: it counts for no month
  std::string next_due;                 // date of the next contact
  std::string status;                   // final | entered-in-error
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const Contact&) const = default;
};

// ---- caseload review ----------------------------------------------------------------------------------------------

struct Recommendation {
  std::string id;    // in its review
  std::string kind;  // medication | therapy | referral | test | monitor | other
  std::string text;
  std::string owner;  // team member who sees to it
  std::string due;
  std::string answer_due;  // date by which the treating clinician answers; empty: the practice's rule
  bool operator==(const Recommendation&) const = default;
};

// One patient in one meeting with the psychiatric consultant. Not discussed: rolls to the next meeting.
struct CaseReview {
  std::string id;
  std::string patient;
  std::string episode;
  std::string date;
  std::string consultant;
  bool discussed = false;
  std::vector<Recommendation> recommendations;
  std::string status;  // final | entered-in-error
  Recorded recorded;
  bool operator==(const CaseReview&) const = default;
};

// The treating clinician's word on a recommendation. Of several the last stands.
struct RecommendationAnswer {
  std::string id;
  std::string patient;
  std::string review;
  std::string recommendation;
  std::string answer;  // accepted | declined | modified
  std::string reason;
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const RecommendationAnswer&) const = default;
};

// Put on (or taken off) the list for the next review by a person.
struct CaseFlag {
  std::string id;
  std::string patient;
  std::string reason;
  bool raised = true;
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const CaseFlag&) const = default;
};

// Who holds a role for this patient. Of several for a role the one recorded last.
struct TeamAssignment {
  std::string id;
  std::string patient;
  std::string role;  // care/team.h
  std::string member;
  std::string clinic;
  bool ended = false;
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const TeamAssignment&) const = default;
};

// ---- medication ---------------------------------------------------------------------------------------------------

// A decision about a psychotropic: why it fits, what the patient wants, what was said about side effects, risks and
// alternatives, what the treating physician decided. What is left out is said (care/medication_decision.h), never
// filled in.
struct MedicationDecision {
  std::string id;
  std::string patient;
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
  Recorded recorded;
  bool operator==(const MedicationDecision&) const = default;
};

// ---- onward -------------------------------------------------------------------------------------------------------

struct Referral {
  std::string id;
  std::string patient;
  std::string episode;
  std::string partner;     // id of the CommunityPartner
  std::string capability;  // what is asked of it
  std::string urgency;     // routine | urgent | emergency
  std::string status;      // requested | accepted | refused | scheduled | seen | closed | cancelled
  std::string requested;
  std::string requested_by;
  std::string appointment;
  std::string outcome;
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const Referral&) const = default;
};

// From one hand to another. A warm one is taken up on the same day, with the patient there.
struct Handoff {
  std::string id;
  std::string patient;
  std::string kind;  // warm | scheduled | discharge
  std::string from;
  std::string to;  // member; empty: whoever holds the role
  std::string to_role;
  std::string at;
  std::vector<std::string> covered;  // risk | assessment | plan | means-safety | crisis-resources | follow-up |
                                     // next-provider | pending-tasks
  Recorded accepted;
  Recorded recorded;
  Source source = {};  // empty: entered at the BHI side
  bool operator==(const Handoff&) const = default;
};

// One step of a crisis protocol done for a safety event.
struct CrisisStep {
  std::string id;
  std::string patient;
  std::string event;
  std::string protocol;  // id and version of the protocol followed
  std::string protocol_version;
  std::string action;   // id of the action in the protocol
  std::string outcome;  // done | not-possible
  std::string note;
  Recorded recorded;
  bool operator==(const CrisisStep&) const = default;
};

// ---- the patient's side -------------------------------------------------------------------------------------------

struct InvolvedPerson {
  std::string relation;
  std::vector<std::string> may_know;  // what may be said to them
  bool operator==(const InvolvedPerson&) const = default;
};

// Something the patient does not want. Never counts against them: what was declined is not asked for again.
struct Decline {
  std::string what;  // an instrument's id, "medication", "telehealth", "family-involvement", ...
  std::string on;
  std::string reason;
  bool operator==(const Decline&) const = default;
};

struct Partnership {
  std::string id;
  std::string patient;
  std::string preferred_name;
  std::string language;
  bool interpreter = false;
  std::vector<std::string> goals;  // in the patient's own words
  std::vector<std::string> resources_given;
  std::vector<InvolvedPerson> involved;
  std::vector<Decline> declines;
  Recorded recorded;
  bool operator==(const Partnership&) const = default;
};

// Of a patient, a family member or of the staff (then without patient), and what was done about it.
struct Feedback {
  std::string id;
  std::string patient;
  std::string from;  // patient | caregiver | staff
  std::string date;
  std::string theme;
  std::string text;
  std::string action;
  std::string workflow_version;  // version of the workflow that it changed
  Recorded recorded;
  bool operator==(const Feedback&) const = default;
};

}  // namespace bhi::care
