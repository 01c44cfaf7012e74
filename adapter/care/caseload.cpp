#include "care/caseload.h"

#include "care/billing_minutes.h"
#include "care/caseload_scores.h"
#include "care/consent.h"
#include "care/episode.h"
#include "care/safety.h"
#include "care/team.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

namespace bhi::care {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int kLastPlace = 9;

constexpr auto kFlags = std::to_array<CaseloadFlag>({
    // id, text, place, needs clinical review
    {"safety", "a safety event is open", 1, false},
    {"for-review", "a team member asks for a review", 2, false},
    {"never-reviewed", "not yet reviewed by the psychiatric consultant", 3, false},
    {"not-improved", "no response by week 8", 4, false},
    {"worse", "worse by 5 points or in a higher band", 5, true},
    {"no-contact-60", "not reached for 60 days", 6, true},
    {"no-contact-30", "not reached for 30 days", 6, true},
    {"contact-due", "the next contact is overdue", 6, false},
    {"score-old", "no score for 4 weeks", 6, true},
    {"answer-overdue", "a recommendation is unanswered", 6, true},
    {"lab-overdue", "a test is overdue", 6, true},
    {"refill-gap", "a refill is overdue", 6, true},
    {"consent-missing", "no service consent in force", 6, false},
    {"differs-from-ehr", "the EHR says otherwise of the episode", 6, false},
    {"review-old", "not reviewed for 4 weeks", 7, true},
    {"relapse-prevention", "improved: relapse prevention to be planned", 8, false},
});

const Episode* current_episode(const Record& record, std::string& enrolled) {
  const Episode* found = nullptr;
  for (const Episode& episode : record.episodes) {
    if (!is_on_caseload(episode.state)) continue;
    std::string at = enrolled_at(episode, record.acts);
    if (found != nullptr && earlier(at, enrolled)) continue;
    found = &episode;
    enrolled = std::move(at);
  }
  return found;
}

class Row {
 public:
  Row(const Record& record, const CaseloadContext& context, Instant now)
      : record_(record), context_(context), now_(now), today_(context.zone.date_of(now)) {}

  std::optional<CaseloadRow> make(std::span<const std::string> also) {
    std::string enrolled;
    const Episode* episode = current_episode(record_, enrolled);
    if (episode == nullptr) return std::nullopt;
    row_.patient = record_.patient ? record_.patient->id : episode->patient;
    if (record_.patient) row_.name = record_.patient->name;
    row_.episode = episode->id;
    row_.state = episode->state;
    if (instant_from(enrolled)) {
      const year_month_day date = local_date(enrolled);
      row_.enrolled = to_text(date);
      row_.weeks = std::max(0, static_cast<int>((sys_days{today_} - sys_days{date}).count() / 7));
    }
    people();
    row_.scores = score_tracks(record_.screenings, enrolled, context_.policy.worse_by_points, now_);
    row_.improved = std::ranges::any_of(row_.scores, has_improved);
    safety();
    contacts();
    reviews();
    medicines();
    minutes();
    row_.consent = consent_state(record_.consents, "service", "", now_);
    for (const CarePlan& plan : record_.plans) {
      if (plan.status == "active" && !plan.relapse_prevention.empty()) row_.relapse_plan = plan.id;
    }
    flags(*episode, also);
    return std::move(row_);
  }

 private:
  year_month_day local_date(std::string_view text) const {
    if (text.find('T') == std::string_view::npos) return *date_from(text);
    return context_.zone.date_of(*instant_from(text));
  }

  void people() {
    for (const TeamAssignment& one : record_.assignments) {  // in the order they were recorded
      std::string* member = one.role == "pcp" ? &row_.pcp : one.role == "care-manager" ? &row_.care_manager : nullptr;
      if (member == nullptr) continue;
      *member = one.ended ? std::string() : one.member;
      if (!one.clinic.empty()) row_.clinic = one.clinic;
    }
  }

  void safety() {
    // Unknown only for want of an answer: listed, not pressing. Unreadable answers page like positive ones.
    row_.safety = "none";
    for (const SafetyEvent& event : record_.safety) {
      if (event.state != "open" && event.state != "review") continue;
      if (is_unanswered(event)) {
        if (row_.safety == "none") row_.safety = "unknown";
      } else if (event.state == "open") {
        row_.safety = "open";
        return;
      } else {
        row_.safety = "review";
      }
    }
  }

  void contacts() {
    for (const Contact& contact : record_.contacts) {
      const auto at = instant_from(contact.start);
      if (contact.status != "final" || !at || *at > now_) continue;
      row_.next_contact = contact.next_due.empty() ? row_.next_contact : contact.next_due;
      if (contact.outcome != "reached" || (contact.with != "patient" && contact.with != "caregiver")) continue;
      row_.last_contact = contact.start;
      if (now_ - *at > days{31}) continue;  // another month for certain, without asking the zone
      const year_month_day date = local_date(contact.start);
      if (date.year() == today_.year() && date.month() == today_.month()) ++row_.contacts_this_month;
    }
  }

  const RecommendationAnswer* answer_to(const CaseReview& review, const Recommendation& recommendation) const {
    for (const RecommendationAnswer& answer : record_.answers) {
      if (answer.review == review.id && answer.recommendation == recommendation.id) return &answer;
    }
    return nullptr;
  }

