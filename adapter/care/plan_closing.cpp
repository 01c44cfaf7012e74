#include "care/plan_closing.h"

#include "base/instant.h"
#include "care/episode.h"
#include "care/plan_proposals.h"
#include "care/review.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::care {

namespace {

constexpr std::string_view kStatus = "status";
constexpr std::string_view kError = "entered-in-error";

struct End {
  std::string_view state;
  std::string_view plan;
};

// Needs clinical review: which ends count as carried out.
constexpr auto kEnds = std::to_array<End>({
    {"completed", "completed"},
    {"referred-out", "completed"},
    {"dropped", "revoked"},
    {"declined", "revoked"},
    {"unable-to-reach", "revoked"},
    {"deceased", "revoked"},
});

auto note_in(CarePlan& plan) { return std::ranges::find(plan.derived, kStatus, &DerivedPart::part); }

// Days, since plans often state no time. A date that cannot be read stands before all others.
bool is_after(std::string_view a, std::string_view b) {
  const auto day = date_from(a);
  const auto other = date_from(b);
  return day && (!other || *day > *other);
}

const Episode* episode_of(const CarePlan& plan, const Record& record) {
  const Episode* found = nullptr;
  for (const Episode& episode : record.episodes) {  // in order of their start
    if (episode.state == kError) continue;
    if (plan.start.empty()) {
      if (!is_terminal(episode.state)) return nullptr;
      if (found == nullptr || !is_after(found->end, episode.end)) found = &episode;
    } else if (found == nullptr || !is_after(episode.start, plan.start)) {
      found = &episode;
    }
  }
  return found;
}

bool kept_by_us(const Episode& episode, const Record& record) {
  return std::ranges::any_of(record.acts, [&](const EpisodeAct& act) {
    return act.episode == episode.id && act.effective && !act.to.empty();
  });
}

}  // namespace

std::string_view closed_status(std::string_view episode_state, std::string_view plan_status) {
  const auto end = std::ranges::find(kEnds, episode_state, &End::state);
  if (end == kEnds.end()) return {};
  return plan_status == "draft" ? std::string_view("revoked") : end->plan;
}

std::optional<Closing> closing_of(const CarePlan& plan, const Record& record) {
  if (!plan.behavioral) return std::nullopt;
  const Episode* episode = episode_of(plan, record);
  if (episode == nullptr) return std::nullopt;
  const auto status = closed_status(episode->state, plan.status);
  if (status.empty() || is_after(plan.start, episode->end)) return std::nullopt;
  if (plan.source.system != "bhi" && !kept_by_us(*episode, record)) return std::nullopt;
  return Closing{episode->id, std::string(status)};
}

bool is_closed_by_rule(const CarePlan& plan) {
  const auto note = std::ranges::find(plan.derived, kStatus, &DerivedPart::part);
  return note != plan.derived.end() && note->status == plan.status;
}

void lift(CarePlan& plan) {
  if (!is_closed_by_rule(plan)) return;
  const auto note = note_in(plan);
  plan.status = note->kind;
  plan.derived.erase(note);
}

void close(CarePlan& plan, const std::optional<Closing>& closing) {
  const auto note = note_in(plan);
  if (note != plan.derived.end()) {  // somebody set another status after we closed it
    if (!closing) plan.derived.erase(note);
    return;
  }
  if (!closing || is_over(plan)) return;
  if (is_date_ours(plan)) follow(plan, std::nullopt);
  DerivedPart part;
  part.part = kStatus;
  part.kind = std::exchange(plan.status, closing->status);
  part.description = closing->episode;
  part.status = plan.status;
  plan.derived.push_back(std::move(part));
}

}  // namespace bhi::care
