// What is computed and shown but never stored, as the API prints it: caseload rows, billing months, verdicts.
#pragma once

#include "care/caseload.h"
#include "care/clinical_review.h"
#include "care/measures.h"
#include "flow/fields_billing.h"

namespace bhi::flow {

template <>
struct Fields<care::ScoreTrack> {
  using S = care::ScoreTrack;
  static constexpr auto table = std::make_tuple(
      field("instrument", &S::instrument), field("baseline", &S::baseline), field("baselineOn", &S::baseline_on),
      field("last", &S::last), field("lastOn", &S::last_on), field("previous", &S::previous),
      field("change", &S::change), field("percent", &S::percent), field("worse", &S::worse));
};

template <>
struct Fields<care::CaseloadRow> {
  using S = care::CaseloadRow;
  static constexpr auto table = std::make_tuple(
      field("patient", &S::patient), field("name", &S::name), field("episode", &S::episode), field("state", &S::state),
      field("enrolled", &S::enrolled), field("weeks", &S::weeks), field("pcp", &S::pcp),
      field("careManager", &S::care_manager), field("clinic", &S::clinic), field("scores", &S::scores),
      field("safety", &S::safety), field("lastContact", &S::last_contact), field("nextContact", &S::next_contact),
      field("contactsThisMonth", &S::contacts_this_month), field("lastReview", &S::last_review),
      field("daysSinceReview", &S::days_since_review), field("answers", &S::answers),
      field("answerDue", &S::answer_due), field("medications", &S::medications),
      field("medicationChanged", &S::medication_changed), field("minutesThisMonth", &S::minutes_this_month),
      field("minutesThreshold", &S::minutes_threshold), field("consent", &S::consent), field("improved", &S::improved),
      field("relapsePlan", &S::relapse_plan), field("flags", &S::flags), field("place", &S::place));
};

template <>
struct Fields<care::Reminder> {
  using S = care::Reminder;
  static constexpr auto table = std::make_tuple(field("patient", &S::patient), field("reminder", &S::kind),
                                                field("role", &S::role), field("due", &S::due));
};

template <>
struct Fields<care::CaseloadStatistics> {
  using S = care::CaseloadStatistics;
  static constexpr auto table =
      std::make_tuple(field("size", &S::size), field("active", &S::active), field("onHold", &S::on_hold),
                      field("relapsePrevention", &S::relapse_prevention), field("withBaseline", &S::with_baseline),
                      field("improved", &S::improved), field("contacted", &S::contacted),
                      field("reviewed", &S::reviewed), field("safetyOpen", &S::safety_open),
                      field("answersOverdue", &S::answers_overdue), field("minutesThisMonth", &S::minutes_this_month));
};

template <>
struct Fields<care::Verdict> {
  using S = care::Verdict;
  static constexpr auto table =
      std::make_tuple(field("measure", &S::measure), field("patient", &S::patient), field("population", &S::population),
                      field("excluded", &S::excluded), field("numerator", &S::numerator), field("reason", &S::reason),
                      field("needsReview", &S::needs_review));
};

template <>
struct Fields<care::MeasureCount> {
  using S = care::MeasureCount;
  static constexpr auto table =
      std::make_tuple(field("population", &S::population), field("excluded", &S::excluded),
                      field("denominator", &S::denominator), field("numerator", &S::numerator));
};

template <>
struct Fields<care::ReviewFlag> {
  using S = care::ReviewFlag;
  static constexpr auto table =
      std::make_tuple(field("table", &S::table), field("row", &S::row), field("fact", &S::fact));
};

}  // namespace bhi::flow
