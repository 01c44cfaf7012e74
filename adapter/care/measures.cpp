#include "care/measures.h"

#include "care/episode.h"
#include "care/measure_judges.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bhi::care {

namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::weeks;

constexpr double kElevated = 9;   // more than
constexpr double kRemission = 5;  // less than

std::string on(const Score& score) { return "PHQ-9 " + score.text + " on " + to_text(score.date); }

// ---- remission at so many months (CMS159, NQF 0711) -----------------------------------------------------------------

void remission(const MeasureData& data, Verdict& verdict, int after_months, int window_days) {
  // The index lies in the year of intake before the period: 14 to 2 months before it for twelve months.
  const Date from = plus(data.period_start, months{-(after_months + 2)});
  const Date to = plus(data.period_start, months{12 - (after_months + 2)});
  const Score* index = nullptr;
  for (const Score& score : data.phq9) {
    if (score.date < from || score.date >= to || score.value <= kElevated || data.age_on(score.date) < 12) continue;
    // An encounter of that day, with depression active from seven days before it on.
    if (!data.has("encounter", score.date, score.date) ||
        !data.has("depression", minus(score.date, days{7}), score.date))
      continue;
    index = &score;
    break;
  }
  if (index == nullptr) {
    verdict.reason = "no PHQ-9 above 9 at an encounter for depression between " + to_text(from) + " and " + to_text(to);
    return;
  }
  verdict.population = true;
  const Date middle = plus(index->date, months{after_months});
  const Date first = minus(middle, days{window_days});
  const Date last = plus(middle, days{window_days});
  for (const std::string_view kind : {"hospice", "palliative", "death", "bipolar", "personality-disorder",
                                      "schizophrenia", "developmental-disorder"}) {
    if (is_out(verdict, data, kind, Date{}, last)) return;
  }
  const std::string window = ", within " + std::to_string(after_months) + " months +/- " + std::to_string(window_days) +
                             " days of " + to_text(index->date);
  const Score* latest = nullptr;
  for (const Score& score : data.phq9) {
    if (score.date >= first && score.date <= last) latest = &score;
  }
  verdict.numerator = latest != nullptr && latest->value < kRemission;
  verdict.reason = (latest == nullptr ? std::string("no PHQ-9") : on(*latest)) + window;
}

void cms159(const MeasureData& data, Verdict& verdict) { remission(data, verdict, 12, 60); }
void nqf0711(const MeasureData& data, Verdict& verdict) { remission(data, verdict, 6, 60); }

// ---- screening and follow-up (CMS2) ---------------------------------------------------------------------------------

void cms2(const MeasureData& data, Verdict& verdict) {
  if (data.age_on(data.period_start) < 12) {
    verdict.reason = "younger than 12 at the start of the period";
    return;
  }
  // The most recent screening of those within 14 days before, or on the day of, an encounter of the period.
  std::optional<Date> seen;
  std::optional<Date> screened;
  const Screen* screen = nullptr;
  for (const Fact& fact : data.facts) {
    const auto at = date_of(fact.start);
    if (fact.kind != "encounter" || !at || *at < data.period_start || *at > data.period_end) continue;
    if (!seen || *at < *seen) seen = at;
    for (const Screen& one : data.screens) {
      if (!one.decided || one.date < minus(*at, days{14}) || one.date > *at ||
          (screen != nullptr && one.date < screen->date))
        continue;
      screened = screen != nullptr && screen->date == one.date ? std::min(*screened, *at) : *at;
      screen = &one;
    }
  }
  if (!seen) {
    verdict.reason = "no encounter in the period";
    return;
  }
  verdict.population = true;
  const Date day = screened.value_or(*seen);
  if (is_out(verdict, data, "bipolar", Date{}, minus(day, days{1}))) return;
  if (screen == nullptr) {
    for (const std::string_view kind : {"screening-declined", "medical-reason"}) {
      if (is_out(verdict, data, kind, day, day)) return;
    }
    verdict.reason = "no screening on " + to_text(day) + " or up to 14 days before";
    return;
  }
  if (!screen->positive) {
    verdict.numerator = true;
    verdict.reason = "negative on " + to_text(screen->date);
    return;
  }
  for (const std::string_view kind : {"antidepressant", "referral", "follow-up"}) {
    const Date from = kind == "antidepressant" ? Date{} : day;
    const Fact* found = data.first(kind, from, plus(day, days{2}));
    if (found == nullptr || (kind == "antidepressant" && !data.has(kind, day, plus(day, days{2})))) continue;
    verdict.numerator = true;
    verdict.reason = "positive on " + to_text(screen->date) + ", " + std::string(kind);
    return;
  }
  verdict.reason = "positive on " + to_text(screen->date) + " without follow-up by " + to_text(plus(day, days{2}));
}

