// Treat to target: what the scores ask for, as proposed care plan updates. Pure; nothing is changed here.
//
//   baseline elevated            a goal: below 10, then below 5
//   50 % lower, or below 10      improved; below 5 remission: the goal's achievement follows
//   5 points or a band worse     somebody looks within a week
//   not improved at week 8       psychiatric consultation, done by week 12
//   recommendation               the treating physician answers by a deadline
//   stable                       a relapse prevention plan
//   newest score too old         the scale again
//   open safety event, low risk  a safety plan, a follow-up
//
// Dates of goals and activities follow from what is recorded, never from today: as days pass a proposal appears, is
// overdue, goes; what it puts into the plan stays the same, so that nothing is written again and again.
#pragma once

#include "base/instant.h"
#include "care/model.h"
#include "care/trend.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

// Days; those marked [U] need clinical review.
struct TargetPolicy {
  int consult_from_days = 56;     // week 8
  int consult_until_days = 84;    // week 12
  int answer_days = 7;            // [U] of the treating physician to a recommendation
  int score_older_days = 28;      // [U]
  int stable_days = 56;           // [U] two scores at target, so far apart
  int look_after_worse_days = 7;  // [U]
  int goal_days = 84;             // [U] due date of the first target
};

// What a psychiatric consultation came to: one for each recommendation, or one without any.
struct Consultation {
  std::string id;
  std::string on;
  std::string recommendation;   // empty: none was made
  std::string answer;           // of the treating physician: accepted | modified | declined; empty: not yet
  std::string answer_due = {};  // empty: TargetPolicy::answer_days
  bool operator==(const Consultation&) const = default;
};

// Of the case reviews in which the patient was discussed, in the order of their date; with the answer that was recorded
// last, whichever arrived last.
std::vector<Consultation> consultations_of(const Record& record);

struct Proposal {
  std::string kind;    // set-target | improved | remission | worsening | consult | answer | relapse-prevention |
                       // remeasure | safety
  std::string reason;  // in words, no PHI
  std::vector<std::string> derived_from;  // care ids
  std::string due;                        // date; empty: none
  bool overdue = false;
  std::vector<Goal> goals;  // each with its measure (LOINC of the total) and its achievement
  std::vector<Activity> activities;
  std::string review_date;      // asked for; empty: no opinion
  bool relapse_prompt = false;  // the plan has no relapse prevention yet
  bool safety_prompt = false;   // the plan has no safety plan yet
  bool confirmed = false;       // every figure it rests on has a source
  bool operator==(const Proposal&) const = default;
};

struct TargetInput {
  const Record& record;
  std::span<const Consultation> consultations;  // in the order of their date
};

// In the order of urgency: safety, worsening, consult, answer, the rest; of a kind the one due first. For a patient who
// is not in treatment (no episode that is enrolled, active or in relapse prevention) only safety, and the goals of the
// last treatment as they stood at its end. Of one who died the goals alone.
std::vector<Proposal> treat_to_target(const TargetInput& input, const TargetPolicy& policy, Instant now);

// The plan with the goals and activities of a proposal in it; what was added is noted in CarePlan::derived. The same
// again changes nothing. What a person closed, moved or took out is not proposed again for the same reason; beside a
// person's own goal of the same measure there is no second one. The review date is for care/review.h. True when the
// plan changed.
bool add_to(CarePlan& plan, const Proposal& proposal);

// The episode that is being treated now; nullptr: none.
const Episode* current_episode(const Record& record);

}  // namespace bhi::care
