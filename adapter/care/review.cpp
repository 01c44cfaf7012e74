#include "care/review.h"

#include "care/plan_proposals.h"
#include "care/scoring.h"
#include "care/times.h"

#include <algorithm>
#include <utility>

namespace bhi::care {

namespace {

constexpr std::string_view kAfterScreening = ", after the screening of ";
constexpr std::string_view kReview = "Plan review";

bool is_open(const Activity& activity) {
  return activity.kind == kPlanReview && activity.status != "completed" && activity.status != "cancelled" &&
         activity.status != "stopped";
}

Activity* review_activity(CarePlan& plan) {
  const auto found = std::ranges::find_if(plan.activities, is_open);
  return found == plan.activities.end() ? nullptr : &*found;
}

const Activity* review_activity(const CarePlan& plan) {
  const auto found = std::ranges::find_if(plan.activities, is_open);
  return found == plan.activities.end() ? nullptr : &*found;
}

// The date of an activity, however the EHR writes it back ("2026-12-18T00:00:00Z").
std::string scheduled_on(const Activity& activity) {
  const auto date = date_from(activity.scheduled);
  return date ? to_text(*date) : std::string();
}

// "Plan review 2026-12-18, after the screening of 2026-11-20": the words name the date they were written for, so that a
// date which a person has moved since is not taken for ours.
std::string description_of(std::string_view due, std::string_view screened) {
  return std::string(kReview) + " " + std::string(due) + std::string(kAfterScreening) + std::string(screened);
}

// Our rule set the date, not a person.
bool is_ours(const CarePlan& plan) {
  const Activity* activity = review_activity(plan);
  return activity != nullptr && scheduled_on(*activity) == plan.review_date &&
         activity->description.starts_with(description_of(plan.review_date, ""));
}

void schedule(CarePlan& plan, std::string description) {
  Activity* activity = review_activity(plan);
  if (activity == nullptr) {
    activity = &plan.activities.emplace_back();
    activity->kind = kPlanReview;
  }
  activity->description = std::move(description);
  activity->status = "scheduled";
  activity->scheduled = plan.review_date;
}

void drop_our_date(CarePlan& plan) {
  plan.review_date.clear();
  std::erase_if(plan.activities, is_open);
}

bool may_move(const CarePlan& plan, const ReviewWish& wish) {
  if (plan.review_date.empty() || is_ours(plan)) return true;
  // A date that the plan itself states stands against screenings from before it was stated.
  const auto stated = instant_from(plan.source.updated);
  const auto screened = instant_from(wish.authored);
  return !stated || !screened || *screened >= *stated;
}

}  // namespace

std::optional<ReviewWish> review_wish(std::span<const Screening> screenings, const Policy& policy, Instant now) {
  using std::chrono::days;
  const Instant latest = now + days{1};
  std::optional<std::chrono::year_month_day> date;
  std::string authored;
  bool positive = false;
  for (auto it = screenings.rbegin(); it != screenings.rend(); ++it) {
    if (!is_done(*it)) continue;
    const auto on = date_from(it->authored);
    if (!on || instant_from(it->authored).value_or(latest) > latest) continue;
    if (date && *on != *date) break;  // only those of the same day speak together
    if (!date) authored = it->authored;
    date = on;
    positive = positive || it->positive.value_or(false);
  }
  if (!date) return std::nullopt;
  const int interval = positive ? policy.review_interval_positive_days : policy.review_interval_days;
  const std::chrono::year_month_day due{std::chrono::sys_days{*date} + days{interval}};
  return ReviewWish{authored, to_text(*date), to_text(due)};
}

void ask_sooner(ReviewWish& wish, std::span<const Proposal> proposals) {
  for (const Proposal& proposal : proposals) {
    const bool sooner = earlier(proposal.review_date, wish.due) && earlier(wish.on, proposal.review_date);
    if (!proposal.review_date.empty() && sooner) wish.due = proposal.review_date;
  }
}

bool is_date_ours(const CarePlan& plan) { return is_ours(plan); }

bool is_reviewed(const CarePlan& plan) { return plan.status == "active" && plan.behavioral; }

bool follow(CarePlan& plan, const std::optional<ReviewWish>& wish) {
  if (!is_reviewed(plan)) return false;
  if (!wish) {
    if (!is_ours(plan)) return false;
    drop_our_date(plan);
    return true;
  }
  if (!may_move(plan, *wish)) return false;
  std::string description = description_of(wish->due, wish->on);
  const Activity* activity = review_activity(std::as_const(plan));
  if (plan.review_date == wish->due && activity != nullptr && scheduled_on(*activity) == wish->due &&
      activity->description == description) {
    return false;
  }
  plan.review_date = wish->due;
  schedule(plan, std::move(description));
  return true;
}

void set_by_hand(CarePlan& plan) {
  if (!plan.review_date.empty()) {
    schedule(plan, std::string(kReview));
  } else {
    std::erase_if(plan.activities, is_open);
  }
}

void read_review_date(CarePlan& plan) {
  const Activity* activity = review_activity(std::as_const(plan));
  if (plan.review_date.empty() && activity != nullptr) plan.review_date = scheduled_on(*activity);
}

void keep_bhi_fields(CarePlan& incoming, const CarePlan& held) {
  const auto keep = [](std::string& to, const std::string& from) {
    if (to.empty()) to = from;
  };
  keep(incoming.self_management, held.self_management);
  keep(incoming.relapse_prevention, held.relapse_prevention);
  keep(incoming.safety_plan, held.safety_plan);
  keep_derived(incoming, held);
  if (held.source.system == "bhi") incoming.behavioral = incoming.behavioral || held.behavioral;

  // A date that our rule gave goes with the rule: a plan that is no longer reviewed does not keep it.
  const bool keeps_date = !is_ours(held) || is_reviewed(incoming);
  if (!keeps_date) return;
  keep(incoming.review_date, held.review_date);
  for (const Activity& activity : held.activities) {
    if (activity.kind != kPlanReview) continue;
    if (is_open(activity) ? review_activity(std::as_const(incoming)) != nullptr
                          : std::ranges::find(incoming.activities, activity) != incoming.activities.end()) {
      continue;
    }
    if (is_open(activity) && incoming.review_date != held.review_date) continue;
    incoming.activities.push_back(activity);
  }
}

}  // namespace bhi::care
