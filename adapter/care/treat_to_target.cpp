#include "care/treat_to_target.h"

#include "care/episode.h"
#include "care/instruments.h"
#include "care/plan_proposals.h"
#include "care/scoring.h"
#include "care/text.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::care {

namespace {

using namespace std::chrono;

std::string date_after(std::string_view from, int days_later) {
  const auto date = date_from(from);
  return date ? to_text(year_month_day{sys_days{*date} + days{days_later}}) : std::string();
}

std::string date_text(std::string_view time) { return date_after(time, 0); }

bool is_past(std::string_view date, Instant now) {
  const auto moment = latest_moment(date);
  return moment && *moment < now;
}

std::string name_of(const Trend& trend) { return std::string(find_instrument(trend.instrument)->name); }

std::string measure_of(const Trend& trend) {
  const Instrument& instrument = *find_instrument(trend.instrument);
  return instrument.totals.empty() ? std::string() : std::string(instrument.totals.front());
}

std::string from_to(const Trend& trend) {
  return number_text(trend.baseline->value) + " to " + number_text(trend.last->value);
}

std::vector<std::string> ids_of(const Trend& trend) {
  std::vector<std::string> ids;
  for (const auto& point : {trend.baseline, trend.previous, trend.last}) {
    if (point && std::ranges::find(ids, point->id) == ids.end()) ids.push_back(point->id);
  }
  return ids;
}

Activity activity_of(std::string_view kind, std::string description, std::string_view on) {
  Activity activity;
  activity.kind = kind;
  activity.description = std::move(description);
  activity.status = "scheduled";
  activity.scheduled = on;
  return activity;
}

// The episode treated last, when none is now: on hold or over, and enrolled at some time.
const Episode* treated_before(const Record& record) {
  constexpr std::array<std::string_view, 5> kNoLonger{"on-hold", "completed", "referred-out", "dropped", "deceased"};
  const Episode* found = nullptr;
  for (const Episode& episode : record.episodes) {
    const bool is_treated = is_in_treatment(episode.state);  // of a patient who died
    if (!is_treated && std::ranges::find(kNoLonger, std::string_view(episode.state)) == kNoLonger.end()) continue;
    const bool enrolled = !enrolled_at(episode, record.acts).empty();
    if (enrolled && (found == nullptr || !earlier(episode.start, found->start))) found = &episode;
  }
  return found;
}

// Screenings stand in the order of their time.
std::span<const Screening> until(const std::vector<Screening>& screenings, std::string_view end) {
  const auto last = latest_moment(end);
  if (!last) return screenings;
  const auto after = std::ranges::find_if(
      screenings, [&](const Screening& one) { return instant_from(one.authored).value_or(*last) > *last; });
  return {screenings.begin(), after};
}

class Proposals {
 public:
  Proposals(const TargetInput& input, const TargetPolicy& policy, Instant now)
      : record_(input.record), consultations_(input.consultations), policy_(policy), now_(now) {}

  std::vector<Proposal> all();

 private:
  void safety();
  void trend(const Trend& trend);
  void goal(const Trend& trend);
  void worsening(const Trend& trend);
  void consult(const Trend& trend);
  void stable(const Trend& trend);
  void remeasure(const Trend& trend);
  void answer();

  Proposal& add(std::string_view kind, std::string reason, std::vector<std::string> ids, std::string due) {
    Proposal proposal;
    proposal.kind = kind;
    proposal.reason = std::move(reason);
    proposal.derived_from = std::move(ids);
    proposal.overdue = is_past(due, now_);
    proposal.due = std::move(due);
    return proposals_.emplace_back(std::move(proposal));
  }

