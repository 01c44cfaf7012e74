// Quality measures over one patient: in the population or not, excluded or not, met or not, and why. Sums are the
// caller's: count() adds the verdicts of many.
//
// What a record does not hold (encounters, diagnoses by value set, hospice) comes in as facts, already told by group;
// this room knows no value sets. A measure whose rules are not confirmed is marked ("needs clinical review").
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "care/model.h"
#include "care/model_practice.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct MeasureRow {
  std::string_view id;  // "CMS159"
  std::string_view name;
  bool computed = false;  // all are, today
  bool needs_review = false;
  std::string_view note;
};
std::span<const MeasureRow> measures();

// A time span in the patient's life; an empty end: still so.
struct Fact {
  std::string kind;  // encounter | depression | bipolar | schizophrenia | personality-disorder | developmental-disorder
                     // | hospice | palliative | death | follow-up | antidepressant | referral | screening-declined |
                     // medical-reason | pregnancy | delivery
  std::string start;
  std::string end;
};

struct MeasurePeriod {
  std::string start;  // dates, both included
  std::string end;
};

struct Verdict {
  std::string measure;
  std::string patient;
  bool population = false;  // in the denominator, before exclusions
  std::string excluded;     // why; empty: not
  bool numerator = false;   // only when in the population and not excluded
  std::string reason;  // what decided, with dates: "PHQ-9 4 on 2026-03-01, within 12 months +/- 60 days of 2025-03-10"
  bool needs_review = false;
  bool operator==(const Verdict&) const = default;
};

// NotFound for an unknown measure, Incorrect for a wrong period.
Result<Verdict> measure(std::string_view id, const Record& record, std::span<const Fact> facts,
                        const MeasurePeriod& period);

struct MeasureCount {
  int population = 0;
  int excluded = 0;
  int denominator = 0;  // population less exclusions
  int numerator = 0;
  bool operator==(const MeasureCount&) const = default;
};
MeasureCount count(std::span<const Verdict> verdicts);

// What the practice chose to reach (care/model_practice.h), beside where it is: of a metric that names one of the
// measures, from the verdicts of that measure.
struct Indicator {
  SuccessMetric metric;
  std::optional<double> percent;
  std::optional<bool> reached;  // empty: no target, or nothing to compare
  std::string why;              // "12 of 30"
  bool operator==(const Indicator&) const = default;
};
std::vector<Indicator> indicators(const Baseline& baseline, std::span<const Verdict> verdicts);

}  // namespace bhi::care
