#include "care/medication_rules.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

template <std::size_t N>
using Texts = std::array<std::string_view, N>;
template <std::size_t N>
using Days = std::array<int, N>;

// ---- tests and measurements -----------------------------------------------------------------------------------------

constexpr Texts<2> kLithium{"14334-7", "3719-2"};
constexpr Texts<3> kRenal{"2160-0", "33914-3", "98979-8"};
constexpr Texts<1> kThyroid{"3016-3"};
constexpr Texts<1> kCalcium{"17861-6"};
constexpr Texts<1> kValproate{"4086-5"};
constexpr Texts<1> kCarbamazepine{"3432-2"};
constexpr Texts<2> kLiver{"1742-6", "1920-8"};
constexpr Texts<2> kBloodCount{"777-3", "6690-2"};
constexpr Texts<1> kNeutrophils{"751-8"};
constexpr Texts<2> kWeight{"29463-7", "39156-5"};
constexpr Texts<1> kBloodPressure{"85354-9"};
constexpr Texts<2> kGlucose{"1558-6", "4548-4"};
constexpr Texts<5> kLipids{"2093-3", "2085-9", "13457-7", "18262-6", "2571-8"};
constexpr Texts<2> kQtc{"8636-3", "8634-8"};
constexpr Texts<1> kPregnancy{"2106-3"};

constexpr Days<1> kBaseline{0};
constexpr Days<1> kAWeek{7};
constexpr Days<1> kFiveDays{5};
constexpr Days<4> kWeightDays{0, 28, 56, 84};
constexpr Days<2> kQuarter{0, 84};
constexpr Days<2> kMethadone{0, 30};
constexpr Days<1> kTwoWeeks{14};

constexpr auto kWatch = std::to_array<WatchRule>({
    // id, name, kind, LOINC, due, again, after a change, confirmed
    {"lithium-level", "lithium level", "lab", kLithium, kAWeek, 90, 7, false},
    {"renal", "kidney function", "lab", kRenal, kBaseline, 182, 0, false},
    {"thyroid", "thyroid", "lab", kThyroid, kBaseline, 182, 0, false},
    {"calcium", "calcium", "lab", kCalcium, kBaseline, 365, 0, false},
    {"valproate-level", "valproate level", "lab", kValproate, kFiveDays, 0, 5, false},
    {"carbamazepine-level", "carbamazepine level", "lab", kCarbamazepine, kAWeek, 90, 7, false},
    {"lft", "liver function", "lab", kLiver, kBaseline, 365, 0, false},
    {"cbc-platelets", "blood count", "lab", kBloodCount, kBaseline, 365, 0, false},
    {"anc", "neutrophil count", "lab", kNeutrophils, kBaseline, 7, 0, false},
    {"metabolic-panel", "weight", "measurement", kWeight, kWeightDays, 91, 0, true},
    {"metabolic-panel", "blood pressure", "measurement", kBloodPressure, kQuarter, 365, 0, true},
    {"metabolic-panel", "glucose or HbA1c", "lab", kGlucose, kQuarter, 365, 0, true},
    {"metabolic-panel", "lipids", "lab", kLipids, kQuarter, 1826, 0, true},
    {"qtc-methadone", "ECG", "ecg", kQtc, kMethadone, 365, 0, false},
    {"pregnancy", "pregnancy test, where it applies", "lab", kPregnancy, kBaseline, 0, 0, false},
    {"suicidality-under-25", "contact after start or change below 25 years", "contact", {}, kTwoWeeks, 0, 14, false},
    // An ECG before these, and again with a significant change; which of them stands in kQtIngredients.
    {"qtc-if-flagged", "ECG", "ecg", kQtc, kBaseline, 0, 0, true},
});

// ---- groups ---------------------------------------------------------------------------------------------------------

constexpr Texts<1> kMaoi{"MAOI"};
constexpr Texts<3> kSerotonergicClasses{"SSRI", "SNRI", "TCA"};
constexpr Texts<4> kSerotonergicIngredients{"amphetamine", "dextroamphetamine", "lisdexamfetamine", "atomoxetine"};
constexpr Texts<13> kSerotonergicWords{"dextromethorphan", "meperidine",   "tramadol",    "methadone",    "fentanyl",
                                       "tapentadol",       "sumatriptan",  "rizatriptan", "zolmitriptan", "eletriptan",
                                       "naratriptan",      "frovatriptan", "almotriptan"};
constexpr Texts<3> kSedativeClasses{"benzodiazepine", "hypnotic-benzodiazepine", "hypnotic"};
constexpr Texts<2> kMoud{"buprenorphine", "methadone"};
constexpr Texts<13> kOpioidWords{"oxycodone",   "hydrocodone", "morphine", "hydromorphone", "oxymorphone",
                                 "codeine",     "fentanyl",    "tramadol", "tapentadol",    "meperidine",
                                 "levorphanol", "percocet",    "vicodin"};
