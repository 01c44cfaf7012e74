#include "care/clinical_review.h"

#include "care/instruments.h"
#include "care/measures.h"
#include "care/medication_rules.h"
#include "care/medication_table.h"
#include "care/text.h"
#include "care/trend.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

struct PolicyFact {
  std::string_view row;
  std::string_view fact;
};

constexpr auto kPolicies = std::to_array<PolicyFact>({
    {"safety_recent_days", "14 days as recent; who is called for an unknown"},
    {"review_interval_days", "28 days to the next plan review"},
    {"review_interval_positive_days", "14 days after a positive screening"},
    {"consult_from_days", "the next consultation is asked for 8 weeks after the last, done by week 12"},
    {"answer_days", "7 days for the treating physician to answer a recommendation"},
    {"score_older_days", "a score older than 28 days is asked for again"},
    {"stable_days", "two scores at target 56 days apart count as stable"},
    {"look_after_worse_days", "a worse score is looked at within 7 days"},
    {"goal_days", "84 days to the first target"},
});

}  // namespace

std::vector<ReviewFlag> facts_for_review() {
  std::vector<ReviewFlag> flags;
  const auto add = [&](std::string_view table, std::string_view row, std::string fact) {
    ReviewFlag flag{std::string(table), std::string(row), std::move(fact)};
    if (std::ranges::find(flags, flag) == flags.end()) flags.push_back(std::move(flag));
  };
  for (const Instrument& instrument : instruments()) {
    for (const std::string_view fact : instrument.review) add("instrument", instrument.id, std::string(fact));
  }
  for (const WatchRule& rule : watch_rules()) {
    if (!rule.confirmed) add("watch-rule", rule.id, "when it is due: " + std::string(rule.name));
  }
  for (const PairRule& rule : pair_rules()) {
    if (!rule.confirmed) {
      add("pair-rule", rule.id,
          std::string(rule.one) + " with " + std::string(rule.other) + ": " + std::string(rule.why));
    } else if (rule.washout_days > 0) {
      add("pair-rule", rule.id, "washout of " + std::to_string(rule.washout_days) + " days, 35 after fluoxetine");
    }
  }
  for (const LongUseRule& rule : long_use_rules()) {
    if (!rule.confirmed) add("long-use-rule", rule.id, "asked after " + std::to_string(rule.after_days) + " days");
  }
  for (const Ingredient& ingredient : ingredients()) {
    if (ingredient.max_daily_mg > 0 && !ingredient.max_confirmed) {
      add("dose-limit", ingredient.name, "usual upper dose " + number_text(ingredient.max_daily_mg) + " mg, not used");
    }
  }
  for (const TargetRule& rule : target_rules()) {
    if (!rule.confirmed) add("target", rule.instrument, "response, target and remission");
    if (!rule.worse_confirmed)
      add("target", rule.instrument, "worsening by " + std::to_string(rule.worse_points) + " points");
  }
  for (const MeasureRow& row : measures()) {
    if (row.needs_review) add("measure", row.id, std::string(row.note));
  }
  for (const PolicyFact& policy : kPolicies) add("policy", policy.row, std::string(policy.fact));
  return flags;
}

bool needs_review(std::string_view table, std::string_view row) {
  const auto flags = facts_for_review();
  return std::ranges::any_of(flags, [&](const ReviewFlag& flag) { return flag.table == table && flag.row == row; });
}

}  // namespace bhi::care
