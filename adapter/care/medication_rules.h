// What to watch while a psychotropic is taken: tests that fall due, long use, pairs that deserve a warning. Tables;
// nothing here stops an order. Each row says whether a public source confirms it; the rest needs clinical review.
#pragma once

#include <span>
#include <string_view>

namespace bhi::care {

inline constexpr std::string_view kMedicationRules = "2026-11";

// A test, a measurement, a contact that is due at times after the start of a medicine.
struct WatchRule {
  std::string_view id;                      // as in Ingredient::watch
  std::string_view name;                    // "lithium level"
  std::string_view kind;                    // lab | ecg | measurement | contact
  std::span<const std::string_view> loinc;  // any of them answers it
  std::span<const int> due_days;            // after the start; 0: before or at it
  int repeat_days = 0;                      // after the last of due_days; 0: not again
  int after_change_days = 0;                // also so long after a dose change; 0: no
  bool confirmed = false;
};

// A group of medicines as a side of a pair, or the subject of long-use review.
struct Group {
  std::string_view id;
  std::span<const std::string_view> classes;      // of medication_table.h
  std::span<const std::string_view> ingredients;  // of medication_table.h
  std::span<const std::string_view> words;        // names that are not psychotropic: whole words in what is ordered
};

struct PairRule {
  std::string_view id;
  std::string_view one;  // Group::id; the same id twice: two different members of it
  std::string_view other;
  std::string_view severity;  // contraindicated | warning
  std::string_view why;
  int washout_days = 0;  // also when one of them ended less than so many days ago
  bool confirmed = false;
};

// When somebody should look again at whether it is still needed.
struct LongUseRule {
  std::string_view id;
  std::string_view group;
  int after_days = 0;
  int again_days = 0;
  bool confirmed = false;
};

std::span<const WatchRule> watch_rules();
std::span<const Group> medicine_groups();
std::span<const PairRule> pair_rules();
std::span<const LongUseRule> long_use_rules();

const Group* find_group(std::string_view id);

}  // namespace bhi::care
