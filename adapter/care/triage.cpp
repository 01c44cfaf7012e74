#include "care/triage.h"

#include "care/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::care {

namespace {

const YesNo* answer_to(std::span<const YesNo> answers, int n) {
  const auto found = std::ranges::find(answers, n, &YesNo::n);
  return found == answers.end() ? nullptr : &*found;
}

bool is_no(std::span<const YesNo> answers, int n) {
  const YesNo* answer = answer_to(answers, n);
  return answer != nullptr && answer->yes == false;
}

// A skipped question counts as a no.
std::optional<bool> value_of(const Instrument& instrument, std::span<const YesNo> answers, int n) {
  if (const YesNo* answer = answer_to(answers, n); answer != nullptr && answer->answered) return answer->yes;
  const auto item = std::ranges::find(instrument.items, n, &InstrumentItem::n);
  if (item != instrument.items.end() && rightly_skipped(instrument, *item, answers)) return false;
  return std::nullopt;
}

}  // namespace

std::vector<YesNo> yes_and_no(std::span<const ScreeningItem> items) {
  std::vector<YesNo> answers;
  for (const ScreeningItem& item : items) {
    YesNo answer{item.n, !item.answer.empty(), std::nullopt};
    if (item.score) answer.yes = *item.score >= 1;
    answers.push_back(answer);
  }
  return answers;
}

bool rightly_skipped(const Instrument& instrument, const InstrumentItem& item, std::span<const YesNo> answers) {
  if (item.only_after == 0) return false;
  if (const YesNo* answer = answer_to(answers, item.n); answer != nullptr && answer->answered) return false;
  if (item.only_after != kAnyBefore) return is_no(answers, item.only_after);
  return std::ranges::all_of(
      instrument.items, [&](const InstrumentItem& before) { return before.n >= item.n || is_no(answers, before.n); });
}

Triaged triage(const Instrument& instrument, std::span<const YesNo> answers) {
  Triaged result;
  for (const TriageRow& row : instrument.triage) {
    bool holds = true;
    bool possible = true;
    const auto look = [&](std::span<const int> items, bool wanted) {
      for (const int n : items) {
        const auto value = value_of(instrument, answers, n);
        holds = holds && value == wanted;
        possible = possible && value.value_or(wanted) == wanted;
      }
    };
    look(row.yes, true);
    look(row.no, false);
    if (possible) result.possible_tier = std::max(result.possible_tier, row.tier);
    if (!holds) continue;
    result.level = row.level;
    result.tier = row.tier;
    result.because.assign(row.yes.begin(), row.yes.end());
    return result;
  }
  return result;
}

std::optional<int> tier_of_stated(std::string_view level) {
  constexpr std::array<std::pair<std::string_view, int>, 9> kLevels{{{"LA9193-9", 3},
                                                                     {"high", 3},
                                                                     {"imminent", 3},
                                                                     {"LA6751-7", 2},
                                                                     {"moderate", 2},
                                                                     {"medium", 2},
                                                                     {"LA9194-7", 1},
                                                                     {"low", 1},
                                                                     {"none", 0}}};
  for (const auto& [name, tier] : kLevels) {
    if (same_words(level, name)) return tier;
  }
  return std::nullopt;
}

}  // namespace bhi::care
