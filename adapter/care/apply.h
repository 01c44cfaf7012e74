// One change, applied: merge, score, rules. Pure: the same record, changes and time always give the same answer, and
// the order in which changes of a patient arrive does not change the final record.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "care/model.h"
#include "care/site_map.h"
#include "care/treat_to_target.h"

#include <span>
#include <string>
#include <variant>
#include <vector>

namespace bhi::care {

// Something the BHI side asks for.
struct AcknowledgeSafety {
  std::string event;
  std::string by;  // name of the token, never of a person's password
};

struct RevokeConsent {
  std::string consent;
  std::string patient;
  std::string reason;
  Recorded recorded;
};

// Received from a source, or posted by the BHI side (source.system "bhi"). Plans and therapies come as they were
// mapped; apply() derives what is to be derived. Of the team's work (care/model_work.h) the entry itself is the act: an
// EpisodeAct enrols, holds, completes; a Contact records one; a Referral refers. Their ids are the sender's, so a
// repeat changes nothing; an entry recorded later under the same id corrects the earlier.
using Change = std::variant<Patient, Episode, ScreeningReport, MedicationTherapy, CarePlan, AcknowledgeSafety,
                            EpisodeAct, Consent, RevokeConsent, Contact, CaseReview, RecommendationAnswer, CaseFlag,
                            TeamAssignment, Referral, Handoff, CrisisStep, Partnership, Feedback, MedicationDecision>;

// A wish to change the EHR, before anyone asks what the EHR can do.
struct Intent {
  enum class Artifact { ScreeningResult, CarePlanUpdate, SafetyNotice };
  Artifact artifact = Artifact::ScreeningResult;
  std::string id;              // of the care entity
  std::string reason;          // in our words, no PHI: "PHQ-9 scored from response"
  bool urgent = false;         // safety: own lane, no quiet hours
  bool substance_use = false;  // parked until a consent exists
  bool operator==(const Intent&) const = default;
};

std::string_view name(Intent::Artifact artifact);  // screening-result | care-plan | safety

struct Policy {
  int safety_recent_days = 14;    // events older than this at first sight go to the review list
  int review_interval_days = 28;  // next plan review after a screening ("needs clinical review")
  int review_interval_positive_days = 14;
  TargetPolicy target = {};                   // when treat to target asks for what
  SiteMap forms = {};                         // questions of a site's own forms, see care/site_map.h
  bool write_scores_of_ehr_responses = true;  // send a score Observation for a response that came from the EHR
};

struct Applied {
  Record after;
  std::vector<Intent> intents;
  Issues issues;                  // of the changes, each with a path "Kind/id"
  std::vector<Entity> touched;    // new or changed entities, as they are now
  std::vector<std::string> left;  // ids of reports that became nothing (not one of our instruments); reason in issues
  // Ids of entries that were not taken (an invalid word, an id used twice), and of acts that their episode's state did
  // not allow; reasons in issues. An API answers its caller with them and commits nothing of the call.
  std::vector<std::string> refused;
};

// Puts every list of the record into its order (by time, then id). A record made by apply() is in order; one that comes
// from elsewhere must pass here first.
void put_in_order(Record& record);

// `before` must be in order.
Applied apply(Record before, std::span<const Change> changes, const Policy& policy, Instant now);

}  // namespace bhi::care
