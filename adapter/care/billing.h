// A patient's calendar month as the practice would report it: which minutes count and why, which codes follow, which
// required elements are documented. A proposal for a person; nothing is billed by it.
//
// Months are those of the practice's clock. Every contact of the month is listed, counted or not, with the reason, so
// that each minute can be traced. The same minute counts once, and for one code: overlapping contacts are joined, time
// billed on its own is taken out first, whole minutes only.
#pragma once

#include "base/issue.h"
#include "base/time_zone.h"
#include "care/model.h"
#include "care/model_practice.h"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct MinutePiece {
  std::string contact;
  std::string member;
  std::string role;
  std::string start;  // of the part in this month
  int minutes = 0;    // in this month
  int counted = 0;
  std::string why;  // why not all of them count
  bool operator==(const MinutePiece&) const = default;
};

struct RoleMinutes {
  std::string role;
  int minutes = 0;
  int counted = 0;
  bool operator==(const RoleMinutes&) const = default;
};

struct BillingLine {
  std::string code;
  int units = 1;
  bool needs_review = false;
  std::string note;
  bool operator==(const BillingLine&) const = default;
};

struct BillingElement {
  std::string id;  // consent | outreach | assessment | plan | psychiatric-review | registry | weekly-consultation |
                   // brief-intervention | coordination | continuity
  bool present = false;
  std::string evidence;  // id of what shows it
  bool operator==(const BillingElement&) const = default;
};

struct BillingMonth {
  std::string patient;
  std::string episode;  // empty: the patient was not enrolled
  std::string month;    // "2026-03"
  std::string kind;     // initial | subsequent | general; empty: nothing counts
  int minutes = 0;      // counted
  std::vector<RoleMinutes> roles;
  std::vector<MinutePiece> pieces;  // in order of time
  std::vector<BillingLine> lines;
  std::vector<BillingElement> elements;
  std::vector<std::string> reasons;  // why a code is not proposed, what excludes another
  bool ready = false;                // there are lines, no element is missing, nothing excludes a line
  bool operator==(const BillingMonth&) const = default;
};

struct BillingContext {
  const Practice& practice;
  const TimeZone& zone;
  const PayerRule& payer;
  std::span<const std::string> other_codes = {};  // reported for this patient and month elsewhere
  std::span<const std::string> meetings = {};     // dates of the practice's caseload meetings
};

// The payer's rule, else the practice's first, else one that takes CoCM's codes but G2214.
PayerRule payer_rule(const Practice& practice, std::string_view payer);

BillingMonth billing_month(const Record& record, std::chrono::year_month month, const BillingContext& context);

// Counted minutes only, for the caseload list.
int counted_minutes(const Record& record, std::chrono::year_month month, const BillingContext& context);

// The family's threshold for the least code of that kind of month.
int threshold_minutes(std::string_view kind);

std::string month_text(std::chrono::year_month month);  // "2026-03"

// CSV (RFC 4180), one row per line of a month and one for a month without; ends with CRLF.
std::string billing_csv_header();
std::string billing_csv_rows(const BillingMonth& month);

}  // namespace bhi::care