constexpr Texts<2> kLithiumIngredients{"lithium", "lithium carbonate"};
constexpr Texts<14> kNsaidWords{"ibuprofen",  "naproxen",  "diclofenac", "indomethacin", "ketorolac",
                                "meloxicam",  "celecoxib", "piroxicam",  "etodolac",     "nabumetone",
                                "ketoprofen", "sulindac",  "motrin",     "advil"};
constexpr Texts<11> kAceWords{"lisinopril", "enalapril", "ramipril",    "benazepril",   "captopril", "fosinopril",
                              "quinapril",  "moexipril", "perindopril", "trandolapril", "zestril"};
constexpr Texts<8> kArbWords{"losartan",   "valsartan",   "irbesartan", "candesartan",
                             "olmesartan", "telmisartan", "azilsartan", "eprosartan"};
constexpr Texts<6> kThiazideWords{"hydrochlorothiazide", "chlorthalidone", "indapamide",
                                  "metolazone",          "chlorothiazide", "hctz"};
constexpr Texts<3> kValproateIngredients{"valproate", "valproic acid", "divalproex"};
constexpr Texts<1> kLamotrigine{"lamotrigine"};
// Before these an ECG is asked for in any case; citalopram and methadone have rules of their own.
constexpr Texts<7> kQtIngredients{"chlorpromazine", "iloperidone", "pimozide", "thioridazine",
                                  "ziprasidone",    "citalopram",  "methadone"};
constexpr Texts<1> kNaltrexone{"naltrexone"};
constexpr Texts<1> kStimulants{"stimulant"};
constexpr Texts<5> kAntidepressants{"SSRI", "SNRI", "TCA", "MAOI", "atypical-antidepressant"};

constexpr auto kGroups = std::to_array<Group>({
    {"maoi", kMaoi, {}, {}},
    {"serotonergic", kSerotonergicClasses, kSerotonergicIngredients, kSerotonergicWords},
    {"sedative", kSedativeClasses, {}, {}},
    {"opioid", {}, kMoud, kOpioidWords},
    {"lithium", {}, kLithiumIngredients, {}},
    {"nsaid", {}, {}, kNsaidWords},
    {"ace-inhibitor", {}, {}, kAceWords},
    {"arb", {}, {}, kArbWords},
    {"thiazide", {}, {}, kThiazideWords},
    {"valproate", {}, kValproateIngredients, {}},
    {"lamotrigine", {}, kLamotrigine, {}},
    {"qt", {}, kQtIngredients, {}},
    {"naltrexone", {}, kNaltrexone, {}},
    {"stimulant", kStimulants, {}, {}},
    {"antidepressant", kAntidepressants, {}, {}},
});

constexpr auto kPairs = std::to_array<PairRule>({
    {"maoi-serotonergic-contraindication", "maoi", "serotonergic", "contraindicated", "serotonin syndrome", 14, true},
    {"benzodiazepine-opioid", "sedative", "opioid", "warning", "sedation and breathing; never stop by itself", 0,
     false},
    {"lithium-nsaid", "lithium", "nsaid", "warning", "raises the lithium level", 0, true},
    {"lithium-ace-inhibitor", "lithium", "ace-inhibitor", "warning", "raises the lithium level", 0, false},
    {"lithium-arb", "lithium", "arb", "warning", "raises the lithium level", 0, false},
    {"lithium-thiazide", "lithium", "thiazide", "warning", "raises the lithium level", 0, false},
    {"valproate-lamotrigine", "valproate", "lamotrigine", "warning", "slower titration of lamotrigine", 0, false},
    {"qt-pair", "qt", "qt", "warning", "both lengthen the QT interval", 0, false},
    {"naltrexone-opioid", "naltrexone", "opioid", "contraindicated", "opioid-free interval before naltrexone", 0,
     false},
});

constexpr auto kLongUse = std::to_array<LongUseRule>({
    {"sedative-over-4-weeks", "sedative", 28, 91, false},
    {"stimulant-yearly", "stimulant", 365, 365, false},
    {"any-psychotropic-yearly", "", 365, 365, false},
});

}  // namespace

std::span<const WatchRule> watch_rules() { return kWatch; }
std::span<const Group> medicine_groups() { return kGroups; }
std::span<const PairRule> pair_rules() { return kPairs; }
std::span<const LongUseRule> long_use_rules() { return kLongUse; }

const Group* find_group(std::string_view id) {
  const auto found = std::ranges::find(kGroups, id, &Group::id);
  return found == kGroups.end() ? nullptr : &*found;
}

}  // namespace bhi::care
