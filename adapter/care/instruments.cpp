#include "care/instruments.h"

#include <algorithm>
#include <array>
#include <string>

namespace bhi::care {

namespace {

using Words = std::span<const std::string_view>;

template <std::size_t N>
using Texts = std::array<std::string_view, N>;

// ---- answers ------------------------------------------------------------------------------------------------------

// LL358-3
constexpr auto kFrequency = std::to_array<AnswerOption>({
    {"LA6568-5", "not at all", 0},
    {"LA6569-3", "several days", 1},
    {"LA6570-1", "more than half the days", 2},
    {"LA6571-9", "nearly every day", 3},
});

// Numbers are not in order of severity: LA6575-0 is "very", LA6574-3 "extremely". The scores are never added.
constexpr auto kDifficulty = std::to_array<AnswerOption>({
    {"LA6572-7", "not difficult at all", 0},
    {"LA6573-5", "somewhat difficult", 1},
    {"LA6575-0", "very difficult", 2},
    {"LA6574-3", "extremely difficult", 3},
});

constexpr auto kYesNo = std::to_array<AnswerOption>({
    {"LA33-6", "yes", 1},
    {"LA32-8", "no", 0},
});

// LL2179-1
constexpr auto kDrinkingFrequency = std::to_array<AnswerOption>({
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
constexpr auto kDrinksPerDay = std::to_array<AnswerOption>({
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
constexpr auto kHowOften = std::to_array<AnswerOption>({
    {"LA6270-8", "never", 0},
    {"LA18933-4", "less than monthly", 1},
    {"LA18876-5", "monthly", 2},
    {"LA18891-4", "weekly", 3},
    {"LA18934-2", "daily or almost daily", 4},
});

// ---- stems: words by which a question is told from its neighbours --------------------------------------------------

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

constexpr Texts<3> kNervous{"nervous", "anxious", "on edge"};
constexpr Texts<3> kControlWorry{"stop or control", "control worrying", "able to stop"};
constexpr Texts<3> kWorryMuch{"worrying too much", "different things", "too much about"};
constexpr Texts<2> kRelax{"relaxing", "trouble relax"};
constexpr Texts<3> kRestless{"restless", "sit still", "hard to sit"};
constexpr Texts<3> kIrritable{"annoyed", "irritable", "easily annoyed"};
constexpr Texts<3> kAfraid{"afraid", "awful", "might happen"};

constexpr Texts<2> kDrinkOften{"a drink containing", "how often do you have a drink"};
constexpr Texts<2> kDrinkMuch{"how many", "typical day"};
constexpr Texts<4> kDrinkBinge{"six or more", "6 or more", "one occasion", "1 occasion"};

// ---- items ----------------------------------------------------------------------------------------------------------

constexpr InstrumentItem frequency(int n, std::string_view code, std::string_view label, Words stems) {
  return {n, code, label, stems, kFrequency, ItemRole::Scored, 3, false};
}

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
    {10, "69722-7", "difficulty", kHowDifficult, kDifficulty, ItemRole::Functional, 3, false},
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
    {10, "", "depressed most days, past year", kPastYear, kYesNo, ItemRole::Extra, 1, false},
    {11, "", "difficulty", kHowDifficult, kDifficulty, ItemRole::Functional, 3, false},
    {12, "", "serious thoughts of ending life, past month", kEndingLife, kYesNo, ItemRole::Extra, 1, false},
    {13, "", "lifetime attempt", kAttempt, kYesNo, ItemRole::Extra, 1, false},
});

constexpr auto kGad7Items = std::to_array<InstrumentItem>({
    frequency(1, "69725-0", "nervous", kNervous),
    frequency(2, "68509-9", "uncontrolled worry", kControlWorry),
    frequency(3, "69733-4", "worry about many things", kWorryMuch),
    frequency(4, "69734-2", "trouble relaxing", kRelax),
    frequency(5, "69735-9", "restless", kRestless),
    frequency(6, "69689-8", "irritable", kIrritable),
    frequency(7, "69736-7", "afraid", kAfraid),
});

constexpr InstrumentItem drink(int n, std::string_view code, std::string_view label, Words stems,
                               std::span<const AnswerOption> answers) {
  return {n, code, label, stems, answers, ItemRole::Scored, 4, false};
}

constexpr auto kAuditItems = std::to_array<InstrumentItem>({
    drink(1, "68518-0", "drinking frequency", kDrinkOften, kDrinkingFrequency),
    drink(2, "68519-8", "drinks per day", kDrinkMuch, kDrinksPerDay),
    drink(3, "68520-6", "six or more on one occasion", kDrinkBinge, kHowOften),
    drink(4, "97734-8", "could not stop", {}, kHowOften),
    drink(5, "97735-5", "failed expectations", {}, kHowOften),
    drink(6, "97736-3", "morning drink", {}, kHowOften),
    drink(7, "97737-1", "guilt", {}, kHowOften),
    drink(8, "97738-9", "memory gaps", {}, kHowOften),
    // 0, 2 or 4; their answer codes are not confirmed, so only what the form itself states counts.
    {9, "97739-7", "injury", {}, {}, ItemRole::Scored, 4, true},
    {10, "97740-5", "others concerned", {}, {}, ItemRole::Scored, 4, true},
});

constexpr InstrumentItem problem(int n, std::string_view code, std::string_view label, bool ordinal_only = false) {
  return {n, code, label, {}, kYesNo, ItemRole::Scored, 1, ordinal_only};
}

// Item 3 counts a "no" or a "yes" depending on how the form words it.
constexpr auto kDast10Items = std::to_array<InstrumentItem>({
    problem(1, "68525-5", "use beyond medical need"),
    problem(2, "68526-3", "more than one drug"),
    problem(3, "68527-1", "able to stop", true),
    problem(4, "68528-9", "blackouts"),
    problem(5, "68529-7", "guilt"),
    problem(6, "68530-5", "others complain"),
    problem(7, "68531-3", "neglect family"),
    problem(8, "68532-1", "illegal activity"),
    problem(9, "68533-9", "withdrawal"),
    problem(10, "68534-7", "medical problems"),
});

// ---- bands ----------------------------------------------------------------------------------------------------------

constexpr auto kPhq2Bands = std::to_array<Band>({{0, 2, "negative"}, {3, 6, "positive"}});
constexpr auto kPhq9Bands = std::to_array<Band>(
    {{0, 4, "minimal"}, {5, 9, "mild"}, {10, 14, "moderate"}, {15, 19, "moderately-severe"}, {20, 27, "severe"}});
constexpr auto kGad7Bands =
    std::to_array<Band>({{0, 4, "minimal"}, {5, 9, "mild"}, {10, 14, "moderate"}, {15, 21, "severe"}});
constexpr auto kAuditBands = std::to_array<Band>(
    {{0, 7, "low-risk"}, {8, 15, "hazardous"}, {16, 19, "harmful"}, {20, 40, "possible-dependence"}});
constexpr auto kDast10Bands =
    std::to_array<Band>({{0, 0, "none"}, {1, 2, "low"}, {3, 5, "moderate"}, {6, 8, "substantial"}, {9, 10, "severe"}});
constexpr auto kEpdsBands = std::to_array<Band>({{0, 9, "unlikely"}, {10, 12, "possible"}, {13, 30, "probable"}});

// ---- safety ---------------------------------------------------------------------------------------------------------

constexpr auto kPhq9Safety = std::to_array<SafetyRule>({{"phq-9.item-9", 9}});
constexpr auto kPhq9mSafety = std::to_array<SafetyRule>(
    {{"phq-9m.item-9", 9}, {"phq-9m.past-month-thoughts", 12}, {"phq-9m.lifetime-attempt", 13}});
constexpr auto kEpdsSafety = std::to_array<SafetyRule>({{"epds.item-10", 10}});

// ---- codes ----------------------------------------------------------------------------------------------------------

constexpr Texts<2> kPhq2Panels{"55757-9", "58120-7"};
constexpr Texts<1> kPhq2Totals{"55758-7"};
constexpr Texts<1> kPhq9Panels{"44249-1"};
constexpr Texts<1> kPhq9Totals{"44261-6"};
constexpr Texts<1> kPhq9mPanels{"89206-7"};
constexpr Texts<1> kPhq9mTotals{"89204-2"};
constexpr Texts<1> kGad7Panels{"69737-5"};
constexpr Texts<1> kGad7Totals{"70274-6"};
constexpr Texts<1> kAuditCPanels{"72109-2"};
constexpr Texts<1> kAuditCTotals{"75626-2"};
constexpr Texts<1> kAuditPanels{"72110-0"};
constexpr Texts<1> kAuditTotals{"75624-7"};
constexpr Texts<1> kDast10Panels{"82666-9"};
constexpr Texts<1> kDast10Totals{"82667-7"};
constexpr Texts<2> kEpdsTotals{"99046-5", "71354-5"};  // both are met as result code
constexpr Texts<1> kPcPtsd5Panels{"102010-6"};
constexpr Texts<1> kPcPtsd5Totals{"102017-1"};
constexpr Texts<1> kPcl5Panels{"101697-1"};
constexpr Texts<1> kPcl5Totals{"101698-9"};
constexpr Texts<1> kMdqPanels{"85102-2"};
constexpr Texts<1> kMdqTotals{"84773-1"};

constexpr std::optional<int> kNone;

// Order matters where instruments share items: the first of several in one form keeps the report's id.
constexpr auto kInstruments = std::to_array<Instrument>({
    // id, name, panels, totals, items, range, bands, cut-off, cut-off of men, safety, substance use, by text
    {"phq-9", "PHQ-9", kPhq9Panels, kPhq9Totals, kPhq9Items, 0, 27, kPhq9Bands, 10, kNone, kPhq9Safety, false, true},
    {"phq-9m", "PHQ-9M", kPhq9mPanels, kPhq9mTotals, kPhq9mItems, 0, 27, kPhq9Bands, kNone, kNone, kPhq9mSafety, false,
     true},
    {"phq-2", "PHQ-2", kPhq2Panels, kPhq2Totals, kPhq2Items, 0, 6, kPhq2Bands, 3, kNone, {}, false, false},
    {"gad-7", "GAD-7", kGad7Panels, kGad7Totals, kGad7Items, 0, 21, kGad7Bands, 10, kNone, {}, false, true},
    {"audit-c",
     "AUDIT-C",
     kAuditCPanels,
     kAuditCTotals,
     std::span(kAuditItems).first(3),
     0,
     12,
     {},
     3,
     4,
     {},
     true,
     false},
    {"audit", "AUDIT", kAuditPanels, kAuditTotals, kAuditItems, 0, 40, kAuditBands, 8, kNone, {}, true, false},
    {"dast-10", "DAST-10", kDast10Panels, kDast10Totals, kDast10Items, 0, 10, kDast10Bands, 3, kNone, {}, true, false},
    {"epds", "EPDS", {}, kEpdsTotals, {}, 0, 30, kEpdsBands, 10, kNone, kEpdsSafety, false, false},
    {"pc-ptsd-5", "PC-PTSD-5", kPcPtsd5Panels, kPcPtsd5Totals, {}, 0, 5, {}, 3, kNone, {}, false, false},
    {"pcl-5", "PCL-5", kPcl5Panels, kPcl5Totals, {}, 0, 80, {}, 33, kNone, {}, false, false},
    {"mdq", "MDQ", kMdqPanels, kMdqTotals, {}, 0, 13, {}, kNone, kNone, {}, false, false},
});

// C-SSRS screener, and the mood interview of the resident assessment (MDS).
constexpr Texts<9> kSelfHarmCodes{"93246-7", "93247-5", "93248-3", "93249-1", "93250-9",
                                  "93267-3", "93269-9", "54652-3", "54653-1"};

constexpr Texts<17> kSelfHarmTexts{"better off dead",
                                   "hurting yourself",
                                   "hurt yourself",
                                   "harming yourself",
                                   "harm yourself",
                                   "self-harm",
                                   "self harm",
                                   "suicid",
                                   "kill yourself",
                                   "killing yourself",
                                   "end your life",
                                   "ending your life",
                                   "wish you were dead",
                                   "wished you were dead",
                                   "wish to be dead",
                                   "wished to be dead",
                                   "thoughts of being dead"};

std::string own_code(const Instrument& instrument, int n) {
  return std::string(instrument.id) + "/" + std::to_string(n);
}

bool has(Words words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

}  // namespace

std::span<const Instrument> instruments() { return kInstruments; }

const Instrument* find_instrument(std::string_view id) {
  const auto found = std::ranges::find(kInstruments, id, &Instrument::id);
  return found == kInstruments.end() ? nullptr : &*found;
}

const Instrument* instrument_by_panel(const Code& code) {
  if (code.system != kLoinc) return nullptr;
  const auto found = std::ranges::find_if(kInstruments, [&](const Instrument& i) { return has(i.panels, code.code); });
  return found == kInstruments.end() ? nullptr : &*found;
}

const Instrument* instrument_by_total(const Code& code) {
  if (code.system != kLoinc) return nullptr;
  const auto found = std::ranges::find_if(kInstruments, [&](const Instrument& i) { return has(i.totals, code.code); });
  return found == kInstruments.end() ? nullptr : &*found;
}

Code item_code(const Instrument& instrument, const InstrumentItem& item) {
  if (!item.code.empty()) return {std::string(kLoinc), std::string(item.code), std::string(item.label)};
  return {std::string(kItemSystem), own_code(instrument, item.n), std::string(item.label)};
}

bool is_item(const Instrument& instrument, const InstrumentItem& item, const Code& code) {
  if (code.system == kLoinc) return !item.code.empty() && code.code == item.code;
  if (code.system != kItemSystem) return false;
  return code.code == own_code(instrument, item.n);
}

std::string_view answer_label(std::string_view code) {
  for (const std::span<const AnswerOption> list :
       {std::span<const AnswerOption>(kFrequency), std::span<const AnswerOption>(kDifficulty),
        std::span<const AnswerOption>(kYesNo), std::span<const AnswerOption>(kDrinkingFrequency),
        std::span<const AnswerOption>(kDrinksPerDay), std::span<const AnswerOption>(kHowOften)}) {
    const auto found = std::ranges::find(list, code, &AnswerOption::code);
    if (found != list.end()) return found->label;
  }
  return {};
}

int scored_items(const Instrument& instrument) {
  return static_cast<int>(std::ranges::count(instrument.items, ItemRole::Scored, &InstrumentItem::role));
}

std::string_view band_of(const Instrument& instrument, double total) {
  for (const Band& band : instrument.bands) {
    if (total >= band.from && total <= band.to) return band.name;
  }
  return {};
}

bool is_self_harm_code(const Code& code) { return code.system == kLoinc && has(kSelfHarmCodes, code.code); }

bool asks_about_self_harm(std::string_view lower_case_text) {
  return std::ranges::any_of(
      kSelfHarmTexts, [&](std::string_view stem) { return lower_case_text.find(stem) != std::string_view::npos; });
}

}  // namespace bhi::care
