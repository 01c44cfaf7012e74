// Distress and well-being: K6, WHO-5.
#include "care/instrument_rows.h"

namespace bhi::care {

namespace {

// LL1257-6. LOINC numbers these from 1 (all of the time) to 5; the instrument counts from 4 down to 0.
constexpr auto kHowMuchOfTheTime = std::to_array<AnswerOption>({
    {"LA6154-4", "all of the time", 4},
    {"LA14734-0", "most of the time", 3},
    {"LA14733-2", "some of the time", 2},
    {"LA14732-4", "a little of the time", 1},
    {"LA6297-1", "none of the time", 0},
});

constexpr Texts<1> kNervous{"nervous"};
constexpr Texts<1> kHopeless{"hopeless"};
constexpr Texts<2> kRestless{"restless", "fidgety"};
constexpr Texts<2> kDepressed{"so depressed", "cheer you up"};
constexpr Texts<1> kEffort{"effort"};
constexpr Texts<1> kWorthless{"worthless"};

constexpr InstrumentItem distress(int n, std::string_view code, std::string_view label, Words stems) {
  return {n, code, label, stems, kHowMuchOfTheTime, ItemRole::Scored, 4, false, 1, 0, true};
}

constexpr auto kK6Items = std::to_array<InstrumentItem>({
    distress(1, "65189-3", "nervous", kNervous),
    distress(2, "65190-1", "hopeless", kHopeless),
    distress(3, "65191-9", "restless", kRestless),
    distress(4, "65192-7", "depressed", kDepressed),
    distress(5, "", "effort", kEffort),
    distress(6, "", "worthless", kWorthless),
});

constexpr auto kWellAnswers = std::to_array<AnswerOption>({
    {"", "all of the time", 5},
    {"", "most of the time", 4},
    {"", "more than half of the time", 3},
    {"", "more than half the time", 3},
    {"", "less than half of the time", 2},
    {"", "less than half the time", 2},
    {"", "some of the time", 1},
    {"", "at no time", 0},
});

constexpr Texts<2> kCheerful{"cheerful", "good spirits"};
constexpr Texts<2> kCalm{"calm", "relaxed"};
constexpr Texts<2> kActive{"active", "vigorous"};
constexpr Texts<3> kRested{"fresh", "rested", "woke up"};
constexpr Texts<2> kInterested{"daily life", "interest me"};

constexpr InstrumentItem well(int n, std::string_view label, Words stems) {
  return {n, "", label, stems, kWellAnswers, ItemRole::Scored, 5};
}

constexpr auto kWho5Items = std::to_array<InstrumentItem>({
    well(1, "cheerful", kCheerful),
    well(2, "calm", kCalm),
    well(3, "active", kActive),
    well(4, "rested", kRested),
    well(5, "interested", kInterested),
});

constexpr auto kK6Bands = std::to_array<Band>({{0, 4, "low"}, {5, 12, "moderate"}, {13, 24, "serious"}});

constexpr Texts<3> kK6Review{"item codes: 5 and 6 have none that is confirmed, nor has the total; ours are used",
                             "bands: moderate from 5, serious from 13", "cut-off: positive from 13"};
constexpr Texts<2> kWho5Review{"codes: LOINC has none that is confirmed; ours are used",
                               "answers: read by label, ordinal or number"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "k6",
     .name = "K6",
     .items = kK6Items,
     .min = 0,
     .max = 24,
     .bands = kK6Bands,
     .cut_off = 13,
     .review = kK6Review},
    // The raw sum (0 to 25) times four. Below 13 raw, that is at most 48 of 100, asks for a look at depression.
    {.id = "who-5",
     .name = "WHO-5",
     .items = kWho5Items,
     .min = 0,
     .max = 100,
     .cut_off = 50,
     .scoring = Scoring::SumTimesFour,
     .higher_is_better = true,
     .review = kWho5Review},
});

}  // namespace

std::span<const Instrument> wellbeing_instruments() { return kInstruments; }

}  // namespace bhi::care
