#include "care/trend.h"

#include "care/instruments.h"
#include "care/scoring.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace bhi::care {

namespace {

using namespace std::chrono;

constexpr int kBaselineWindowDays = 30;

constexpr auto kRules = std::to_array<TargetRule>({
    // instrument, baseline from, target below, remission below, response %, worse by, confirmed, worsening confirmed
    {"phq-9", 10, 10, 5, 50, 5, true, false},
    {"phq-9m", 10, 10, 5, 50, 5, false, false},
    {"gad-7", 10, 10, 5, 50, 5, false, false},
});

std::optional<double> value_of(const Screening& screening) {
  if (screening.total) return *screening.total;
  if (!screening.stated_total || !screening.items.empty()) return std::nullopt;
  const Instrument* instrument = find_instrument(screening.instrument);
  const bool in_range =
      instrument != nullptr && *screening.stated_total >= instrument->min && *screening.stated_total <= instrument->max;
  // A stated total of WHO-5 may be the raw sum or the index.
  if (!in_range || instrument->scoring != Scoring::Sum) return std::nullopt;
  return screening.stated_total;
}

bool is_score_of_another(const Screening& score, std::span<const Screening> all) {
  if (!is_score_only(score)) return false;
  return std::ranges::any_of(all, [&](const Screening& other) {
    return other.instrument == score.instrument && other.total && is_final_status(other.status) &&
           date_from(other.authored) == date_from(score.authored);
  });
}

// The same score stated twice for one moment.
bool is_repeated(const Screening& score, const std::vector<TrendPoint>& points, double value) {
  return is_score_only(score) && std::ranges::any_of(points, [&](const TrendPoint& point) {
           return point.value == value && same_time(point.on, score.authored);
         });
}

int band_index(const Instrument& instrument, double value) {
  for (std::size_t i = 0; i < instrument.bands.size(); ++i) {
    if (value >= instrument.bands[i].from && value <= instrument.bands[i].to) return static_cast<int>(i);
  }
  return -1;
}

// By time, then id. A record's screenings mostly stand so; `times` are those of the points, read once.
void put_in_order(std::vector<TrendPoint>& points, const std::vector<Instant>& times) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto stands_before = [&](std::size_t a, std::size_t b) {
    return times[a] != times[b] ? times[a] < times[b] : points[a].id < points[b].id;
  };
  if (std::ranges::is_sorted(order, stands_before)) return;
  std::ranges::sort(order, stands_before);
  std::vector<TrendPoint> sorted;
  for (const std::size_t i : order) sorted.push_back(std::move(points[i]));
  points = std::move(sorted);
}

void judge(Trend& trend, const Instrument& instrument) {
  const TargetRule* rule = find_target(trend.instrument);
  if (rule == nullptr || !trend.baseline || !trend.last) return;
  trend.elevated = trend.baseline->value >= rule->baseline_from;
  const bool moved = trend.last->id != trend.baseline->id;
  if (trend.elevated && moved) {
    trend.response = trend.percent && *trend.percent <= -rule->response_percent;
    trend.reached = trend.last->value < rule->target_below;
    trend.remission = trend.last->value < rule->remission_below;
    trend.improved = trend.response || trend.reached;
  }
  if (trend.previous) {
    trend.worsening = *trend.since_previous >= rule->worse_points ||
                      band_index(instrument, trend.last->value) > band_index(instrument, trend.previous->value);
  }
}

}  // namespace

std::span<const TargetRule> target_rules() { return kRules; }

const TargetRule* find_target(std::string_view instrument) {
  const auto found = std::ranges::find(kRules, instrument, &TargetRule::instrument);
  return found == kRules.end() ? nullptr : &*found;
}

Trend trend_of(std::span<const Screening> screenings, std::string_view instrument, std::string_view start,
               Instant now) {
  Trend trend;
  trend.instrument = instrument;
  const Instrument* table = find_instrument(instrument);
  if (table == nullptr) return trend;
  std::vector<Instant> times;
  const auto count = static_cast<std::size_t>(std::ranges::count(screenings, instrument, &Screening::instrument));
  if (count == 0) return trend;
  times.reserve(count);
  trend.points.reserve(count);
  for (const Screening& screening : screenings) {
    if (screening.instrument != instrument || !is_final_status(screening.status)) continue;
    const auto when = instant_from(screening.authored);
    const auto value = value_of(screening);
    if (!when || *when > now + days{1} || !value) continue;
    if (is_score_of_another(screening, screenings) || is_repeated(screening, trend.points, *value)) continue;
    times.push_back(*when);
    trend.points.push_back({screening.id, screening.authored, *value, band_of(*table, *value)});
  }
  if (trend.points.empty()) return trend;
  put_in_order(trend.points, times);

  trend.last = trend.points.back();
  if (trend.points.size() > 1) trend.previous = trend.points[trend.points.size() - 2];
  const auto begin = date_from(start);
  for (const TrendPoint& point : trend.points) {
    const auto on = date_from(point.on);
    if (begin && on && sys_days{*on} < sys_days{*begin} - days{kBaselineWindowDays}) continue;
    trend.baseline = point;
    break;
  }
  if (trend.baseline && trend.baseline->id != trend.last->id) {
    trend.change = trend.last->value - trend.baseline->value;
    if (trend.baseline->value != 0) trend.percent = 100 * *trend.change / trend.baseline->value;
  }
  if (trend.previous) trend.since_previous = trend.last->value - trend.previous->value;
  judge(trend, *table);
  return trend;
}

}  // namespace bhi::care
