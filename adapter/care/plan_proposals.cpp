#include "care/plan_proposals.h"

#include "base/hash.h"
#include "base/instant.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace bhi::care {

namespace {

constexpr std::string_view kGoal = "goal";
constexpr std::string_view kActivity = "activity";

// However the EHR writes it back ("2026-12-18T00:00:00Z").
std::string date_text(std::string_view time) {
  const auto date = date_from(time);
  return date ? to_text(*date) : std::string(time);
}

DerivedPart part_of(const Activity& activity) {
  return {std::string(kActivity),
          activity.kind,
          activity.description,
          activity.status,
          "",
          date_text(activity.scheduled),
          ""};
}

DerivedPart part_of(const Goal& goal) {
  DerivedPart part{std::string(kGoal), "", goal.description, goal.status, "", "", goal.achievement};
  if (goal.targets.empty()) return part;
  part.kind = goal.targets.front().measure;
  part.target = goal.targets.front().text;
  part.on = date_text(goal.targets.front().due);
  return part;
}

// Proposed before for the same reason; how far a goal is makes no other one of it.
bool was_proposed(const CarePlan& plan, const DerivedPart& part) {
  return std::ranges::any_of(plan.derived, [&](const DerivedPart& held) {
    return held.part == part.part && held.kind == part.kind && held.description == part.description &&
           held.target == part.target && held.on == part.on;
  });
}

bool shows(const CarePlan& plan, const DerivedPart& part) {
  const auto is_it = [&](const auto& element) { return part_of(element) == part; };
  return part.part == kGoal ? std::ranges::any_of(plan.goals, is_it) : std::ranges::any_of(plan.activities, is_it);
}

bool is_closed(const Activity& activity) {
  return activity.status == "completed" || activity.status == "cancelled" || activity.status == "stopped";
}

bool same_measure(const Goal& a, const Goal& b) {
  return !a.targets.empty() && !b.targets.empty() && !a.targets.front().measure.empty() &&
         a.targets.front().measure == b.targets.front().measure;
}

// The same reason, whatever became of the activity: a person closed it, or it is still to be done.
bool stands_for(const Activity& held, const Activity& wanted) {
  if (held.kind != wanted.kind || held.description != wanted.description) return false;
  return !is_closed(held) || date_text(held.scheduled) == date_text(wanted.scheduled);
}

// Takes out what stands there as it was put in; what is left noted, a person has changed.
void take_out(CarePlan& plan) {
  std::vector<DerivedPart> changed;
  for (const DerivedPart& part : plan.derived) {
    const auto is_it = [&](const auto& element) { return part_of(element) == part; };
    const auto erased = part.part == kGoal ? std::erase_if(plan.goals, is_it) : std::erase_if(plan.activities, is_it);
    if (erased == 0) changed.push_back(part);
  }
  plan.derived = std::move(changed);
}

template <typename T>
bool same_set(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::ranges::is_permutation(a, b);
}

std::vector<DerivedPart> parts_of(const CarePlan& plan) {
  std::vector<DerivedPart> parts;
  for (const Goal& goal : plan.goals) parts.push_back(part_of(goal));
  for (const Activity& activity : plan.activities) parts.push_back(part_of(activity));
  return parts;
}

int rank(const CarePlan& plan) {
  constexpr std::array<std::string_view, 3> kRanks{"active", "draft", "on-hold"};
  if (is_untouched_draft(plan)) return static_cast<int>(kRanks.size());
  return static_cast<int>(std::ranges::find(kRanks, std::string_view(plan.status)) - kRanks.begin());
}

constexpr std::string_view kDraftTitle = "Proposed by treat to target";

std::string draft_id(std::string_view patient) { return stable_id({"proposed-plan", patient}); }

}  // namespace

bool is_derived(const CarePlan& plan, const Goal& goal) {
  return std::ranges::find(plan.derived, part_of(goal)) != plan.derived.end();
}

bool is_derived(const CarePlan& plan, const Activity& activity) {
  return std::ranges::find(plan.derived, part_of(activity)) != plan.derived.end();
}

