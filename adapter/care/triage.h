// From yes and no to a level of risk, by the instrument's triage table; and which questions are rightly skipped.
//
// Three values: yes, no, not known. A row that may still hold keeps the level open upwards: a form that was left after
// item 3 is never "low" for certain.
#pragma once

#include "care/instruments.h"
#include "care/model.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bhi::care {

struct YesNo {
  int n = 0;
  bool answered = false;
  std::optional<bool> yes;  // empty: not answered, or the answer cannot be read
};

std::vector<YesNo> yes_and_no(std::span<const ScreeningItem> items);

// Not answered, and its gate question says that it is not asked.
bool rightly_skipped(const Instrument& instrument, const InstrumentItem& item, std::span<const YesNo> answers);

struct Triaged {
  std::string_view level;    // of the first row that surely holds; empty: none does
  int tier = 0;              // of that row
  std::vector<int> because;  // items it rests on
  int possible_tier = 0;     // the worst that answers still missing may make of it; at least tier
};

Triaged triage(const Instrument& instrument, std::span<const YesNo> answers);

// Tier of a level that a sender states in words or as a LOINC answer (low, moderate, high); empty when it is none.
std::optional<int> tier_of_stated(std::string_view level);

inline constexpr int kSafetyTier = 2;  // from here on somebody is called

}  // namespace bhi::care
