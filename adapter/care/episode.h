// The states of an episode and the acts that lead from one to the next: one table, one fold.
//
// All acts are kept and told in the order of their time (`at`, then id), whatever order they arrive in. An act that the
// state of its time does not allow has no effect and says so in its note; it takes effect if the act that was missing
// arrives later. A caller with a person waiting (an API) does not commit what apply() refused, so nothing is kept.
//
// An episode that the EHR states without acts of ours has the EHR's state. The EHR's words are coarser than ours, so
// the first act of ours may start from whatever the EHR meant; from then on the state is ours, and what the EHR says is
// kept beside it.
#pragma once

#include "base/issue.h"
#include "care/model_work.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct Transition {
  std::string_view from;  // empty: no episode yet
  std::string_view act;
  std::string_view to;
};

std::span<const Transition> transitions();

bool is_episode_act(std::string_view act);     // one of the table, or undo
bool is_terminal(std::string_view state);      // completed, referred-out, dropped, declined, deceased, ...
bool is_on_caseload(std::string_view state);   // enrolled, active, on-hold, relapse-prevention
bool is_in_treatment(std::string_view state);  // enrolled, active, relapse-prevention

// Tells the acts of one episode (in order of time) anew: sets what is derived in them, and state, start, end of the
// episode. An episode all of whose acts were undone was entered in error. True when the episode is one: something
// stands behind it, an effective act or the EHR's word.
bool tell(Episode& episode, std::span<EpisodeAct*> acts);

// When the patient was enrolled: the first effective act into `enrolled`; else the start, when the EHR states a state
// on the caseload. Empty: not enrolled. `acts`: of any episodes, in order of time.
std::string enrolled_at(const Episode& episode, std::span<const EpisodeAct> acts);

// Our state and what the EHR said last are not of the same group (open, on hold, over): a person should look.
bool differs_from_ehr(const Episode& episode);

}  // namespace bhi::care