bool is_over(const CarePlan& plan) {
  constexpr std::array<std::string_view, 3> kOpen{"active", "draft", "on-hold"};
  return std::ranges::find(kOpen, std::string_view(plan.status)) == kOpen.end();
}

namespace {

CarePlan draft_of(std::string_view patient, std::string id) {
  CarePlan plan;
  plan.id = std::move(id);
  plan.patient = patient;
  plan.source.system = "bhi";
  plan.status = "draft";
  plan.intent = "proposal";
  plan.title = kDraftTitle;
  plan.categories = {{"http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", ""}};
  plan.behavioral = true;
  return plan;
}

}  // namespace

CarePlan proposed_plan(std::string_view patient) { return draft_of(patient, draft_id(patient)); }

bool is_untouched_draft(const CarePlan& plan) {
  if (plan.status != "draft" || plan.title != kDraftTitle || plan.id != draft_id(plan.patient)) return false;
  CarePlan without = plan;
  take_out(without);
  without.source = {"bhi", "", "", "", ""};  // the EHR may have sent it back
  return without == draft_of(plan.patient, plan.id);
}

bool is_withdrawn_draft(const CarePlan& plan) {
  if (plan.status != "revoked" || plan.title != kDraftTitle || plan.id != draft_id(plan.patient)) return false;
  CarePlan withdrawn = draft_of(plan.patient, plan.id);
  withdrawn.status = plan.status;
  withdrawn.source = plan.source;
  return plan == withdrawn;
}

const CarePlan* plan_for_proposals(const Record& record) {
  const CarePlan* found = nullptr;
  for (const CarePlan& plan : record.plans) {
    if (!plan.behavioral || is_over(plan)) continue;
    const auto stands_first = [&](const CarePlan& a, const CarePlan& b) {
      if (rank(a) != rank(b)) return rank(a) < rank(b);
      if (earlier(a.start, b.start) || earlier(b.start, a.start)) return earlier(b.start, a.start);
      return a.id < b.id;
    };
    if (found == nullptr || stands_first(plan, *found)) found = &plan;
  }
  return found;
}

bool add_to(CarePlan& plan, const Proposal& proposal) {
  const CarePlan before = plan;
  for (const Goal& wanted : proposal.goals) {
    const auto held = std::ranges::find_if(plan.goals, [&](const Goal& g) { return same_measure(g, wanted); });
    const DerivedPart part = part_of(wanted);
    if (held == plan.goals.end()) {
      if (was_proposed(plan, part)) continue;  // a person took it out
      plan.goals.push_back(wanted);
      plan.derived.push_back(part);
    } else if (const auto ours = std::ranges::find(plan.derived, part_of(*held)); ours != plan.derived.end()) {
      *held = wanted;
      *ours = part;
    }
  }
  for (const Activity& wanted : proposal.activities) {
    const auto stands = [&](const Activity& held) { return stands_for(held, wanted); };
    const DerivedPart part = part_of(wanted);
    if (std::ranges::any_of(plan.activities, stands) || was_proposed(plan, part)) continue;
    plan.activities.push_back(wanted);
    plan.derived.push_back(part);
  }
  return plan != before;
}

bool put_proposals(CarePlan& plan, std::span<const Proposal> proposals, Placing placing) {
  CarePlan next = plan;
  take_out(next);
  for (const Proposal& proposal : proposals) add_to(next, proposal);
  if (next == plan) return false;
  // An EHR may give the lists back in another order, and its dates with a time; that is no reason to write it again.
  const bool same = same_set(parts_of(next), parts_of(plan)) && same_set(next.derived, plan.derived);
  if (same && placing == Placing::AsTheyAre) return false;
  plan = std::move(next);
  return true;
}

void keep_derived(CarePlan& incoming, const CarePlan& held) {
  if (!incoming.derived.empty()) return;  // it was joined with what is held
  for (const DerivedPart& part : held.derived) {
    if (part.part == "status") continue;  // the EHR's word, or given again (plan_closing.h)
    if (shows(incoming, part) || !shows(held, part)) incoming.derived.push_back(part);
  }
}

}  // namespace bhi::care
