// Measures of health plans (HEDIS) and their relatives: screening and follow-up, monitoring, continuous treatment,
// before and after a birth. What is not confirmed in public sources is marked in the table of care/measures.cpp.
#include "care/measure_judges.h"

#include <algorithm>
#include <optional>
#include <string>

namespace bhi::care {

namespace {

using std::chrono::days;
using std::chrono::months;

constexpr days kFollowUp{30};
constexpr days kLastWeeks{30};      // of the period: a positive needs time for its follow-up (January 1 to December 1)
constexpr days kPregnancy{280};     // when its beginning is not stated
constexpr days kAfterBirthFrom{7};  // postpartum window
constexpr days kAfterBirthTo{84};

bool is_twelve(const MeasureData& data, Verdict& verdict) {
  if (data.age_on(data.period_start) >= 12) return true;
  verdict.reason = data.birth ? "younger than 12 at the start of the period" : "birth date not known";
  return false;
}

// A condition that began before the period, however long ago.
bool dsf_is_out(const MeasureData& data, Verdict& verdict) {
  const Date before = minus(data.period_start, days{1});
  if (is_out(verdict, data, "bipolar", Date{}, before)) return true;
  const Date year_before = plus(data.period_start, months{-12});
  for (const Fact& fact : data.facts) {
    const auto start = date_of(fact.start);
    if (fact.kind != "depression" || !start || *start < year_before || *start > before) continue;
    verdict.excluded = "depression that began in the year before";
    return true;
  }
  return is_out(verdict, data, "hospice", data.period_start, data.period_end) ||
         is_out(verdict, data, "death", data.period_start, data.period_end);
}

Date last_screening_day(const MeasureData& data) {
  return std::max(data.period_start, minus(data.period_end, kLastWeeks));
}

bool counts(const MeasureData& data, const Screen& screen) {
  // PHQ-9M is the adolescents' form: to 17 years.
  return screen.instrument != "phq-9m" || data.age_on(screen.date) <= 17;
}

const Screen* first_screen(const MeasureData& data, bool positive_only) {
  const auto found = std::ranges::find_if(data.screens, [&](const Screen& one) {
    return one.date >= data.period_start && one.date <= last_screening_day(data) && counts(data, one) &&
           (one.positive || !positive_only);
  });
  return found == data.screens.end() ? nullptr : &*found;
}

// Screens stand in the order of their date: those of one day together.
bool is_closed_the_same_day(const MeasureData& data, const Screen& brief) {
  return brief.instrument == "phq-2" && std::ranges::any_of(data.screens, [&](const Screen& one) {
           return one.date == brief.date && one.instrument != "phq-2" && !one.positive && counts(data, one);
         });
}

std::string span_text(Date from, Date to) { return to_text(from) + " to " + to_text(to); }

// ---- monitoring in periods of four months ---------------------------------------------------------------------------

struct FourMonths {
  Date from;
  Date to;
};

FourMonths part_of_year(const MeasureData& data, int n) {
  return {plus(data.period_start, months{4 * n}),
          std::min(data.period_end, minus(plus(data.period_start, months{4 * (n + 1)}), days{1}))};
}

// An encounter in the span while a depression was active.
const Fact* depression_encounter(const MeasureData& data, FourMonths span) {
  for (const Fact& fact : data.facts) {
    const auto at = date_of(fact.start);
    if (fact.kind == "encounter" && at && *at >= span.from && *at <= span.to && data.has("depression", *at, *at))
      return &fact;
  }
  return nullptr;
}

const Score* score_in(const MeasureData& data, FourMonths span) {
  const auto found = std::ranges::find_if(
      data.phq9, [&](const Score& score) { return score.date >= span.from && score.date <= span.to; });
  return found == data.phq9.end() ? nullptr : &*found;
}

bool monitored_is_out(const MeasureData& data, Verdict& verdict) {
  for (const std::string_view kind :
       {"hospice", "death", "bipolar", "personality-disorder", "schizophrenia", "developmental-disorder"}) {
    if (is_out(verdict, data, kind, Date{}, data.period_end)) return true;
  }
  return false;
}

void dms(const MeasureData& data, Verdict& verdict, int n) {
  if (!is_twelve(data, verdict)) return;
  const FourMonths span = part_of_year(data, n);
  const Fact* seen = span.from > data.period_end ? nullptr : depression_encounter(data, span);
  if (seen == nullptr) {
    verdict.reason = "no encounter for depression from " + span_text(span.from, span.to);
    return;
  }
  verdict.population = true;
  if (monitored_is_out(data, verdict)) return;
  const Score* score = score_in(data, span);
  verdict.numerator = score != nullptr;
  verdict.reason = (score == nullptr ? std::string("no PHQ-9") : "PHQ-9 on " + to_text(score->date)) + ", encounter " +
                   seen->start.substr(0, 10) + ", " + span_text(span.from, span.to);
}

// ---- continuous treatment -------------------------------------------------------------------------------------------

void continuous(const MeasureData& data, Verdict& verdict, int days_of_treatment) {
  // The first antidepressant that begins in the period, none in the 105 days before it.
  constexpr days kNone{105};
  const Fact* begin = nullptr;
  for (const Fact& fact : data.facts) {
    const auto at = date_of(fact.start);
    if (fact.kind != "antidepressant" || !at || *at < data.period_start || *at > data.period_end) continue;
    if (data.has("antidepressant", minus(*at, kNone), minus(*at, days{1}))) continue;
    if (begin == nullptr || *at < *date_of(begin->start)) begin = &fact;
  }
  if (begin == nullptr) {
    verdict.reason = "no antidepressant begun in the period";
    return;
  }
  const Date from = *date_of(begin->start);
  if (data.age_on(from) < 18 || !data.has("depression", minus(from, days{60}), plus(from, days{60}))) {
    verdict.reason = data.age_on(from) < 18 ? "younger than 18" : "no depression within 60 days of " + to_text(from);
    return;
  }
  verdict.population = true;
  const Date to = plus(from, days{days_of_treatment - 1});
  if (is_out(verdict, data, "hospice", from, to) || is_out(verdict, data, "death", from, to)) return;
  Date day = from;
  while (day <= to && data.has("antidepressant", day, day)) day = plus(day, days{1});
  verdict.numerator = day > to;
  verdict.reason = "begun " + to_text(from) +
                   (verdict.numerator ? ", without a gap to " + to_text(to) : ", not covered on " + to_text(day));
}

// ---- before and after a birth ---------------------------------------------------------------------------------------

const Fact* birth_in_period(const MeasureData& data, Verdict& verdict) {
  const Fact* birth = data.first("delivery", data.period_start, data.period_end);
  if (birth == nullptr) {
    verdict.reason = "no delivery in the period";
    return nullptr;
  }
  verdict.population = true;
  const Date on = *date_of(birth->start);
  if (is_out(verdict, data, "hospice", data.period_start, data.period_end)) return nullptr;
  return is_out(verdict, data, "death", data.period_start, plus(on, kAfterBirthTo)) ? nullptr : birth;
}

void screened_between(const MeasureData& data, Verdict& verdict, Date from, Date to) {
  const auto found = std::ranges::find_if(
      data.screens, [&](const Screen& one) { return one.date >= from && one.date <= to && counts(data, one); });
  verdict.numerator = found != data.screens.end();
  verdict.reason = (verdict.numerator ? "screened on " + to_text(found->date) : std::string("no screening")) + ", " +
                   span_text(from, to);
}

}  // namespace

void dsf_screening(const MeasureData& data, Verdict& verdict) {
  if (!is_twelve(data, verdict)) return;
  verdict.population = true;
  if (dsf_is_out(data, verdict)) return;
  const Screen* screen = first_screen(data, false);
  verdict.numerator = screen != nullptr;
  verdict.reason = screen == nullptr ? "no screening from " + span_text(data.period_start, last_screening_day(data))
                                     : (screen->positive ? "positive on " : "negative on ") + to_text(screen->date);
}

void dsf_follow_up(const MeasureData& data, Verdict& verdict) {
  if (!is_twelve(data, verdict)) return;
  const Screen* screen = first_screen(data, true);
  if (screen == nullptr) {
    verdict.reason = "no positive screening from " + span_text(data.period_start, last_screening_day(data));
    return;
  }
  verdict.population = true;
  if (dsf_is_out(data, verdict)) return;
  const Date until = plus(screen->date, kFollowUp);
  verdict.reason = "positive on " + to_text(screen->date);
  verdict.numerator = true;
  if (is_closed_the_same_day(data, *screen)) {
    verdict.reason += ", the whole form negative on the same day";
    return;
  }
  for (const std::string_view kind : {"follow-up", "antidepressant"}) {
    if (!data.has(kind, screen->date, until)) continue;
    verdict.reason += ", " + std::string(kind);
    return;
  }
  // Case management: the team reached the patient.
  const auto contact = std::ranges::find_if(data.contacts, [&](Date d) { return d >= screen->date && d <= until; });
  verdict.numerator = contact != data.contacts.end();
  verdict.reason += verdict.numerator ? ", contact on " + to_text(*contact) : " without follow-up by " + to_text(until);
}

void dms_first(const MeasureData& data, Verdict& verdict) { dms(data, verdict, 0); }
void dms_second(const MeasureData& data, Verdict& verdict) { dms(data, verdict, 1); }
void dms_third(const MeasureData& data, Verdict& verdict) { dms(data, verdict, 2); }

void nqf0712(const MeasureData& data, Verdict& verdict) {
  if (!is_twelve(data, verdict)) return;
  int seen = 0;
  int scored = 0;
  for (int n = 0; n < 3; ++n) {
    const FourMonths span = part_of_year(data, n);
    if (span.from > data.period_end || depression_encounter(data, span) == nullptr) continue;
    ++seen;
    scored += score_in(data, span) == nullptr ? 0 : 1;
  }
  verdict.population = seen > 0;
  if (!verdict.population) {
    verdict.reason = "no encounter for depression in the period";
    return;
  }
  if (monitored_is_out(data, verdict)) return;
  verdict.numerator = scored == seen;
  verdict.reason = "PHQ-9 in " + std::to_string(scored) + " of " + std::to_string(seen) +
                   " periods of four months with an encounter for depression";
}

void cms128_acute(const MeasureData& data, Verdict& verdict) { continuous(data, verdict, 84); }
void cms128_continuation(const MeasureData& data, Verdict& verdict) { continuous(data, verdict, 180); }

void prenatal_screening(const MeasureData& data, Verdict& verdict) {
  const Fact* birth = birth_in_period(data, verdict);
  if (birth == nullptr) return;
  const Date on = *date_of(birth->start);
  const Fact* pregnancy = data.first("pregnancy", minus(on, kPregnancy), on);
  screened_between(data, verdict, pregnancy == nullptr ? minus(on, kPregnancy) : *date_of(pregnancy->start), on);
}

void postpartum_screening(const MeasureData& data, Verdict& verdict) {
  const Fact* birth = birth_in_period(data, verdict);
  if (birth == nullptr) return;
  const Date on = *date_of(birth->start);
  screened_between(data, verdict, plus(on, kAfterBirthFrom), plus(on, kAfterBirthTo));
}

}  // namespace bhi::care