  const Record& record_;
  std::span<const Consultation> consultations_;
  const TargetPolicy& policy_;
  Instant now_;
  std::string start_;
  std::vector<Proposal> proposals_;
};

void Proposals::safety() {
  const CarePlan* plan = plan_for_proposals(record_);
  const bool no_safety_plan = plan == nullptr || plan->safety_plan.empty();
  for (const SafetyEvent& event : record_.safety) {
    if (event.state == "answered" || event.level != "positive") continue;
    if (event.state == "acknowledged" && !no_safety_plan) continue;
    Proposal& one =
        add("safety", event.rule + " " + event.level + " (" + event.state + ")", {event.id, event.derived_from},
            date_text(event.occurred.empty() ? event.raised : event.occurred));
    one.activities.push_back(activity_of("safety-plan", "Safety plan made or looked at with the patient", one.due));
    one.safety_prompt = no_safety_plan;
    one.confirmed = true;
  }
  // A low level is followed up in the plan.
  const Screening* newest = nullptr;
  for (const Screening& screening : record_.screenings) {
    if (screening.instrument == "c-ssrs-screener" && is_final_status(screening.status)) newest = &screening;
  }
  if (newest == nullptr || newest->severity != "low") return;
  Proposal& one = add("safety", "C-SSRS screener low: follow-up in the plan", {newest->id},
                      date_after(newest->authored, policy_.score_older_days));
  one.activities.push_back(activity_of("risk-follow-up", "Suicide risk asked about again", one.due));
  one.safety_prompt = no_safety_plan;
}

// The goal with its target and how far it is; only when something elevated is treated.
void Proposals::goal(const Trend& trend) {
  if (!trend.elevated) return;
  const TargetRule& rule = *find_target(trend.instrument);
  Goal goal;
  const bool next = trend.reached;  // below 10: now below 5
  const int below = next ? rule.remission_below : rule.target_below;
  goal.description = name_of(trend) + " below " + std::to_string(below);
  goal.status = trend.remission ? "completed" : "active";
  const std::string from = start_.empty() ? trend.baseline->on : start_;
  goal.targets.push_back(
      {measure_of(trend), "< " + std::to_string(below), date_after(from, policy_.goal_days * (next ? 2 : 1))});
  goal.achievement = trend.remission   ? "achieved"
                     : trend.worsening ? "worsening"
                     : trend.improved  ? "improving"
                     : trend.change    ? (*trend.change < 0 ? "improving" : "no-change")
                                       : "in-progress";
  const std::string kind = trend.remission ? "remission" : trend.improved ? "improved" : "set-target";
  std::string reason = name_of(trend) + " ";
  if (trend.remission) {
    reason += from_to(trend) + ": below " + std::to_string(rule.remission_below) + ", remission";
  } else if (trend.improved) {
    reason += from_to(trend) + ": " +
              (trend.response ? "at least " + std::to_string(rule.response_percent) + " % lower"
                              : "below " + std::to_string(rule.target_below));
  } else {
    reason +=
        "baseline " + number_text(trend.baseline->value) + ": treated to below " + std::to_string(rule.target_below);
  }
  Proposal& one = add(kind, std::move(reason), ids_of(trend), goal.targets.front().due);
  one.overdue = one.overdue && !trend.remission;
  one.goals.push_back(std::move(goal));
  one.confirmed = rule.confirmed;
}

void Proposals::worsening(const Trend& trend) {
  if (!trend.worsening) return;
  const TargetRule& rule = *find_target(trend.instrument);
  const bool by_points = *trend.since_previous >= rule.worse_points;
  Proposal& one =
      add("worsening",
          name_of(trend) + " " + number_text(trend.previous->value) + " to " + number_text(trend.last->value) +
              (by_points ? ": at least " + std::to_string(rule.worse_points) + " points more"
                         : ": a band higher (" + std::string(trend.last->severity) + ")"),
          {trend.previous->id, trend.last->id}, date_after(trend.last->on, policy_.look_after_worse_days));
  one.review_date = one.due;
  one.activities.push_back(activity_of("worsening-review", "Plan looked at after a worse score", one.due));
  one.confirmed = rule.worse_confirmed;
}

void Proposals::consult(const Trend& trend) {
  if (!trend.elevated || trend.improved || start_.empty()) return;
  const TargetRule& rule = *find_target(trend.instrument);
  const auto days_in = days_since(start_, now_);
  if (!days_in || *days_in < policy_.consult_from_days) return;
  // One that took place since shortly before week 8 answers it for as long again; then the next is asked for.
  const std::string from = date_after(start_, policy_.consult_from_days - 14);
  std::string since = start_;
  if (!consultations_.empty() && !earlier(consultations_.back().on, from)) since = consultations_.back().on;
  if (days_since(since, now_).value_or(0) < policy_.consult_from_days && since != start_) return;
  const bool scored = trend.last->id != trend.baseline->id;
  std::string reason =
      name_of(trend) + " not improved in week " + std::to_string(*days_in / 7) + ": " +
      (scored ? from_to(trend) : "no score since the baseline of " + number_text(trend.baseline->value));
  Proposal& one = add("consult", std::move(reason), ids_of(trend), date_after(since, policy_.consult_until_days));
  one.review_date = one.due;
  one.activities.push_back(
      activity_of("psychiatric-consultation", "Psychiatric consultation: no improvement yet", one.due));
  one.confirmed = rule.confirmed;
}

// At target, twice, far enough apart: time to plan for staying well.
void Proposals::stable(const Trend& trend) {
  if (!trend.elevated || !trend.reached || trend.points.size() < 2) return;
  const TargetRule& rule = *find_target(trend.instrument);
  const TrendPoint* first = nullptr;  // of the run at target that the last belongs to
  for (auto it = trend.points.rbegin(); it != trend.points.rend() && it->value < rule.target_below; ++it) first = &*it;
  const auto since = first == nullptr ? std::nullopt : date_from(first->on);
  if (!since) return;
  const auto days_at_target = [&](const TrendPoint& point) {
    const auto on = date_from(point.on);
    return on ? (sys_days{*on} - sys_days{*since}).count() : 0;
  };
  // The first that shows it: later ones at target do not move the date.
  const TrendPoint* shown = first;
  while (shown != &trend.points.back() && days_at_target(*shown) < policy_.stable_days) ++shown;
  if (days_at_target(*shown) < policy_.stable_days) return;
  const CarePlan* plan = plan_for_proposals(record_);
  Proposal& one = add("relapse-prevention",
                      name_of(trend) + " below " + std::to_string(rule.target_below) + " for " +
                          std::to_string(days_at_target(*trend.last)) + " days",
                      {first->id, shown->id}, date_after(shown->on, policy_.score_older_days));
  one.relapse_prompt = plan == nullptr || plan->relapse_prevention.empty();
  if (!one.relapse_prompt) {
    one.overdue = false;
    return;
  }
  one.activities.push_back(
      activity_of("relapse-prevention", "Relapse prevention plan: warning signs, what helps, whom to call", one.due));
}

void Proposals::remeasure(const Trend& trend) {
  if (!trend.elevated) return;
  const std::string due = date_after(trend.last->on, policy_.score_older_days);
  if (!is_past(due, now_)) return;
  // What the patient declined is not asked for again; the last word counts.
  if (!record_.partnerships.empty()) {
    const auto& declines = record_.partnerships.back().declines;
    if (std::ranges::find(declines, trend.instrument, &Decline::what) != declines.end()) return;
  }
  Proposal& one =
      add("remeasure",
          name_of(trend) + " last done " + std::to_string(days_since(trend.last->on, now_).value_or(0)) + " days ago",
          {trend.last->id}, due);
  one.activities.push_back(activity_of("remeasure", name_of(trend) + " again", due));
}

void Proposals::answer() {
  for (const Consultation& held : consultations_) {
    if (held.recommendation.empty() || !held.answer.empty()) continue;
    Proposal& one =
        add("answer", "recommendation of the psychiatric consultation not answered yet", {held.id},
            held.answer_due.empty() ? date_after(held.on, policy_.answer_days) : date_text(held.answer_due));
    one.activities.push_back(activity_of(
        "recommendation-answer", "Treating physician answers the recommendation of " + date_text(held.on), one.due));
  }
}

std::vector<Proposal> Proposals::all() {
  const bool deceased = record_.patient && record_.patient->deceased;
  if (!deceased) safety();
  const Episode* episode = deceased ? nullptr : current_episode(record_);
  if (episode != nullptr) {
    start_ = episode->start;
    for (const TargetRule& rule : target_rules()) {
      const Trend one = trend_of(record_.screenings, rule.instrument, start_, now_);
      if (!one.baseline) continue;
      goal(one);
      worsening(one);
      consult(one);
      stable(one);
      remeasure(one);
    }
    answer();
  } else if (const Episode* before = treated_before(record_)) {
    // What was reached stays said; nothing more is asked for.
    start_ = before->start;
    for (const TargetRule& rule : target_rules()) {
      const Trend one = trend_of(until(record_.screenings, before->end), rule.instrument, start_, now_);
      if (one.baseline) goal(one);
    }
  }
  constexpr std::array<std::string_view, 9> kOrder{"safety",   "worsening", "consult",
                                                   "answer",   "remeasure", "set-target",
                                                   "improved", "remission", "relapse-prevention"};
  const auto place = [&](const Proposal& one) {
    return std::ranges::find(kOrder, std::string_view(one.kind)) - kOrder.begin();
  };
  std::ranges::stable_sort(proposals_, [&](const Proposal& a, const Proposal& b) {
    return place(a) != place(b) ? place(a) < place(b) : earlier(a.due, b.due);
  });
  return std::move(proposals_);
}

}  // namespace

