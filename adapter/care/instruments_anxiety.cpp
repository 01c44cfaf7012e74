// Anxiety: GAD-7 and its first two questions, GAD-2.
#include "care/instrument_rows.h"

namespace bhi::care {

namespace {

constexpr Texts<3> kNervous{"nervous", "anxious", "on edge"};
constexpr Texts<3> kControlWorry{"stop or control", "control worrying", "able to stop"};
constexpr Texts<3> kWorryMuch{"worrying too much", "different things", "too much about"};
constexpr Texts<2> kRelax{"relaxing", "trouble relax"};
constexpr Texts<3> kRestless{"restless", "sit still", "hard to sit"};
constexpr Texts<3> kIrritable{"annoyed", "irritable", "easily annoyed"};
constexpr Texts<3> kAfraid{"afraid", "awful", "might happen"};

constexpr auto kGad7Items = std::to_array<InstrumentItem>({
    frequency(1, "69725-0", "nervous", kNervous),
    frequency(2, "68509-9", "uncontrolled worry", kControlWorry),
    frequency(3, "69733-4", "worry about many things", kWorryMuch),
    frequency(4, "69734-2", "trouble relaxing", kRelax),
    frequency(5, "69735-9", "restless", kRestless),
    frequency(6, "69689-8", "irritable", kIrritable),
    frequency(7, "69736-7", "afraid", kAfraid),
});

constexpr auto kGad7Bands =
    std::to_array<Band>({{0, 4, "minimal"}, {5, 9, "mild"}, {10, 14, "moderate"}, {15, 21, "severe"}});
constexpr Texts<1> kGad7Panels{"69737-5"};
constexpr Texts<1> kGad7Totals{"70274-6"};

constexpr Texts<2> kGad2Review{"codes: LOINC has no confirmed form or total code (70273-8 is PHQ-15's); ours are used",
                               "cut-off: positive from 3"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "gad-7",
     .name = "GAD-7",
     .panels = kGad7Panels,
     .totals = kGad7Totals,
     .items = kGad7Items,
     .min = 0,
     .max = 21,
     .bands = kGad7Bands,
     .cut_off = 10,
     .by_text = true},
    {.id = "gad-2",
     .name = "GAD-2",
     .items = std::span(kGad7Items).first(2),
     .min = 0,
     .max = 6,
     .cut_off = 3,
     .review = kGad2Review},
});

}  // namespace

std::span<const Instrument> anxiety_instruments() { return kInstruments; }

}  // namespace bhi::care
