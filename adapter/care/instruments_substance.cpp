// Alcohol and drugs: AUDIT-C, AUDIT, DAST-10, the two single questions.
#include "care/instrument_rows.h"

namespace bhi::care {

namespace {

constexpr Texts<2> kDrinkOften{"a drink containing", "how often do you have a drink"};
constexpr Texts<2> kDrinkMuch{"how many", "typical day"};
constexpr Texts<4> kDrinkBinge{"six or more", "6 or more", "one occasion", "1 occasion"};

constexpr InstrumentItem drink(int n, std::string_view code, std::string_view label, Words stems,
                               std::span<const AnswerOption> answers) {
  return {n, code, label, stems, answers, ItemRole::Scored, 4};
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
    {9, "97739-7", "injury", {}, {}, ItemRole::Scored, 4, true, 2},
    {10, "97740-5", "others concerned", {}, {}, ItemRole::Scored, 4, true, 2},
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

// Times in the past year.
constexpr auto kSingleAlcoholItems =
    std::to_array<InstrumentItem>({{1, "68517-2", "heavy drinking days", {}, {}, ItemRole::Scored, 366}});
constexpr auto kSingleDrugItems =
    std::to_array<InstrumentItem>({{1, "", "illicit or non-medical use", {}, {}, ItemRole::Scored, 366}});

constexpr auto kAuditBands = std::to_array<Band>(
    {{0, 7, "low-risk"}, {8, 15, "hazardous"}, {16, 19, "harmful"}, {20, 40, "possible-dependence"}});
constexpr auto kDast10Bands =
    std::to_array<Band>({{0, 0, "none"}, {1, 2, "low"}, {3, 5, "moderate"}, {6, 8, "substantial"}, {9, 10, "severe"}});
constexpr Texts<1> kAuditCPanels{"72109-2"};
constexpr Texts<1> kAuditCTotals{"75626-2"};
constexpr Texts<1> kAuditPanels{"72110-0"};
constexpr Texts<1> kAuditTotals{"75624-7"};
constexpr Texts<1> kDast10Panels{"82666-9"};
constexpr Texts<1> kDast10Totals{"82667-7"};

constexpr Texts<1> kAuditCReview{"cut-off when the sex is not known: the lower one (3)"};
constexpr Texts<1> kAuditReview{"items 9 and 10: their answer codes are not confirmed, only the form's ordinal counts"};
constexpr Texts<1> kDast10Review{"item 3: public forms score it both ways, only the form's ordinal counts"};
constexpr Texts<2> kSingleDrugReview{"item code: 68524-8 is not confirmed, ours is used", "cut-off: positive from 1"};

constexpr auto kInstruments = std::to_array<Instrument>({
    {.id = "audit-c",
     .name = "AUDIT-C",
     .panels = kAuditCPanels,
     .totals = kAuditCTotals,
     .items = std::span(kAuditItems).first(3),
     .min = 0,
     .max = 12,
     .cut_off = 3,
     .cut_off_male = 4,
     .substance_use = true,
     .review = kAuditCReview},
    {.id = "audit",
     .name = "AUDIT",
     .panels = kAuditPanels,
     .totals = kAuditTotals,
     .items = kAuditItems,
     .min = 0,
     .max = 40,
     .bands = kAuditBands,
     .cut_off = 8,
     .substance_use = true,
     .review = kAuditReview},
    {.id = "dast-10",
     .name = "DAST-10",
     .panels = kDast10Panels,
     .totals = kDast10Totals,
     .items = kDast10Items,
     .min = 0,
     .max = 10,
     .bands = kDast10Bands,
     .cut_off = 3,
     .substance_use = true,
     .review = kDast10Review},
    {.id = "sisq-alcohol",
     .name = "single alcohol question",
     .items = kSingleAlcoholItems,
     .min = 0,
     .max = 366,
     .cut_off = 1,
     .substance_use = true},
    {.id = "sisq-drug",
     .name = "single drug question",
     .items = kSingleDrugItems,
     .min = 0,
     .max = 366,
     .cut_off = 1,
     .substance_use = true,
     .review = kSingleDrugReview},
});

}  // namespace

std::span<const Instrument> substance_instruments() { return kInstruments; }

}  // namespace bhi::care