const Episode* current_episode(const Record& record) {
  constexpr std::array<std::string_view, 3> kTreated{"enrolled", "active", "relapse-prevention"};
  const Episode* found = nullptr;
  for (const Episode& episode : record.episodes) {
    if (std::ranges::find(kTreated, std::string_view(episode.state)) == kTreated.end()) continue;
    if (found == nullptr || !earlier(episode.start, found->start)) found = &episode;
  }
  return found;
}

std::vector<Proposal> treat_to_target(const TargetInput& input, const TargetPolicy& policy, Instant now) {
  return Proposals(input, policy, now).all();
}

std::vector<Consultation> consultations_of(const Record& record) {
  std::vector<Consultation> found;
  found.reserve(record.reviews.size());
  for (const CaseReview& review : record.reviews) {
    if (review.status != "final" || !review.discussed) continue;
    if (review.recommendations.empty()) found.push_back({review.id, review.date, "", ""});
    for (const Recommendation& one : review.recommendations) {
      const RecommendationAnswer* last = nullptr;  // answers stand in the order of their recording
      for (const RecommendationAnswer& answer : record.answers) {
        if (answer.review == review.id && answer.recommendation == one.id) last = &answer;
      }
      found.push_back({review.id, review.date, one.kind, last == nullptr ? "" : last->answer, one.answer_due});
    }
  }
  return found;
}

}  // namespace bhi::care
