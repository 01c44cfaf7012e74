// Plans in apply(): merged, reviewed after screenings, with what treat to target asks for in them.
#include "care/application.h"
#include "care/plan_closing.h"
#include "care/plan_proposals.h"
#include "care/treat_to_target.h"

namespace bhi::care {

namespace {

// Why a plan was changed, in words that say nothing of the patient: how urgent ones come first, each kind once.
std::string reason_of(std::span<const Proposal> proposals) {
  std::vector<std::string> kinds;
  for (const Proposal& one : proposals) {
    if (!one.goals.empty() || !one.activities.empty()) note_once(kinds, one.kind);
  }
  if (kinds.empty()) return "treat to target: what was proposed is no longer asked for";
  std::string reason = "treat to target:";
  for (const std::string& kind : kinds) reason += (kind == kinds.front() ? " " : ", ") + kind;
  return reason;
}

bool asks_for_anything(std::span<const Proposal> proposals) {
  return std::ranges::any_of(proposals,
                             [](const Proposal& one) { return !one.goals.empty() || !one.activities.empty(); });
}

}  // namespace

void Application::operator()(CarePlan plan) {
  const CarePlan* held = find_by_id(out_.after.plans, plan.id);
  const bool starts = held == nullptr || (!is_reviewed(*held) && is_reviewed(plan));
  if (plan.source.system == kBhi) {
    plan.derived = held != nullptr ? held->derived : std::vector<DerivedPart>{};  // ours to say
    if (held == nullptr) {
      plan.behavioral = true;
      if (!plan.review_date.empty()) set_by_hand(plan);
    } else {
      if (plan.review_date != held->review_date) set_by_hand(plan);
      plan.source = held->source;  // it stays the EHR's plan, with our change
      if (*held == plan) return;
    }
    intend(Intent::Artifact::CarePlanUpdate, plan.id,
           held == nullptr ? "plan made at the BHI side" : "plan changed at the BHI side", false, false);
    if (starts) note_once(arrived_plans_, plan.id);
  } else {
    // The same version again must not undo what the BHI side changed since.
    if (held != nullptr && compare(held->source, plan.source) != Version::Newer) return;
    read_review_date(plan);
    if (held != nullptr) keep_bhi_fields(plan, *held);
    note_once(arrived_plans_, plan.id);
  }
  note_once(plans_, plan.id);
  put(out_.after.plans, std::move(plan));
}

// A plan that the rules drafted and a person has not written in goes when another plan is there, or nothing is left in
// it.
void Application::withdraw(const CarePlan& draft) {
  const std::string id = draft.id;
  withdrawn_ = proposed_plan(draft.patient);
  withdrawn_->source = draft.source;
  withdrawn_->status = "revoked";
  std::erase(plans_, id);
  std::erase_if(out_.after.plans, [&](const CarePlan& plan) { return plan.id == id; });
  intend(Intent::Artifact::CarePlanUpdate, id, "the proposed plan is no longer needed", false, false);
}

// The plan that takes the proposals; a draft is begun when a patient in treatment has none.
std::string Application::settle_draft(std::span<const Proposal> proposals) {
  const CarePlan* chosen = plan_for_proposals(out_.after);
  const Episode* episode = current_episode(out_.after);
  const bool asked = episode != nullptr && !episode->patient.empty() && asks_for_anything(proposals);
  if (chosen == nullptr && asked) {
    CarePlan draft = proposed_plan(episode->patient);
    const std::string id = draft.id;
    note_once(plans_, id);
    put(out_.after.plans, std::move(draft));
    return id;
  }
  if (chosen == nullptr) return {};
  const std::string id = chosen->id;
  const auto draft = std::ranges::find_if(out_.after.plans, is_untouched_draft);
  if (draft == out_.after.plans.end() || (draft->id == id && asked)) return id;
  const std::string withdrawn = draft->id;
  withdraw(CarePlan(*draft));
  return withdrawn == id ? std::string() : id;
}

void Application::settle_plans() {
  const std::vector<CarePlan> before = out_.after.plans;
  // The status that the end of an episode gave is laid over all else: off first, on again last.
  for (CarePlan& plan : out_.after.plans) lift(plan);
  const auto consultations = consultations_of(out_.after);
  const auto proposals = treat_to_target({out_.after, consultations}, policy_.target, now_);
  const std::string chosen = settle_draft(proposals);
  auto wish = review_wish(out_.after.screenings, policy_, now_);
  const bool news = wish != wish_before_;
  if (wish) ask_sooner(*wish, proposals);
  for (CarePlan& plan : out_.after.plans) {
    const CarePlan* held = find_by_id(before, plan.id);
    const bool was_closed = held != nullptr && is_closed_by_rule(*held);
    const auto closing = closing_of(plan, out_.after);
    const bool arrived = std::ranges::find(arrived_plans_, plan.id) != arrived_plans_.end();
    // One that goes on after it was closed has lost its date.
    const bool looked_at = arrived || news || is_date_ours(plan) || was_closed;
    const bool moved = looked_at && follow(plan, wish);
    const bool is_chosen = plan.id == chosen;
    const auto asked = is_chosen ? std::span<const Proposal>(proposals) : std::span<const Proposal>();
    // What stands in a plan that is over is history.
    const bool put = !is_over(plan) && put_proposals(plan, asked, moved ? Placing::InOrder : Placing::AsTheyAre);
    close(plan, closing);
    if (held != nullptr && *held == plan) continue;
    const bool closes = is_closed_by_rule(plan) != was_closed;
    if (!moved && !put && !closes) {
      note_once(plans_, plan.id);  // only what we note of it
      continue;
    }
    note_once(plans_, plan.id);
    intend(Intent::Artifact::CarePlanUpdate, plan.id,
           closes && was_closed ? "the episode goes on"
           : closes             ? "the episode is over"
           : put                ? reason_of(asked)
                                : "next plan review after a screening",
           false, false);
  }
}

}  // namespace bhi::care
