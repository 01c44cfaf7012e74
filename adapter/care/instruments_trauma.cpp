// Trauma and bipolar disorder: PC-PTSD-5, PCL-5, MDQ.
#include "care/instrument_rows.h"

#include <algorithm>

namespace bhi::care {

namespace {

constexpr InstrumentItem symptom(int n, std::string_view code, std::string_view label) {
  return {n, code, label, {}, kYesNo, ItemRole::Scored, 1, false, 1, 1};
}

constexpr auto kPcPtsd5Items = std::to_array<InstrumentItem>({
    {1, "102011-4", "trauma exposure", {}, kYesNo, ItemRole::Noted, 1},
    symptom(2, "102012-2", "intrusion"),
    symptom(3, "102013-0", "avoidance"),
    symptom(4, "102014-8", "hyperarousal"),
    symptom(5, "102015-5", "numbing"),
    symptom(6, "102016-3", "guilt or blame"),
});

// No answer codes are confirmed: by label or number.
constexpr auto kHowMuch = std::to_array<AnswerOption>({
    {"", "not at all", 0},
    {"", "a little bit", 1},
    {"", "moderately", 2},
    {"", "quite a bit", 3},
    {"", "extremely", 4},
});

constexpr InstrumentItem bothered(int n, std::string_view code, std::string_view label) {
  return {n, code, label, {}, kHowMuch, ItemRole::Scored, 4};
}

// LOINC's numbers are not in the order of the form.
constexpr auto kPcl5Items = std::to_array<InstrumentItem>({
    bothered(1, "101703-7", "memories"),           bothered(2, "101704-5", "dreams"),
    bothered(3, "101705-2", "reliving"),           bothered(4, "101706-0", "upset by reminders"),
    bothered(5, "101707-8", "physical reactions"), bothered(6, "101708-6", "avoid thoughts"),
    bothered(7, "101709-4", "avoid reminders"),    bothered(8, "101710-2", "memory gaps"),
    bothered(9, "101699-7", "negative beliefs"),   bothered(10, "101700-3", "blame"),
    bothered(11, "101701-1", "negative feelings"), bothered(12, "101711-0", "loss of interest"),
    bothered(13, "101712-8", "distant"),           bothered(14, "101713-6", "no positive feelings"),
    bothered(15, "101714-4", "irritable"),         bothered(16, "101702-9", "risk taking"),
    bothered(17, "101715-1", "superalert"),        bothered(18, "101716-9", "jumpy"),
    bothered(19, "101717-7", "concentration"),     bothered(20, "101718-5", "sleep"),
});

constexpr auto kProblem = std::to_array<AnswerOption>({
    {"", "no problem", 0},
    {"", "no problems", 0},
    {"", "minor problem", 1},
    {"", "minor problems", 1},
    {"", "moderate problem", 2},
    {"", "moderate problems", 2},
    {"", "serious problem", 3},
    {"", "serious problems", 3},
});

constexpr InstrumentItem mood(int n) { return {n, "", "symptom", {}, kYesNo, ItemRole::Scored, 1}; }

constexpr int kTogether = 14;
constexpr int kImpairment = 15;

constexpr auto kMdqItems = std::to_array<InstrumentItem>({
    mood(1),
    mood(2),
    mood(3),
    mood(4),
    mood(5),
    mood(6),
    mood(7),
    mood(8),
    mood(9),
    mood(10),
    mood(11),
    mood(12),
    mood(13),
    {kTogether, "", "at the same time", {}, kYesNo, ItemRole::Noted, 1},
    {kImpairment, "", "problem caused", {}, kProblem, ItemRole::Noted, 3},
});

std::optional<int> score_of(std::span<const ScreeningItem> items, int n) {
  const auto found = std::ranges::find(items, n, &ScreeningItem::n);
  return found == items.end() ? std::nullopt : found->score;
}

// At least seven symptoms, at the same time, and a moderate or serious problem. A total alone never decides.
std::optional<bool> mdq_positive(std::span<const ScreeningItem> items, std::optional<int> total) {
  const auto together = score_of(items, kTogether);
  const auto impairment = score_of(items, kImpairment);
  if ((total && *total < 7) || together == 0 || (impairment && *impairment < 2)) return false;
  if (!total || !together || !impairment) return std::nullopt;
  return true;
}

constexpr Texts<1> kPcPtsd5Panels{"102010-6"};
constexpr Texts<1> kPcPtsd5Totals{"102017-1"};
constexpr Texts<1> kPcl5Panels{"101697-1"};
constexpr Texts<1> kPcl5Totals{"101698-9"};
constexpr Texts<1> kMdqPanels{"85102-2"};
constexpr Texts<1> kMdqTotals{"84773-1"};

constexpr Texts<1> kPcPtsd5Review{"cut-off: 3 is the sensitive one, some practices use 4"};
constexpr Texts<2> kPcl5Review{"answers: no LOINC answer codes are confirmed, labels and numbers are read",
                               "order of the items on the form; provisional diagnosis by clusters is not computed"};
constexpr Texts<1> kMdqReview{"item codes: LOINC's panel has the total only; ours are used"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "pc-ptsd-5",
     .name = "PC-PTSD-5",
     .panels = kPcPtsd5Panels,
     .totals = kPcPtsd5Totals,
     .items = kPcPtsd5Items,
     .min = 0,
     .max = 5,
     .cut_off = 3,
     .review = kPcPtsd5Review},
    {.id = "pcl-5",
     .name = "PCL-5",
     .panels = kPcl5Panels,
     .totals = kPcl5Totals,
     .items = kPcl5Items,
     .min = 0,
     .max = 80,
     .cut_off = 33,
     .review = kPcl5Review},
    {.id = "mdq",
     .name = "MDQ",
     .panels = kMdqPanels,
     .totals = kMdqTotals,
     .items = kMdqItems,
     .min = 0,
     .max = 13,
     .decide = mdq_positive,
     .review = kMdqReview},
});

}  // namespace

std::span<const Instrument> trauma_instruments() { return kInstruments; }

}  // namespace bhi::care
