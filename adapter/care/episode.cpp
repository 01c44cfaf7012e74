#include "care/episode.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

constexpr auto kTransitions = std::to_array<Transition>({
    // from, act, to
    {"", "identify", "identified"},
    {"", "reach-out", "outreach"},
    {"", "enrol", "enrolled"},
    {"identified", "reach-out", "outreach"},
    {"identified", "enrol", "enrolled"},
    {"identified", "decline", "declined"},
    {"identified", "refer-out", "referred-out"},
    {"identified", "record-death", "deceased"},
    {"outreach", "reach-out", "outreach"},
    {"outreach", "enrol", "enrolled"},
    {"outreach", "decline", "declined"},
    {"outreach", "mark-unreachable", "unable-to-reach"},
    {"outreach", "refer-out", "referred-out"},
    {"outreach", "record-death", "deceased"},
    // Who declined or could not be reached may always come back.
    {"declined", "reach-out", "outreach"},
    {"declined", "enrol", "enrolled"},
    {"declined", "record-death", "deceased"},
    {"unable-to-reach", "reach-out", "outreach"},
    {"unable-to-reach", "enrol", "enrolled"},
    {"unable-to-reach", "record-death", "deceased"},
    {"enrolled", "start-treatment", "active"},
    {"enrolled", "hold", "on-hold"},
    {"enrolled", "decline", "declined"},
    {"enrolled", "refer-out", "referred-out"},
    {"enrolled", "drop", "dropped"},
    {"enrolled", "record-death", "deceased"},
    {"active", "hold", "on-hold"},
    {"active", "begin-relapse-prevention", "relapse-prevention"},
    {"active", "complete", "completed"},
    {"active", "refer-out", "referred-out"},
    {"active", "drop", "dropped"},
    {"active", "record-death", "deceased"},
    {"on-hold", "resume", "active"},
    {"on-hold", "complete", "completed"},
    {"on-hold", "refer-out", "referred-out"},
    {"on-hold", "drop", "dropped"},
    {"on-hold", "record-death", "deceased"},
    {"relapse-prevention", "relapse", "active"},
    {"relapse-prevention", "hold", "on-hold"},
    {"relapse-prevention", "complete", "completed"},
    {"relapse-prevention", "refer-out", "referred-out"},
    {"relapse-prevention", "drop", "dropped"},
    {"relapse-prevention", "record-death", "deceased"},
    // Over: a new episode for whoever comes back.
    {"completed", "record-death", "deceased"},
    {"referred-out", "record-death", "deceased"},
    {"dropped", "record-death", "deceased"},
});

struct StateGroup {
  std::string_view state;
  std::string_view group;
};

constexpr auto kGroups = std::to_array<StateGroup>({
    {"identified", "planned"},
    {"outreach", "planned"},
    {"enrolled", "open"},
    {"active", "open"},
    {"relapse-prevention", "open"},
    {"on-hold", "on hold"},
    {"declined", "over"},
    {"unable-to-reach", "over"},
    {"completed", "over"},
    {"referred-out", "over"},
    {"dropped", "over"},
    {"deceased", "over"},
    {"entered-in-error", "error"},
});

std::string_view group_of(std::string_view state) {
  const auto found = std::ranges::find(kGroups, state, &StateGroup::state);
  return found == kGroups.end() ? std::string_view() : found->group;
}

constexpr std::string_view kMarkError = "mark-error";  // from any state but none
constexpr std::string_view kUndo = "undo";
constexpr std::string_view kError = "entered-in-error";

// Where the act leads from this state; empty: nowhere.
std::string_view target(std::string_view state, std::string_view act, bool from_ehr_state) {
  if (act == kMarkError) return state.empty() && !from_ehr_state ? std::string_view() : kError;
  for (const Transition& row : kTransitions) {
    if (row.act == act && (row.from == state || from_ehr_state)) return row.to;
  }
  return {};
}

