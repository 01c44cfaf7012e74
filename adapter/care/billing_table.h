// Codes that a practice may report for behavioral health integration: from when to when, for how many minutes, with and
// without what. Facts with their grade; not billing advice: every rule needs the site's payer, year and own check.
//
// `needs_review`: something of the row is not confirmed in a public source ("needs clinical review" wherever shown).
// Midpoints: CPT's reading is "more than half"; where a source states the whole time, that stands.
#pragma once

#include <span>
#include <string_view>

namespace bhi::care {

struct BillingCode {
  std::string_view code;
  std::string_view title;
  bool monthly = false;       // follows from a month's minutes or elements (care/billing.h); else reported per service
  int unit_minutes = 0;       // full time of the unit
  int threshold_minutes = 0;  // least minutes for the first unit
  std::string_view from;      // months "2021-01"; empty: not stated
  std::string_view until;     // last month
  std::string_view excludes;  // codes not in the same month (or day, for services), separated by spaces
  std::string_view needs;     // one of these beside it
  bool needs_review = false;
  std::string_view note;
};

std::span<const BillingCode> billing_codes();
const BillingCode* find_billing_code(std::string_view code);

// In force in that month ("2026-03").
bool is_in_force(const BillingCode& code, std::string_view month);

// Each knows of the other, whichever row names it.
bool exclude_each_other(std::string_view code, std::string_view other);

// Rules of counting that are not confirmed and taken the careful way (fewer minutes): shown beside every month.
std::span<const std::string_view> unconfirmed_counting_rules();

}  // namespace bhi::care
