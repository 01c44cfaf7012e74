// Depression: PHQ-9, PHQ-9M (teens), PHQ-2, EPDS (around birth).
#include "care/instrument_rows.h"

namespace bhi::care {

namespace {

constexpr Texts<2> kInterest{"interest", "pleasure"};
constexpr Texts<4> kMood{"feeling down", "depressed", "hopeless", "irritable, or"};
constexpr Texts<4> kSleep{"falling", "asleep", "sleeping", "sleep"};
constexpr Texts<3> kTired{"tired", "energy", "fatigue"};
constexpr Texts<3> kAppetite{"appetite", "overeating", "weight loss"};
constexpr Texts<4> kWorth{"bad about yourself", "failure", "let yourself", "family down"};
constexpr Texts<4> kConcentration{"concentrat", "newspaper", "reading", "television"};
constexpr Texts<4> kMoving{"slowly", "fidgety", "moving", "speaking"};
constexpr Texts<3> kSelfHarm{"better off dead", "hurting yourself", "thoughts that you would"};
constexpr Texts<2> kHowDifficult{"how difficult", "difficult have"};
constexpr Texts<3> kPastYear{"past year", "most days", "felt depressed or sad"};
constexpr Texts<3> kEndingLife{"ending your life", "serious thoughts", "past month"};
constexpr Texts<4> kAttempt{"suicide attempt", "kill yourself", "whole life", "attempt"};

constexpr auto kPhq2Items = std::to_array<InstrumentItem>({
    frequency(1, "44250-9", "little interest", kInterest),
    frequency(2, "44255-8", "low mood", kMood),
});

constexpr auto kPhq9Items = std::to_array<InstrumentItem>({
    frequency(1, "44250-9", "little interest", kInterest),
    frequency(2, "44255-8", "low mood", kMood),
    frequency(3, "44259-0", "sleep", kSleep),
    frequency(4, "44254-1", "fatigue", kTired),
    frequency(5, "44251-7", "appetite", kAppetite),
    frequency(6, "44258-2", "self-worth", kWorth),
    frequency(7, "44252-5", "concentration", kConcentration),
    frequency(8, "44253-3", "psychomotor", kMoving),
    frequency(9, "44260-8", "self-harm thoughts", kSelfHarm),
    {10, "69722-7", "difficulty", kHowDifficult, kDifficulty, ItemRole::Functional, 3},
});

// The teen form starts with mood and has no confirmed item codes.
constexpr auto kPhq9mItems = std::to_array<InstrumentItem>({
    frequency(1, "", "low or irritable mood", kMood),
    frequency(2, "", "little interest", kInterest),
    frequency(3, "", "sleep", kSleep),
    frequency(4, "", "appetite or weight", kAppetite),
    frequency(5, "", "fatigue", kTired),
    frequency(6, "", "self-worth", kWorth),
    frequency(7, "", "concentration", kConcentration),
    frequency(8, "", "psychomotor", kMoving),
    frequency(9, "", "self-harm thoughts", kSelfHarm),
    {10, "", "depressed most days, past year", kPastYear, kYesNo, ItemRole::Extra, 1},
    {11, "", "difficulty", kHowDifficult, kDifficulty, ItemRole::Functional, 3},
    {12, "", "serious thoughts of ending life, past month", kEndingLife, kYesNo, ItemRole::Extra, 1},
    {13, "", "lifetime attempt", kAttempt, kYesNo, ItemRole::Extra, 1},
});

// Every question has four answers of its own, some printed from the worst to the best: only the form's ordinal tells
// which is which.
constexpr InstrumentItem perinatal(int n, std::string_view label, Words stems) {
  return {n, "", label, stems, {}, ItemRole::Scored, 3, true};
}

constexpr Texts<2> kLaugh{"laugh", "funny side"};
constexpr Texts<2> kLookForward{"looked forward", "enjoyment"};
constexpr Texts<2> kBlame{"blamed myself", "blame"};
constexpr Texts<2> kAnxious{"anxious or worried", "no good reason"};
constexpr Texts<2> kScared{"scared", "panicky"};
constexpr Texts<2> kOverwhelmed{"on top of me", "getting on top"};
constexpr Texts<2> kUnhappySleep{"difficulty sleeping", "unhappy that i have had"};
constexpr Texts<2> kSad{"sad or miserable", "miserable"};
constexpr Texts<2> kCrying{"crying", "been crying"};
constexpr Texts<2> kHarmMyself{"harming myself", "harm myself"};

constexpr auto kEpdsItems = std::to_array<InstrumentItem>({
    perinatal(1, "laugh", kLaugh),
    perinatal(2, "look forward", kLookForward),
    perinatal(3, "self-blame", kBlame),
    perinatal(4, "anxious", kAnxious),
    perinatal(5, "scared", kScared),
    perinatal(6, "overwhelmed", kOverwhelmed),
    perinatal(7, "sleep, unhappy", kUnhappySleep),
    perinatal(8, "sad", kSad),
    perinatal(9, "crying", kCrying),
    perinatal(10, "self-harm", kHarmMyself),
});

constexpr auto kPhq2Bands = std::to_array<Band>({{0, 2, "negative"}, {3, 6, "positive"}});
constexpr auto kPhq9Bands = std::to_array<Band>(
    {{0, 4, "minimal"}, {5, 9, "mild"}, {10, 14, "moderate"}, {15, 19, "moderately-severe"}, {20, 27, "severe"}});
constexpr auto kEpdsBands = std::to_array<Band>({{0, 9, "unlikely"}, {10, 12, "possible"}, {13, 30, "probable"}});

constexpr auto kPhq9Safety = std::to_array<SafetyRule>({{"phq-9.item-9", 9}});
constexpr auto kPhq9mSafety = std::to_array<SafetyRule>(
    {{"phq-9m.item-9", 9}, {"phq-9m.past-month-thoughts", 12}, {"phq-9m.lifetime-attempt", 13}});
constexpr auto kEpdsSafety = std::to_array<SafetyRule>({{"epds.item-10", 10}});

constexpr Texts<2> kPhq2Panels{"55757-9", "58120-7"};
constexpr Texts<1> kPhq2Totals{"55758-7"};
constexpr Texts<1> kPhq9Panels{"44249-1"};
constexpr Texts<1> kPhq9Totals{"44261-6"};
constexpr Texts<1> kPhq9mPanels{"89206-7"};
constexpr Texts<1> kPhq9mTotals{"89204-2"};
constexpr Texts<2> kEpdsTotals{"99046-5", "71354-5"};  // both are met as result code, the second is the panel's too

constexpr Texts<1> kPhq9mReview{"item codes: LOINC has none that is confirmed; ours are used"};
constexpr Texts<1> kEpdsReview{
    "item codes: LOINC has none that is confirmed; the long name of 99046-5 is not confirmed"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "phq-9",
     .name = "PHQ-9",
     .panels = kPhq9Panels,
     .totals = kPhq9Totals,
     .items = kPhq9Items,
     .min = 0,
     .max = 27,
     .bands = kPhq9Bands,
     .cut_off = 10,
     .safety = kPhq9Safety,
     .by_text = true},
    {.id = "phq-9m",
     .name = "PHQ-9M",
     .panels = kPhq9mPanels,
     .totals = kPhq9mTotals,
     .items = kPhq9mItems,
     .min = 0,
     .max = 27,
     .bands = kPhq9Bands,
     .safety = kPhq9mSafety,
     .by_text = true,
     .review = kPhq9mReview},
    {.id = "phq-2",
     .name = "PHQ-2",
     .panels = kPhq2Panels,
     .totals = kPhq2Totals,
     .items = kPhq2Items,
     .min = 0,
     .max = 6,
     .bands = kPhq2Bands,
     .cut_off = 3},
    {.id = "epds",
     .name = "EPDS",
     .totals = kEpdsTotals,
     .items = kEpdsItems,
     .min = 0,
     .max = 30,
     .bands = kEpdsBands,
     .cut_off = 10,
     .safety = kEpdsSafety,
     .review = kEpdsReview},
});

}  // namespace

std::span<const Instrument> depression_instruments() { return kInstruments; }

}  // namespace bhi::care
