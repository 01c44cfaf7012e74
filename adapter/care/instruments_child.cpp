// Children, reported by a parent or teacher: PSC-17, Vanderbilt. Nothing here but the ranges is confirmed: both are
// marked for clinical review, and told by our own item codes or a site map alone.
#include "care/instrument_rows.h"

#include <algorithm>

namespace bhi::care {

namespace {

constexpr auto kNeverSometimesOften = std::to_array<AnswerOption>({
    {"", "never", 0},
    {"", "sometimes", 1},
    {"", "often", 2},
});

template <std::size_t N>
constexpr std::array<InstrumentItem, N> numbered(std::span<const AnswerOption> answers, int max) {
  std::array<InstrumentItem, N> items{};
  for (std::size_t k = 0; k < N; ++k) {
    items[k].n = static_cast<int>(k) + 1;
    items[k].label = "item";
    items[k].answers = answers;
    items[k].max = max;
  }
  return items;
}

constexpr auto kPsc17Items = numbered<17>(kNeverSometimesOften, 2);

constexpr std::array kInternalizing{2, 6, 9, 11, 15};
constexpr std::array kAttention{1, 3, 7, 13, 17};
constexpr std::array kExternalizing{4, 5, 8, 10, 12, 14, 16};

std::optional<int> score_of(std::span<const ScreeningItem> items, int n) {
  const auto found = std::ranges::find(items, n, &ScreeningItem::n);
  return found == items.end() ? std::nullopt : found->score;
}

// What is known of the sum; it can only grow with the answers that are missing.
int at_least(std::span<const ScreeningItem> items, std::span<const int> of) {
  int sum = 0;
  for (const int n : of) sum += score_of(items, n).value_or(0);
  return sum;
}

std::optional<bool> psc17_positive(std::span<const ScreeningItem> items, std::optional<int> total) {
  if ((total && *total >= 15) || at_least(items, kInternalizing) >= 5 || at_least(items, kAttention) >= 7 ||
      at_least(items, kExternalizing) >= 7) {
    return true;
  }
  return total && !items.empty() ? std::optional(false) : std::nullopt;
}

constexpr int kInattentive = 9;   // items 1 to 9
constexpr int kHyperactive = 18;  // items 10 to 18
constexpr int kFirstPerformance = 48;

constexpr auto kNeverToVeryOften = std::to_array<AnswerOption>({
    {"", "never", 0},
    {"", "occasionally", 1},
    {"", "often", 2},
    {"", "very often", 3},
});

constexpr auto kPerformance = std::to_array<AnswerOption>({
    {"", "excellent", 1},
    {"", "above average", 2},
    {"", "average", 3},
    {"", "somewhat of a problem", 4},
    {"", "problematic", 5},
});

constexpr std::array<InstrumentItem, 26> vanderbilt_items() {
  std::array<InstrumentItem, 26> items{};
  for (std::size_t k = 0; k < items.size(); ++k) {
    const bool symptom = k < kHyperactive;
    items[k].n = symptom ? static_cast<int>(k) + 1 : static_cast<int>(k) - kHyperactive + kFirstPerformance;
    items[k].label = symptom ? "symptom" : "performance";
    items[k].answers = symptom ? std::span<const AnswerOption>(kNeverToVeryOften) : kPerformance;
    items[k].role = ItemRole::Noted;
    items[k].max = symptom ? 3 : 5;
  }
  return items;
}

constexpr auto kVanderbiltItems = vanderbilt_items();

// Six of nine symptoms of either kind at "often" or more, and a problem in one area of performance.
std::optional<bool> vanderbilt_positive(std::span<const ScreeningItem> items, std::optional<int>) {
  int inattentive = 0;
  int hyperactive = 0;
  bool impaired = false;
  bool whole = items.size() == kVanderbiltItems.size();
  for (const ScreeningItem& item : items) {
    if (!item.score) {
      whole = false;
    } else if (item.n <= kInattentive) {
      inattentive += *item.score >= 2 ? 1 : 0;
    } else if (item.n <= kHyperactive) {
      hyperactive += *item.score >= 2 ? 1 : 0;
    } else {
      impaired = impaired || *item.score >= 4;
    }
  }
  if ((inattentive >= 6 || hyperactive >= 6) && impaired) return true;
  return whole ? std::optional(false) : std::nullopt;
}

constexpr Texts<1> kVanderbiltPanels{"106345-2"};

constexpr Texts<3> kPsc17Review{"codes: none is confirmed; ours are used", "which item belongs to which subscale",
                                "cut-offs: total 15, internalizing 5, attention 7, externalizing 7"};
constexpr Texts<2> kVanderbiltReview{
    "numbers of the items; only symptoms 1 to 18 and performance 48 to 55 of the parent form are read",
    "positive: six of nine symptoms scored 2 or 3, and one performance item at 4 or 5"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "psc-17",
     .name = "PSC-17",
     .items = kPsc17Items,
     .min = 0,
     .max = 34,
     .decide = psc17_positive,
     .review = kPsc17Review},
    {.id = "vanderbilt",
     .name = "Vanderbilt (parent)",
     .panels = kVanderbiltPanels,
     .items = kVanderbiltItems,
     .scoring = Scoring::None,
     .decide = vanderbilt_positive,
     .review = kVanderbiltReview},
});

}  // namespace

std::span<const Instrument> child_instruments() { return kInstruments; }

}  // namespace bhi::care
