#include "care/measure_data.h"

#include "care/episode.h"
#include "care/scoring.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr auto kDepression = std::to_array<std::string_view>({"phq-2", "phq-9", "phq-9m", "epds"});

constexpr double kPhq9Positive = 10;  // HEDIS, of PHQ-9 and PHQ-9M

bool is_phq9(const Screening& screening) { return screening.instrument == "phq-9" || screening.instrument == "phq-9m"; }

std::string short_text(double value) {
  std::string text = std::to_string(value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::optional<Date> date_of(std::string_view text) { return date_from(text); }

Date plus(Date date, std::chrono::months months) {
  const Date moved = date + months;
  return moved.ok() ? moved : Date{moved.year() / moved.month() / std::chrono::last};
}

Date plus(Date date, days count) { return sys_days{date} + count; }
Date minus(Date date, days count) { return sys_days{date} - count; }

int MeasureData::age_on(Date date) const {
  if (!birth) return -1;
  const int years = static_cast<int>(date.year()) - static_cast<int>(birth->year());
  const bool before = date.month() < birth->month() || (date.month() == birth->month() && date.day() < birth->day());
  return years - (before ? 1 : 0);
}

const Fact* MeasureData::first(std::string_view kind, Date from, Date to) const {
  const Fact* found = nullptr;
  for (const Fact& fact : facts) {
    const auto start = date_of(fact.start);
    if (fact.kind != kind || !start || *start > to) continue;
    // An encounter or an act without an end is one of its day; a condition without one lasts.
    const bool lasts =
        kind != "encounter" && kind != "follow-up" && kind != "referral" && kind != "delivery" && fact.end.empty();
    const auto end = fact.end.empty() ? start : date_of(fact.end);
    if (!lasts && end && *end < from) continue;
    if (found == nullptr || *start < *date_of(found->start)) found = &fact;
  }
  return found;
}

const Score* MeasureData::baseline() const {
  const Score* found = nullptr;
  for (const Score& score : phq9) {
    if (!enrolled || score.date < minus(*enrolled, days{30})) continue;
    if (score.date > *enrolled && found != nullptr) break;
    found = &score;
  }
  return found;
}

MeasureData measure_data(const Record& record, std::span<const Fact> facts, Date start, Date end) {
  MeasureData data;
  data.period_start = start;
  data.period_end = end;
  if (record.patient) data.birth = date_of(record.patient->birth_date);
  data.facts.assign(facts.begin(), facts.end());
  if (record.patient && record.patient->deceased) data.facts.push_back({"death", to_text(start), ""});
  for (const Episode& episode : record.episodes) {
    const auto at = date_of(enrolled_at(episode, record.acts));
    if (!at || episode.state == "entered-in-error") continue;
    const auto over = date_of(episode.end);
    data.on_caseload |= *at <= end && (!over || *over >= start);
    const bool in_or_after = data.enrolled && *data.enrolled >= start;
    if (!data.enrolled || (in_or_after ? (*at >= start && *at < *data.enrolled) : *at > *data.enrolled))
      data.enrolled = at;
  }
  for (const Screening& screening : record.screenings) {
    const auto at = date_of(screening.authored);
    if (!at || !is_final_status(screening.status)) continue;
    const std::optional<double> value =
        screening.total ? std::optional<double>(*screening.total) : screening.stated_total;
    if (is_phq9(screening) && value) data.phq9.push_back({*at, *value, short_text(*value)});
    if (value) data.assessed.push_back(*at);
    if (std::ranges::find(kDepression, screening.instrument) == kDepression.end()) continue;
    if (screening.positive) {
      data.screens.push_back({*at, screening.instrument, *screening.positive, true});
    } else if (is_phq9(screening) && value) {
      data.screens.push_back({*at, screening.instrument, *value >= kPhq9Positive, false});
    }
  }
  std::ranges::sort(data.assessed);
  std::ranges::stable_sort(data.phq9, {}, &Score::date);
  std::ranges::stable_sort(data.screens, {}, &Screen::date);
  for (const Contact& contact : record.contacts) {
    const auto at = date_of(contact.start);
    if (at && contact.status == "final" && contact.outcome == "reached" && contact.with == "patient")
      data.contacts.push_back(*at);
  }
  std::ranges::sort(data.contacts);
  for (const CaseReview& review : record.reviews) {
    const auto at = date_of(review.date);
    if (at && review.status == "final" && review.discussed) data.reviews.push_back(*at);
  }
  std::ranges::sort(data.reviews);
  return data;
}

}  // namespace bhi::care
