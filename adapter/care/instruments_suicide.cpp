// Suicide risk: C-SSRS screener and ASQ. No totals: a triage table, from the worst row to the mildest.
#include "care/instrument_rows.h"

namespace bhi::care {

namespace {

constexpr InstrumentItem ideation(int n, std::string_view code, std::string_view label, int only_after = 0) {
  return {n, code, label, {}, kYesNo, ItemRole::Noted, 1, false, 1, only_after};
}

constexpr auto kCssrsItems = std::to_array<InstrumentItem>({
    ideation(1, "93246-7", "wish to be dead"),
    ideation(2, "93247-5", "non-specific thoughts"),
    ideation(3, "93248-3", "thoughts with method", 2),
    ideation(4, "93249-1", "some intent", 2),
    ideation(5, "93250-9", "plan and intent", 2),
    ideation(6, "93267-3", "behavior, lifetime"),
    ideation(7, "93269-9", "behavior, past 3 months", 6),
});

// A refusal counts as a yes to the first four questions; the fifth has no such reading and stays unreadable.
constexpr auto kAsqAnswers = std::to_array<AnswerOption>({
    {"LA33-6", "yes", 1},
    {"LA33-6", "true", 1},
    {"LA33-6", "y", 1},
    {"LA32-8", "no", 0},
    {"LA32-8", "false", 0},
    {"LA32-8", "n", 0},
    {"", "refused", 1},
    {"", "declined", 1},
});

constexpr Texts<2> kWishedDead{"wished you were dead", "wish you were dead"};
constexpr Texts<2> kBetterOff{"better off if you were dead", "your family would be better off"};
constexpr Texts<2> kKillingThoughts{"thoughts about killing yourself", "past week"};
constexpr Texts<2> kEverTried{"ever tried to kill yourself", "tried to kill"};
constexpr Texts<2> kRightNow{"right now", "killing yourself right now"};

constexpr InstrumentItem ask(int n, std::string_view label, Words stems) {
  return {n, "", label, stems, kAsqAnswers, ItemRole::Noted, 1};
}

constexpr auto kAsqItems = std::to_array<InstrumentItem>({
    ask(1, "wish dead, past weeks", kWishedDead),
    ask(2, "family better off", kBetterOff),
    ask(3, "thoughts of suicide, past week", kKillingThoughts),
    ask(4, "ever attempted", kEverTried),
    {5, "", "thoughts right now", kRightNow, kYesNo, ItemRole::Noted, 1, false, 1, kAnyBefore},
});

template <int... N>
constexpr std::array<int, sizeof...(N)> kItems{N...};

// The Columbia triage. Item 7 not answered beside a yes to item 6: the row of item 6 holds, the worse one stays
// possible.
constexpr auto kCssrsTriage = std::to_array<TriageRow>({
    {"high", 3, kItems<5>, {}},
    {"high", 3, kItems<4>, {}},
    {"high", 3, kItems<6, 7>, {}},
    {"moderate", 2, kItems<3>, {}},
    {"moderate", 2, kItems<6>, {}},
    {"low", 1, kItems<2>, {}},
    {"low", 1, kItems<1>, {}},
    {"none", 0, {}, kItems<1, 2, 3, 4, 5, 6, 7>},
});

constexpr auto kAsqTriage = std::to_array<TriageRow>({
    {"acute-positive", 3, kItems<1, 5>, {}},
    {"acute-positive", 3, kItems<2, 5>, {}},
    {"acute-positive", 3, kItems<3, 5>, {}},
    {"acute-positive", 3, kItems<4, 5>, {}},
    {"acute-positive", 3, kItems<5>, {}},  // asked and answered though none of the four was
    {"non-acute-positive", 2, kItems<1>, {}},
    {"non-acute-positive", 2, kItems<2>, {}},
    {"non-acute-positive", 2, kItems<3>, {}},
    {"non-acute-positive", 2, kItems<4>, {}},
    {"negative", 0, {}, kItems<1, 2, 3, 4>},
});

constexpr auto kCssrsSafety = std::to_array<SafetyRule>({{"c-ssrs.risk", 0}});
constexpr auto kAsqSafety = std::to_array<SafetyRule>({{"asq.risk", 0}});

constexpr Texts<1> kCssrsPanels{"93373-9"};
constexpr Texts<1> kRiskLevel{"93374-7"};

constexpr Texts<3> kCssrsReview{"triage of item 4: high (Columbia); one public mapper says moderate",
                                "triage of item 6 without item 7: moderate (Columbia); one public mapper says high",
                                "positive: every level above none; sign-off of the triage table by the practice"};
constexpr Texts<2> kAsqReview{"a refused answer counts as a yes", "item codes: LOINC has none; ours are used"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "c-ssrs-screener",
     .name = "C-SSRS screener",
     .panels = kCssrsPanels,
     .items = kCssrsItems,
     .safety = kCssrsSafety,
     .scoring = Scoring::None,
     .triage = kCssrsTriage,
     .triage_version = "columbia-2026-11",
     .results = kRiskLevel,
     .review = kCssrsReview},
    {.id = "asq",
     .name = "ASQ",
     .items = kAsqItems,
     .safety = kAsqSafety,
     .scoring = Scoring::None,
     .triage = kAsqTriage,
     .triage_version = "nimh-2026-11",
     .review = kAsqReview},
});

}  // namespace

std::span<const Instrument> suicide_instruments() { return kInstruments; }

}  // namespace bhi::care
