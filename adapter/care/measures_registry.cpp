// What a registry tells of its caseload, patient by patient, and whether each began with an assessment; the practice's
// own indicators beside what it wants to reach.
#include "care/measure_judges.h"

#include <algorithm>
#include <string>

namespace bhi::care {

namespace {

using std::chrono::days;

constexpr double kElevated = 10;  // at least

bool is_on_caseload(const MeasureData& data, Verdict& verdict) {
  verdict.population = data.on_caseload;
  if (!verdict.population) verdict.reason = "not on the caseload in the period";
  return verdict.population;
}

void once_in_period(const MeasureData& data, Verdict& verdict, const std::vector<Date>& dates, std::string_view what) {
  if (!is_on_caseload(data, verdict)) return;
  const auto n = std::ranges::count_if(dates, [&](Date d) { return d >= data.period_start && d <= data.period_end; });
  verdict.numerator = n > 0;
  verdict.reason = std::to_string(n) + " " + std::string(what) + " in the period";
}

}  // namespace

void registry_contacted(const MeasureData& data, Verdict& verdict) {
  once_in_period(data, verdict, data.contacts, "contacts");
}

void registry_consulted(const MeasureData& data, Verdict& verdict) {
  once_in_period(data, verdict, data.reviews, "case reviews");
}

void registry_improved(const MeasureData& data, Verdict& verdict) {
  if (!is_on_caseload(data, verdict)) return;
  const Score* baseline = data.baseline();
  const Score* last = nullptr;
  for (const Score& score : data.phq9) {
    if (baseline != nullptr && score.date > baseline->date && score.date <= data.period_end) last = &score;
  }
  verdict.population = baseline != nullptr && baseline->value >= kElevated;
  if (!verdict.population) {
    verdict.reason = "no baseline of at least 10";
    return;
  }
  verdict.numerator = last != nullptr && (last->value < kElevated || last->value * 2 <= baseline->value);
  verdict.reason = last == nullptr ? "no PHQ-9 after the baseline of " + baseline->text
                                   : "PHQ-9 " + last->text + " on " + to_text(last->date) + " after " + baseline->text;
}

void baseline_assessed(const MeasureData& data, Verdict& verdict) {
  verdict.population = data.enrolled && *data.enrolled >= data.period_start && *data.enrolled <= data.period_end;
  if (!verdict.population) {
    verdict.reason = "not enrolled in the period";
    return;
  }
  const Date from = minus(*data.enrolled, days{30});
  const Date to = plus(*data.enrolled, days{30});
  const auto found = std::ranges::find_if(data.assessed, [&](Date d) { return d >= from && d <= to; });
  verdict.numerator = found != data.assessed.end();
  verdict.reason = (verdict.numerator ? "assessed on " + to_text(*found) : std::string("no assessment with a score")) +
                   ", enrolled " + to_text(*data.enrolled);
}

std::vector<Indicator> indicators(const Baseline& baseline, std::span<const Verdict> verdicts) {
  std::vector<Indicator> found;
  for (const SuccessMetric& metric : baseline.metrics) {
    Indicator one;
    one.metric = metric;
    std::vector<Verdict> of_it;
    std::ranges::copy_if(verdicts, std::back_inserter(of_it),
                         [&](const Verdict& verdict) { return verdict.measure == metric.measure; });
    const MeasureCount sums = count(of_it);
    if (sums.denominator > 0) one.percent = 100.0 * sums.numerator / sums.denominator;
    if (one.percent && metric.target) {
      // Which way is better follows from where the practice began.
      const bool downwards = metric.baseline && *metric.target < *metric.baseline;
      one.reached = downwards ? *one.percent <= *metric.target : *one.percent >= *metric.target;
    }
    one.why = of_it.empty()          ? "measured by the practice itself"
              : sums.denominator > 0 ? std::to_string(sums.numerator) + " of " + std::to_string(sums.denominator)
                                     : "nobody in the denominator";
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace bhi::care
