// The team's entries in apply(): checked, merged by when they were recorded; episodes told from their acts.
#include "care/application.h"
#include "care/consent.h"
#include "care/episode.h"

namespace bhi::care {

// ---- the team's work ------------------------------------------------------------------------------------------------

bool Application::has_passed(Issues issues, const std::string& id) {
  const bool wrong = has_errors(issues);
  if (wrong) refuse(id);
  std::ranges::move(issues, std::back_inserter(out_.issues));
  return !wrong;
}

void Application::operator()(Consent consent) {
  const Consent* held = find_by_id(out_.after.consents, consent.id);
  if (held != nullptr) keep_revocation(consent, *held);
  if (is_new_entry(consent)) put_entry(std::move(consent));
}

void Application::operator()(const RevokeConsent& revocation) {
  const Consent* held = find_by_id(out_.after.consents, revocation.consent);
  Consent consent = held != nullptr ? *held : Consent{};
  consent.id = revocation.consent;
  if (held == nullptr) consent.patient = revocation.patient;
  if (!has_passed(check_revocation(revocation.consent, revocation.recorded), revocation.consent)) return;
  revoke(consent, revocation.recorded, revocation.reason);
  if (held == nullptr || *held != consent) put_entry(std::move(consent));
}

// The EHR's word: the whole episode while the BHI side has not acted on it, else kept beside ours.
void Application::operator()(Episode episode) {
  const Episode* held = find_by_id(out_.after.episodes, episode.id);
  const bool acted = std::ranges::find(out_.after.acts, episode.id, &EpisodeAct::episode) != out_.after.acts.end();
  if (acted) {
    episode.stated_state = std::exchange(episode.state, {});
    episode.stated_start = std::exchange(episode.start, {});
    episode.stated_end = std::exchange(episode.end, {});
    if (held != nullptr) {
      episode.state = held->state;
      episode.start = held->start;
      episode.end = held->end;
    }
  }
  const std::string id = episode.id;
  merge(out_.after.episodes, std::move(episode), episodes_);
  if (acted) tell_episode(id);
}

void Application::operator()(EpisodeAct act) {
  const EpisodeAct* held = find_by_id(out_.after.acts, act.id);
  if (held != nullptr) {
    // What is derived is ours to say.
    act.effective = held->effective;
    act.from = held->from;
    act.to = held->to;
    act.note = held->note;
    if (*held == act) return;
    refuse(act.id);
    issue(Severity::Error, "conflict", "EpisodeAct/" + act.id, "this id is taken by another act");
    return;
  }
  if (!has_passed(check(act), act.id)) return;
  act.effective = false;
  act.from.clear();
  act.to.clear();
  act.note.clear();
  if (find_by_id(out_.after.episodes, act.episode) == nullptr) {
    Episode episode;
    episode.id = act.episode;
    episode.patient = act.patient;
    episode.source.system = kBhi;
    put(out_.after.episodes, std::move(episode));
  }
  const std::string id = act.id;
  const std::string episode = act.episode;
  put_entry(std::move(act));
  tell_episode(episode);
  const EpisodeAct* told = find_by_id(out_.after.acts, id);
  if (told->effective || told->note.starts_with("undone")) return;
  refuse(id);
  issue(Severity::Error, "business-rule", "EpisodeAct/" + id, "'" + told->act + "' has no effect: " + told->note);
}

// Tells the acts of the episode anew and notes what changed by it.
void Application::tell_episode(const std::string& id) {
  Episode* held = find_by_id(out_.after.episodes, id);
  Episode episode = *held;
  if (episode.source.system != kBhi && episode.stated_state.empty()) {
    episode.stated_state = episode.state;
    episode.stated_start = episode.start;
    episode.stated_end = episode.end;
  }
  std::vector<EpisodeAct*> acts;
  std::vector<EpisodeAct> before;
  for (EpisodeAct& act : out_.after.acts) {
    if (act.episode != id) continue;
    acts.push_back(&act);
    before.push_back(act);
  }
  const bool stands = tell(episode, acts);
  for (std::size_t i = 0; i < acts.size(); ++i) {
    if (*acts[i] == before[i]) continue;
    note_once(entries_, {kind_of<EpisodeAct>(), acts[i]->id});
    if (before[i].effective && !acts[i]->effective && !acts[i]->note.starts_with("undone")) {
      issue(Severity::Warning, "business-rule", "EpisodeAct/" + acts[i]->id,
            "no longer has an effect, after an act of an earlier time came in: " + acts[i]->note);
    }
  }
  if (!stands) {
    std::erase_if(out_.after.episodes, [&](const Episode& one) { return one.id == id; });
  } else if (*held != episode) {
    note_once(episodes_, id);
    put(out_.after.episodes, std::move(episode));
  }
}

}  // namespace bhi::care