// ---- remission or response (DRR-E) ----------------------------------------------------------------------------------

void drr(const MeasureData& data, Verdict& verdict) {
  const Score* index = nullptr;
  for (const Score& score : data.phq9) {
    const Date end = plus(score.date, months{8});
    if (score.value > kElevated && end >= data.period_start && end <= data.period_end &&
        data.age_on(score.date) >= 12) {
      index = &score;
      break;
    }
  }
  if (index == nullptr) {
    verdict.reason = "no PHQ-9 above 9 whose four to eight months end in the period";
    return;
  }
  verdict.population = true;
  const Date from = plus(index->date, months{4});
  const Date to = plus(index->date, months{8});
  for (const std::string_view kind : {"hospice", "death", "bipolar"}) {
    if (is_out(verdict, data, kind, Date{}, to)) return;
  }
  const Score* last = nullptr;
  for (const Score& score : data.phq9) {
    if (score.date >= from && score.date <= to) last = &score;
  }
  const bool remitted = last != nullptr && last->value < kRemission;
  const bool responded = last != nullptr && last->value * 2 <= index->value;
  verdict.numerator = remitted || responded;
  verdict.reason = last == nullptr ? "no PHQ-9 four to eight months after " + to_text(index->date)
                                   : on(*last) +
                                         (remitted    ? ": remission"
                                          : responded ? ": response"
                                                      : ": neither") +
                                         " after " + index->text + " on " + to_text(index->date);
}

// ---- process of collaborative care ----------------------------------------------------------------------------------

bool begins_in_period(const MeasureData& data, Verdict& verdict) {
  verdict.population = data.enrolled && *data.enrolled >= data.period_start && *data.enrolled <= data.period_end;
  if (!verdict.population) verdict.reason = "not enrolled in the period";
  return verdict.population;
}

void follow_up_in_four_weeks(const MeasureData& data, Verdict& verdict) {
  const auto initial =
      std::ranges::find_if(data.contacts, [&](Date date) { return data.enrolled && date >= *data.enrolled; });
  verdict.population = initial != data.contacts.end() && *initial >= data.period_start && *initial <= data.period_end;
  if (!verdict.population) {
    verdict.reason = "no initial contact in the period";
    return;
  }
  const auto next = std::ranges::find_if(data.contacts, [&](Date date) { return date > *initial; });
  verdict.numerator = next != data.contacts.end() && *next <= plus(*initial, weeks{4});
  verdict.reason = "initial contact " + to_text(*initial) +
                   (next == data.contacts.end() ? ", none after" : ", next " + to_text(*next));
}

void consultation_in_weeks_8_to_12(const MeasureData& data, Verdict& verdict) {
  if (!begins_in_period(data, verdict)) return;
  const Score* baseline = data.baseline();
  const Date week8 = plus(*data.enrolled, weeks{8});
  const Score* last = nullptr;
  for (const Score& score : data.phq9) {
    if (baseline != nullptr && score.date > baseline->date && score.date <= week8) last = &score;
  }
  const bool elevated = baseline != nullptr && baseline->value > kElevated;
  const bool response = last != nullptr && baseline != nullptr && last->value * 2 <= baseline->value;
  verdict.population = elevated && !response;
  if (!verdict.population) {
    verdict.reason = elevated ? "response by week 8" : "no baseline above 9";
    return;
  }
  const auto consulted = std::ranges::find_if(
      data.reviews, [&](Date date) { return date >= week8 && date < plus(*data.enrolled, weeks{13}); });
  verdict.numerator = consulted != data.reviews.end();
  verdict.reason = verdict.numerator ? "reviewed on " + to_text(*consulted) : "no review in weeks 8 to 12";
}

void improvement(const MeasureData& data, Verdict& verdict) {
  if (!begins_in_period(data, verdict)) return;
  const Score* baseline = data.baseline();
  const Score* last = nullptr;
  for (const Score& score : data.phq9) {
    if (baseline != nullptr && score.date > baseline->date && score.date <= plus(*data.enrolled, weeks{24}))
      last = &score;
  }
  verdict.population = baseline != nullptr && baseline->value > kElevated && last != nullptr;
  if (!verdict.population) {
    verdict.reason = "no baseline of at least 10 with a score within 24 weeks";
    return;
  }
  verdict.numerator = last->value < 10 || last->value * 2 <= baseline->value;
  verdict.reason = on(*last) + " after " + baseline->text;
}

void contact_frequency(const MeasureData& data, Verdict& verdict) {
  if (!begins_in_period(data, verdict)) return;
  const Date month = plus(*data.enrolled, days{30});
  const auto n = std::ranges::count_if(data.contacts, [&](Date d) { return d >= *data.enrolled && d <= month; });
  verdict.numerator = n >= 2;
  verdict.reason = std::to_string(n) + " contacts in the first 30 days";
}

