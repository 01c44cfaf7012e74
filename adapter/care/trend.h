// How the scores of one instrument run: baseline, last, previous, change; response, target, remission, worsening.
//
// Of an instrument's final screenings; a score that stands for a response of the same day counts once. What a word
// means stands in a table, a row per instrument, each figure with a mark whether it is confirmed.
#pragma once

#include "base/instant.h"
#include "care/model.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

inline constexpr std::string_view kTargets = "2026-11";

struct TargetRule {
  std::string_view instrument;
  int baseline_from = 0;  // from here on there is something to treat
  int target_below = 0;   // reached below
  int remission_below = 0;
  int response_percent = 50;  // lower than the baseline by so much
  int worse_points = 5;       // more than the score before
  bool confirmed = false;     // response, target and remission
  bool worse_confirmed = false;
};

std::span<const TargetRule> target_rules();
const TargetRule* find_target(std::string_view instrument);  // nullptr: not treated to a target

struct TrendPoint {
  std::string id;  // of the screening
  std::string on;  // as authored
  double value = 0;
  std::string_view severity;  // of the instrument's table
  bool operator==(const TrendPoint&) const = default;
};

struct Trend {
  std::string instrument;
  std::vector<TrendPoint> points;      // by time
  std::optional<TrendPoint> baseline;  // first from 30 days before `start` on; without a start the first of all
  std::optional<TrendPoint> previous;
  std::optional<TrendPoint> last;
  std::optional<double> change;          // last - baseline; empty with one point only
  std::optional<double> percent;         // of the baseline, negative is lower; empty when the baseline is 0
  std::optional<double> since_previous;  // last - previous
  bool elevated = false;                 // the baseline asks for treatment
  bool response = false;
  bool reached = false;
  bool remission = false;
  bool worsening = false;
  bool improved = false;  // response or reached: the improvement of collaborative care
  bool operator==(const Trend&) const = default;
};

// `start` of the treatment, may be empty. Screenings dated after tomorrow are not followed.
Trend trend_of(std::span<const Screening> screenings, std::string_view instrument, std::string_view start, Instant now);

}  // namespace bhi::care
