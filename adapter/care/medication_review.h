// What a look at a patient's medicines brings up: tests that are due, long use, pairs that deserve a warning, doses
// above the usual range, orders whose supply has run out. Prompts for a person; nothing here stops anything.
#pragma once

#include "base/instant.h"
#include "care/model.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

// A test, measurement or ECG that was done: its LOINC and when.
struct DoneTest {
  std::string loinc;
  std::string on;
};

struct MedicationNote {
  std::string kind;  // monitoring-due | long-use | interaction | dose-above-usual | dose-unclear | supply-ended |
                     // decision-missing | decision-incomplete (care/medication_decision.h)
  std::string rule;
  std::string severity;                // contraindicated | warning | information
  std::vector<std::string> therapies;  // ids it was derived from
  std::string due;                     // date; empty: now
  bool overdue = false;
  std::string text;        // in words, no name of a person
  bool confirmed = false;  // false: the rule needs clinical review
  bool operator==(const MedicationNote&) const = default;
};

struct ReviewInput {
  std::span<const MedicationTherapy> therapies;
  std::span<const DoneTest> tests;
  std::string_view birth_date;  // as known; empty: not
};

// In the order: interactions, doses, monitoring, long use, supply; each by its rule and the ids.
std::vector<MedicationNote> review_medication(const ReviewInput& input, Instant now);

// Days since the first order of the medicine that is still taken, renewals counted through; empty when it is not taken
// or its date is not known.
std::optional<int> days_on(std::span<const MedicationTherapy> therapies, std::string_view ingredient, Instant now);

// Share of days that dispensed supply covered, from the first order with a known supply until now or its last end; 0 to
// 1. Refills are taken as used. Empty when no order of it states its supply.
std::optional<double> supply_covered(std::span<const MedicationTherapy> therapies, std::string_view ingredient,
                                     Instant now);

}  // namespace bhi::care
