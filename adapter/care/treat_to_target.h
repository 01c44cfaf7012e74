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

// What a psychiatric consultation came to, as whoever keeps case reviews knows it.
struct Consultation {
  std::string id;
  std::string on;
  std::string recommendation;  // empty: none was made
  std::string answer;          // of the treating physician: accepted | modified | declined; empty: not yet
};

struct ProposedGoal {
  Goal goal;                // kind of target by its measure (LOINC of the total)
  std::string achievement;  // in-progress | improving | worsening | no-change | achieved
  bool operator==(const ProposedGoal&) const = default;
};

struct Proposal {
  std::string kind;    // set-target | improved | remission | worsening | consult | answer | relapse-prevention |
                       // remeasure | safety
  std::string reason;  // in words, no PHI
  std::vector<std::string> derived_from;  // care ids
  std::string due;                        // date; empty: none
  bool overdue = false;
  std::vector<ProposedGoal> goals;
  std::vector<Activity> activities;
  std::string review_date;      // asked for; empty: no opinion
  bool relapse_prompt = false;  // the plan has no relapse prevention yet
  bool safety_prompt = false;   // the plan has no safety plan yet
  bool confirmed = false;       // every figure it rests on has a source
  bool operator==(const Proposal&) const = default;
};

struct TargetInput {
  const Record& record;
  std::span<const Consultation> consultations;
};

// In the order of urgency: safety, worsening, consult, answer, the rest. None for a patient who is not in treatment (no
// episode that is enrolled, active or in relapse prevention), but safety.
std::vector<Proposal> treat_to_target(const TargetInput& input, const TargetPolicy& policy, Instant now);

// The plan with a proposal in it. The same again changes nothing; an activity that a person closed is not opened again
// for the same reason; goals are found by their measure. True when the plan changed.
bool add_to(CarePlan& plan, const Proposal& proposal);

// The episode that is being treated now; nullptr: none.
const Episode* current_episode(const Record& record);

}  // namespace bhi::care
