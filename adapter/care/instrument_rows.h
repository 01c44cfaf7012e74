// What the tables of instruments share: answer lists and short ways to write an item. Included by their sources only.
#pragma once

#include "care/instruments.h"

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace bhi::care {

using Words = std::span<const std::string_view>;

template <std::size_t N>
using Texts = std::array<std::string_view, N>;

inline constexpr std::optional<int> kNoCutOff;

// LL358-3
inline constexpr auto kFrequency = std::to_array<AnswerOption>({
    {"LA6568-5", "not at all", 0},
    {"LA6569-3", "several days", 1},
    {"LA6570-1", "more than half the days", 2},
    {"LA6571-9", "nearly every day", 3},
});

// Numbers are not in order of severity: LA6575-0 is "very", LA6574-3 "extremely". The scores are never added.
inline constexpr auto kDifficulty = std::to_array<AnswerOption>({
    {"LA6572-7", "not difficult at all", 0},
    {"LA6573-5", "somewhat difficult", 1},
    {"LA6575-0", "very difficult", 2},
    {"LA6574-3", "extremely difficult", 3},
});

inline constexpr auto kYesNo = std::to_array<AnswerOption>({
    {"LA33-6", "yes", 1},
    {"LA33-6", "true", 1},
    {"LA33-6", "y", 1},
    {"LA32-8", "no", 0},
    {"LA32-8", "false", 0},
    {"LA32-8", "n", 0},
});

// LL2179-1
inline constexpr auto kDrinkingFrequency = std::to_array<AnswerOption>({
    {"LA6270-8", "never", 0},
    {"LA18926-8", "monthly or less", 1},
    {"LA18927-6", "2-4 times a month", 2},
    {"LA18927-6", "2 to 4 times a month", 2},
    {"LA18927-6", "2-4 per month", 2},
    {"LA18928-4", "2-3 times a week", 3},
    {"LA18928-4", "2 to 3 times a week", 3},
    {"LA18928-4", "2-3 per week", 3},
    {"LA18929-2", "4 or more times a week", 4},
    {"LA18929-2", "4+ per week", 4},
});

// LL2180-9
inline constexpr auto kDrinksPerDay = std::to_array<AnswerOption>({
    {"LA15694-5", "1 or 2", 0},
    {"LA15694-5", "1-2", 0},
    {"LA15695-2", "3 or 4", 1},
    {"LA15695-2", "3-4", 1},
    {"LA18930-0", "5 or 6", 2},
    {"LA18930-0", "5-6", 2},
    {"LA18931-8", "7 to 9", 3},
    {"LA18931-8", "7-9", 3},
    {"LA18932-6", "10 or more", 4},
    {"LA18932-6", "10+", 4},
});

// LL2181-7
inline constexpr auto kHowOften = std::to_array<AnswerOption>({
    {"LA6270-8", "never", 0},
    {"LA18933-4", "less than monthly", 1},
    {"LA18876-5", "monthly", 2},
    {"LA18891-4", "weekly", 3},
    {"LA18934-2", "daily or almost daily", 4},
});

inline constexpr InstrumentItem frequency(int n, std::string_view code, std::string_view label, Words stems) {
  return {n, code, label, stems, kFrequency, ItemRole::Scored, 3};
}

// The tables, one source each. instruments() joins them in this order, which matters where instruments share items: the
// first of several in one form keeps the report's id.
std::span<const Instrument> depression_instruments();
std::span<const Instrument> anxiety_instruments();
std::span<const Instrument> substance_instruments();
std::span<const Instrument> suicide_instruments();
std::span<const Instrument> trauma_instruments();
std::span<const Instrument> wellbeing_instruments();
std::span<const Instrument> child_instruments();

}  // namespace bhi::care