  void reviews() {
    row_.answers = "none";
    for (const CaseReview& review : record_.reviews) {
      if (review.status != "final" || !review.discussed || instant_from(review.date) > std::optional(now_)) continue;
      row_.last_review = review.date;
      for (const Recommendation& one : review.recommendations) {
        if (answer_to(review, one) != nullptr) continue;
        const std::string due = answer_deadline(review, one, context_.policy.answer_days);
        if (row_.answer_due.empty() || due < row_.answer_due) row_.answer_due = due;
      }
    }
    if (!row_.answer_due.empty()) row_.answers = row_.answer_due < to_text(today_) ? "overdue" : "waiting";
    if (!row_.last_review.empty()) {
      row_.days_since_review = static_cast<int>((sys_days{today_} - sys_days{local_date(row_.last_review)}).count());
    }
  }

  void medicines() {
    for (const MedicationTherapy& therapy : record_.medications) {
      if (therapy.ingredients.empty()) continue;
      row_.medication_changed = therapy.authored;
      if (therapy.status != "active" || therapy.do_not_perform) continue;
      for (const std::string& one : therapy.ingredients) {
        if (std::ranges::find(row_.medications, one) == row_.medications.end()) row_.medications.push_back(one);
      }
    }
  }

  void minutes() {
    const BillingContext billing{context_.practice, context_.zone, context_.payer};
    const Episode* episode = episode_of_month(record_, today_.year() / today_.month(), context_.zone);
    if (episode == nullptr) return;
    const auto month = today_.year() / today_.month();
    for (const MinutePiece& piece : pieces_of(record_, *episode, month, billing)) {
      row_.minutes_this_month += piece.counted;
    }
    const std::string_view track = billing_track(billing);
    if (track == "none") return;
    const auto first = first_counted_month(record_, *episode, billing);
    row_.minutes_threshold = threshold_minutes(track == "general"          ? "general"
                                               : !first || *first == month ? "initial"
                                                                           : "subsequent");
  }

  int days_ago(std::string_view text) const { return days_since(text, now_).value_or(0); }

  bool raised_by_a_person() const {
    return std::ranges::any_of(record_.flags, [](const CaseFlag& flag) { return flag.raised; });
  }

  bool declines(std::string_view what) const {
    if (record_.partnerships.empty()) return false;
    return std::ranges::find(record_.partnerships.back().declines, what, &Decline::what) !=
           record_.partnerships.back().declines.end();
  }

  // No score for weeks, of the instruments followed that the patient has not declined.
  bool score_is_old() const {
    bool any = false;
    for (const ScoreTrack& track : row_.scores) {
      if (declines(track.instrument)) return false;
      if (days_ago(track.last_on) <= context_.policy.score_old_days) return false;
      any = true;
    }
    return any || (row_.weeks * 7 > context_.policy.score_old_days && !declines("phq-9"));
  }

  bool asks(std::string_view flag, const Episode& episode) const {
    const CaseloadPolicy& policy = context_.policy;
    const bool treated = is_in_treatment(row_.state);
    const CareModel* model = find_care_model(context_.practice.care_model);
    const bool reviewed_here = model != nullptr && model->psychiatric_review;
    const std::string& since = row_.last_contact.empty() ? row_.enrolled : row_.last_contact;
    if (flag == "safety") return row_.safety == "open" || row_.safety == "review";
    if (flag == "for-review") return raised_by_a_person();
    if (flag == "differs-from-ehr") return differs_from_ehr(episode);
    if (flag == "consent-missing") return row_.consent != "given";
    if (flag == "answer-overdue") return row_.answers == "overdue";
    if (!treated) return false;
    if (flag == "never-reviewed") return reviewed_here && row_.last_review.empty();
    if (flag == "not-improved") {
      return row_.weeks >= policy.not_improved_weeks && std::ranges::any_of(row_.scores, has_not_improved);
    }
    if (flag == "worse") return std::ranges::any_of(row_.scores, &ScoreTrack::worse);
    if (flag == "no-contact-60") return days_ago(since) > policy.contact_very_old_days;
    if (flag == "no-contact-30") {
      const int ago = days_ago(since);
      return ago > policy.contact_old_days && ago <= policy.contact_very_old_days;
    }
    if (flag == "contact-due") return !row_.next_contact.empty() && row_.next_contact < to_text(today_);
    if (flag == "score-old") return score_is_old();
    if (flag == "review-old") return reviewed_here && row_.days_since_review.value_or(0) > policy.review_old_days;
    if (flag == "relapse-prevention") return row_.state == "active" && row_.improved && row_.relapse_plan.empty();
    return false;
  }

  void flags(const Episode& episode, std::span<const std::string> also) {
    row_.place = kLastPlace;
    for (const CaseloadFlag& flag : kFlags) {
      if (!asks(flag.id, episode) && std::ranges::find(also, flag.id) == also.end()) continue;
      row_.flags.emplace_back(flag.id);
      row_.place = std::min(row_.place, flag.place);
    }
  }

  const Record& record_;
  const CaseloadContext& context_;
  Instant now_;
  year_month_day today_;
  CaseloadRow row_;
};

}  // namespace

std::span<const CaseloadFlag> caseload_flags() { return kFlags; }

std::optional<CaseloadRow> caseload_row(const Record& record, const CaseloadContext& context,
                                        std::span<const std::string> also, Instant now) {
  return Row(record, context, now).make(also);
}

void put_in_review_order(std::vector<CaseloadRow>& rows) {
  std::ranges::sort(rows, {}, [](const CaseloadRow& row) {
    const int unreviewed = row.days_since_review.value_or(std::numeric_limits<int>::max());
    return std::tuple(row.place, -unreviewed, std::string_view(row.patient));
  });
}

std::string answer_deadline(const CaseReview& review, const Recommendation& recommendation, int answer_days) {
  if (!recommendation.answer_due.empty()) return recommendation.answer_due;
  const auto date = date_from(review.date);
  return date ? to_text(year_month_day{sys_days{*date} + days{answer_days}}) : std::string();
}

}  // namespace bhi::care