struct Row {
  MeasureRow row;
  Judge judge;
};

constexpr auto kRows = std::to_array<Row>({
    {{"CMS2", "depression screening and follow-up plan", true, false, "2025 content"}, cms2},
    {{"CMS159", "depression remission at twelve months", true, false, "2025 content; +/- 60 days"}, cms159},
    {{"NQF 0711", "depression remission at six months", true, true, "window unconfirmed: that of CMS159"}, nqf0711},
    {{"NQF 0712", "PHQ-9 utilization", true, true, "details unconfirmed: every four months with an encounter"},
     nqf0712},
    {{"CMS128-84", "antidepressant medication management, 84 days", true, true,
      "day counts and gaps unconfirmed: none"},
     cms128_acute},
    {{"CMS128-180", "the same, 180 days", true, true, "day counts and gaps unconfirmed: none"}, cms128_continuation},
    {{"DSF-E", "HEDIS depression screening", true, false, "to 30 days before the period's end"}, dsf_screening},
    {{"DSF-E-follow-up", "HEDIS follow-up within 30 days of a positive", true, false, ""}, dsf_follow_up},
    {{"DMS-E-1", "HEDIS PHQ-9 monitoring, first four months", true, true, "period length unconfirmed"}, dms_first},
    {{"DMS-E-2", "the same, second four months", true, true, "period length unconfirmed"}, dms_second},
    {{"DMS-E-3", "the same, third four months", true, true, "period length unconfirmed"}, dms_third},
    {{"DRR-E", "HEDIS remission or response", true, false, ""}, drr},
    {{"PND-E", "HEDIS prenatal depression screening", true, true, "details unconfirmed: 280 days unless stated"},
     prenatal_screening},
    {{"PDS-E", "HEDIS postpartum depression screening", true, true, "details unconfirmed: days 7 to 84"},
     postpartum_screening},
    {{"CoCM-4wk", "follow-up contact within 4 weeks", true, false, "Bao 2016"}, follow_up_in_four_weeks},
    {{"CoCM-consult", "consultation in weeks 8-12 without response", true, false, "Bao 2016"},
     consultation_in_weeks_8_to_12},
    {{"CoCM-improve", "clinically significant improvement", true, false, "Bao 2016"}, improvement},
    {{"CoCM-contacts", "two contacts in the first month", true, true, "frequency unconfirmed"}, contact_frequency},
    {{"registry-contacted", "of the caseload: contacted in the period", true, false, "AIMS"}, registry_contacted},
    {{"registry-improved", "of the caseload with an elevated baseline: improved", true, false, "AIMS"},
     registry_improved},
    {{"registry-consulted", "of the caseload: reviewed with the consultant", true, false, "AIMS"}, registry_consulted},
    {{"AMA-baseline", "assessed at the beginning", true, true, "30 days unconfirmed; see also indicators()"},
     baseline_assessed},
});

constexpr auto kTable = [] {
  std::array<MeasureRow, kRows.size()> table{};
  for (std::size_t i = 0; i < kRows.size(); ++i) table[i] = kRows[i].row;
  return table;
}();

}  // namespace

bool is_out(Verdict& verdict, const MeasureData& data, std::string_view kind, Date from, Date to) {
  if (!verdict.excluded.empty()) return true;
  if (!data.has(kind, from, to)) return false;
  verdict.excluded = kind;
  return true;
}

std::span<const MeasureRow> measures() { return kTable; }

Result<Verdict> measure(std::string_view id, const Record& record, std::span<const Fact> facts,
                        const MeasurePeriod& period) {
  const auto found = std::ranges::find(kRows, id, [](const Row& row) { return row.row.id; });
  if (found == kRows.end()) return Error{Kind::NotFound, "expected the id of a measure"};
  const auto start = date_from(period.start);
  const auto end = date_from(period.end);
  if (!start || !end || std::chrono::sys_days{*start} > std::chrono::sys_days{*end})
    return Error{Kind::Incorrect, "period: expected two dates, the first not after the second"};
  const MeasureData data = measure_data(record, facts, *start, *end);
  Verdict verdict;
  verdict.measure = id;
  if (record.patient) verdict.patient = record.patient->id;
  verdict.needs_review = found->row.needs_review;
  found->judge(data, verdict);
  if (!verdict.excluded.empty()) verdict.numerator = false;
  return verdict;
}

MeasureCount count(std::span<const Verdict> verdicts) {
  MeasureCount sums;
  for (const Verdict& verdict : verdicts) {
    if (!verdict.population) continue;
    ++sums.population;
    if (verdict.excluded.empty()) {
      ++sums.denominator;
      sums.numerator += verdict.numerator ? 1 : 0;
    } else {
      ++sums.excluded;
    }
  }
  return sums;
}

}  // namespace bhi::care