std::string expected_states(std::string_view act) {
  std::string text;
  for (const Transition& row : kTransitions) {
    if (row.act != act) continue;
    if (!text.empty()) text += ", ";
    text += row.from.empty() ? std::string_view("no episode") : row.from;
  }
  return act == kMarkError ? "any episode" : text;
}

void has_no_effect(EpisodeAct& act, std::string note) {
  act.effective = false;
  act.from.clear();
  act.to.clear();
  act.note = std::move(note);
}

// The undo that takes this act back, if there is one.
const EpisodeAct* undo_of(const EpisodeAct& act, std::span<EpisodeAct* const> acts) {
  for (const EpisodeAct* other : acts) {
    if (other->act == kUndo && other->undoes == act.id) return other;
  }
  return nullptr;
}

void tell_undo(EpisodeAct& undo, std::span<EpisodeAct* const> acts) {
  const auto undone = std::ranges::find(acts, undo.undoes, &EpisodeAct::id);
  if (undone == acts.end()) return has_no_effect(undo, "no such act of this episode to undo");
  if ((*undone)->act == kUndo) return has_no_effect(undo, "an undo is not undone; do the act again");
  has_no_effect(undo, "");
  undo.effective = true;
}

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

bool is_episode_act(std::string_view act) {
  return act == kUndo || act == kMarkError ||
         std::ranges::find(kTransitions, act, &Transition::act) != kTransitions.end();
}

bool is_terminal(std::string_view state) {
  const std::string_view group = group_of(state);
  return group == "over" || group == "error";
}

bool is_on_caseload(std::string_view state) { return is_in_treatment(state) || state == "on-hold"; }

bool is_in_treatment(std::string_view state) { return group_of(state) == "open"; }

bool tell(Episode& episode, std::span<EpisodeAct*> acts) {
  const bool stated = !episode.stated_state.empty();
  std::string_view state;
  std::string start;
  std::string end;
  bool undone = false;
  for (EpisodeAct* act : acts) {
    if (act->act == kUndo) {
      tell_undo(*act, acts);
      continue;
    }
    if (const EpisodeAct* undo = undo_of(*act, acts)) {
      has_no_effect(*act, "undone by " + undo->id);
      undone = true;
      continue;
    }
    const std::string_view to = target(state, act->act, stated && state.empty());
    if (to.empty()) {
      has_no_effect(*act, "the episode is " + (state.empty() ? "not begun" : std::string(state)) + " then; expected " +
                              expected_states(act->act));
      continue;
    }
    act->effective = true;
    act->note.clear();
    act->from = state;
    act->to = to;
    if (state.empty()) start = act->at;
    end = is_terminal(to) ? act->at : std::string();
    state = to;
  }
  if (state.empty() && stated) {  // nothing of ours counts: the EHR's word
    episode.state = episode.stated_state;
    episode.start = episode.stated_start;
    episode.end = episode.stated_end;
    return true;
  }
  if (state.empty() && !undone) return false;
  episode.state = state.empty() ? kError : state;
  episode.start = episode.stated_start.empty() ? start : episode.stated_start;
  episode.end = end;
  return true;
}

std::string enrolled_at(const Episode& episode, std::span<const EpisodeAct> acts) {
  bool ours = false;
  for (const EpisodeAct& act : acts) {
    if (act.episode != episode.id || !act.effective) continue;
    if (act.to == "enrolled") return act.at;
    ours = ours || act.act != kUndo;
  }
  const std::string_view state = episode.stated_state.empty() ? episode.state : episode.stated_state;
  const bool from_ehr = !ours || !episode.stated_state.empty();
  return from_ehr && (is_on_caseload(state) || (is_terminal(state) && state != kError)) ? episode.start : std::string();
}

bool differs_from_ehr(const Episode& episode) {
  return !episode.stated_state.empty() && group_of(episode.stated_state) != group_of(episode.state);
}

}  // namespace bhi::care
