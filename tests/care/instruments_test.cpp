// Every instrument by its published scoring: bands and cut-offs at both edges, gates, triage rows, polarity, encodings.
#include "care/instruments.h"

#include "care/scoring.h"
#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bhi::care::test {
namespace {

// ---- totals ---------------------------------------------------------------------------------------------------------

struct TotalCase {
  const char* instrument;
  int raw;  // sum of the scored items
  int total;
  const char* severity;
  std::optional<bool> positive;
};

// As many points as needed, from the first scored item on; gates say yes.
ScreeningReport with_points(std::string_view instrument, int points) {
  const Instrument& table = *find_instrument(instrument);
  ScreeningReport report = report_of(instrument, {});
  for (const InstrumentItem& item : table.items) {
    ReportedItem reported;
    reported.codes = {item_code(table, item)};
    if (item.role == ItemRole::Scored) {
      int value = std::min(points, item.max);
      value -= value % item.step;
      points -= value;
      reported.answers = {answer_ordinal(value)};
      // K6 reads the answer before the ordinal: say it as the form does.
      if (item.code_first) {
        const auto option = std::ranges::find(item.answers, value, &AnswerOption::score);
        reported.answers = {answer_code(option->code)};
      }
    } else if (item.role == ItemRole::Noted) {
      reported.answers = {answer_ordinal(1)};
    } else {
      continue;
    }
    report.items.push_back(reported);
  }
  EXPECT_EQ(points, 0) << instrument;
  return report;
}

std::string name_of(const testing::TestParamInfo<TotalCase>& param) {
  std::string name = param.param.instrument;
  std::erase_if(name, [](char c) { return c == '-'; });
  return name + "_" + std::to_string(param.param.raw);
}

class PublishedTotal : public testing::TestWithParam<TotalCase> {};

TEST_P(PublishedTotal, GivesItsBandAndCutOff) {
  const TotalCase& wanted = GetParam();
  const Screening screening = screening_of(with_points(wanted.instrument, wanted.raw), "female");
  EXPECT_EQ(screening.instrument, wanted.instrument);
  EXPECT_TRUE(screening.complete);
  EXPECT_EQ(screening.total, wanted.total);
  EXPECT_EQ(screening.severity, wanted.severity);
  EXPECT_EQ(screening.positive, wanted.positive);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PublishedTotal,
    testing::Values(TotalCase{"phq-9m", 4, 4, "minimal", {}}, TotalCase{"phq-9m", 5, 5, "mild", {}},
                    TotalCase{"phq-9m", 9, 9, "mild", {}}, TotalCase{"phq-9m", 10, 10, "moderate", {}},
                    TotalCase{"phq-9m", 14, 14, "moderate", {}}, TotalCase{"phq-9m", 15, 15, "moderately-severe", {}},
                    TotalCase{"phq-9m", 19, 19, "moderately-severe", {}}, TotalCase{"phq-9m", 20, 20, "severe", {}},
                    TotalCase{"phq-9m", 27, 27, "severe", {}}, TotalCase{"gad-2", 0, 0, "", false},
                    TotalCase{"gad-2", 2, 2, "", false}, TotalCase{"gad-2", 3, 3, "", true},
                    TotalCase{"gad-2", 6, 6, "", true}, TotalCase{"epds", 0, 0, "unlikely", false},
                    TotalCase{"epds", 9, 9, "unlikely", false}, TotalCase{"epds", 10, 10, "possible", true},
                    TotalCase{"epds", 12, 12, "possible", true}, TotalCase{"epds", 13, 13, "probable", true},
                    TotalCase{"epds", 30, 30, "probable", true}, TotalCase{"pc-ptsd-5", 0, 0, "", false},
                    TotalCase{"pc-ptsd-5", 2, 2, "", false}, TotalCase{"pc-ptsd-5", 3, 3, "", true},
                    TotalCase{"pc-ptsd-5", 5, 5, "", true}, TotalCase{"pcl-5", 0, 0, "", false},
                    TotalCase{"pcl-5", 32, 32, "", false}, TotalCase{"pcl-5", 33, 33, "", true},
                    TotalCase{"pcl-5", 80, 80, "", true}, TotalCase{"k6", 0, 0, "low", false},
                    TotalCase{"k6", 4, 4, "low", false}, TotalCase{"k6", 5, 5, "moderate", false},
                    TotalCase{"k6", 12, 12, "moderate", false}, TotalCase{"k6", 13, 13, "serious", true},
                    TotalCase{"k6", 24, 24, "serious", true},
                    // Well-being: the lower, the worse. 12 raw is 48, 13 raw is 52.
                    TotalCase{"who-5", 0, 0, "", true}, TotalCase{"who-5", 12, 48, "", true},
                    TotalCase{"who-5", 13, 52, "", false}, TotalCase{"who-5", 25, 100, "", false},
                    TotalCase{"psc-17", 0, 0, "", false}, TotalCase{"psc-17", 15, 15, "", true},
                    TotalCase{"psc-17", 34, 34, "", true}, TotalCase{"sisq-alcohol", 0, 0, "", false},
                    TotalCase{"sisq-alcohol", 1, 1, "", true}, TotalCase{"sisq-drug", 0, 0, "", false},
                    TotalCase{"sisq-drug", 1, 1, "", true}),
    name_of);

TEST(Instruments, EveryBandEdgeOfEveryTableIsReached) {
  for (const Instrument& instrument : instruments()) {
    if (instrument.bands.empty()) continue;
    int next = instrument.min;
    for (const Band& band : instrument.bands) {
      EXPECT_EQ(band.from, next) << instrument.id << " " << band.name;
      for (const int edge : {band.from, band.to}) {
        int points = edge;
        // AUDIT's last two items give even points only; all other items come first and give any.
        const Screening screening = screening_of(with_points(instrument.id, points), "female");
        EXPECT_EQ(screening.severity, band.name) << instrument.id << " " << edge;
      }
      next = band.to + 1;
    }
    EXPECT_EQ(next, instrument.max + 1) << instrument.id;
  }
}

TEST(Instruments, IdsCodesAndNumbersAreDistinct) {
  std::set<std::string_view> ids;
  std::set<std::string_view> totals;
  for (const Instrument& instrument : instruments()) {
    EXPECT_TRUE(ids.insert(instrument.id).second) << instrument.id;
    for (const std::string_view code : instrument.totals) EXPECT_TRUE(totals.insert(code).second) << code;
    std::set<int> numbers;
    std::set<std::string_view> codes;
    for (const InstrumentItem& item : instrument.items) {
      EXPECT_TRUE(numbers.insert(item.n).second) << instrument.id << " " << item.n;
      if (!item.code.empty()) {
        EXPECT_TRUE(codes.insert(item.code).second) << item.code;
      }
      EXPECT_EQ(&item, &*std::ranges::find(instrument.items, item.n, &InstrumentItem::n));
    }
    const int most = instrument.scoring == Scoring::SumTimesFour ? 4 : 1;
    int sum = 0;
    for (const InstrumentItem& item : instrument.items) sum += item.role == ItemRole::Scored ? item.max * most : 0;
    if (instrument.scoring != Scoring::None) {
      EXPECT_EQ(sum, instrument.max) << instrument.id;
    }
  }
  EXPECT_EQ(ids.size(), 20U);
}

TEST(Instruments, ASubscaleOfPsc17AloneIsPositive) {
  ScreeningReport report = with_points("psc-17", 0);
  for (const int n : {2, 6, 9}) report.items[static_cast<std::size_t>(n - 1)].answers = {answer_text("often")};
  EXPECT_EQ(screening_of(report).total, 6);
  EXPECT_EQ(screening_of(report).positive, true);
  report.items[8].answers = {answer_text("never")};
  EXPECT_EQ(screening_of(report).positive, false);
}

TEST(Instruments, VanderbiltNeedsSixSymptomsAndAProblemInPerformance) {
  const Instrument& table = *find_instrument("vanderbilt");
  ScreeningReport report = report_of("vanderbilt", {});
  for (const InstrumentItem& item : table.items) {
    ReportedItem reported;
    reported.codes = {item_code(table, item)};
    reported.answers = {answer_number(item.n <= 6 ? 2 : item.n >= 48 ? 3 : 0)};
    report.items.push_back(reported);
  }
  EXPECT_EQ(screening_of(report).positive, false);
  report.items.back().answers = {answer_number(4)};
  EXPECT_EQ(screening_of(report).positive, true);
  report.items[0].answers = {answer_number(1)};
  EXPECT_EQ(screening_of(report).positive, false);
  EXPECT_FALSE(screening_of(report).total);
}

// ---- bipolar: a rule in place of a cut-off
// ---------------------------------------------------------------------------

struct MdqCase {
  int symptoms;
  int together;    // -1 unanswered
  int impairment;  // -1 unanswered
  std::optional<bool> positive;
};

TEST(Instruments, MdqNeedsSevenSymptomsAtOnceAndAProblem) {
  const MdqCase cases[] = {{7, 1, 2, true},    {13, 1, 3, true},  {6, 1, 3, false}, {7, 0, 3, false},
                           {7, 1, 1, false},   {7, 1, 0, false},  {7, -1, 2, {}},   {7, 1, -1, {}},
                           {6, -1, -1, false}, {13, 0, -1, false}};
  const Instrument& table = *find_instrument("mdq");
  for (const MdqCase& one : cases) {
    ScreeningReport report = report_of("mdq", {});
    for (const InstrumentItem& item : table.items) {
      const int value = item.n == 14 ? one.together : item.n == 15 ? one.impairment : item.n <= one.symptoms ? 1 : 0;
      ReportedItem reported;
      reported.codes = {item_code(table, item)};
      if (value >= 0) reported.answers = {answer_number(value)};
      report.items.push_back(reported);
    }
    const Screening screening = screening_of(report);
    EXPECT_EQ(screening.total, one.symptoms);
    EXPECT_EQ(screening.positive, one.positive) << one.symptoms << " " << one.together << " " << one.impairment;
  }
}

TEST(Instruments, AnMdqTotalAloneIsNegativeBelowSevenAtMost) {
  Screening screening = screening_of(score_only("84773-1", 9));
  EXPECT_EQ(screening.instrument, "mdq");
  EXPECT_FALSE(screening.positive);
}

// ---- gates ----------------------------------------------------------------------------------------------------------

TEST(Instruments, PcPtsd5WithoutExposureIsZeroAndComplete) {
  const Screening skipped = screening_of(report_of("pc-ptsd-5", {0, kBlank, kBlank, kBlank, kBlank, kBlank}));
  EXPECT_EQ(skipped.total, 0);
  EXPECT_TRUE(skipped.complete);
  EXPECT_EQ(skipped.positive, false);

  const Screening absent = screening_of(report_of("pc-ptsd-5", {0}));
  EXPECT_EQ(absent.total, 0);

  const Screening contradictory = screening_of(report_of("pc-ptsd-5", {0, 1, 1, 1, 0, 0}));
  EXPECT_EQ(contradictory.total, 0);
  EXPECT_TRUE(says(contradictory.issues, "items 2, 3, 4 answered though the first question says no"));

  const Screening partial = screening_of(report_of("pc-ptsd-5", {1, 1, kBlank, 1, 1, 0}));
  EXPECT_FALSE(partial.total);
  EXPECT_TRUE(says(partial.issues, "item 3 missing"));
  EXPECT_FALSE(screening_of(report_of("pc-ptsd-5", {kBlank, 1, 1, 1, 1, 0})).total);
}

// ---- polarity and encodings -----------------------------------------------------------------------------------------

TEST(Instruments, K6CountsAgainstTheNumbersOfItsLoincList) {
  ScreeningReport report = report_of("k6", {0, 0, 0, 0, 0, 0});
  const char* codes[] = {"LA6154-4", "LA14734-0", "LA14733-2", "LA14732-4", "LA6297-1", "LA6297-1"};
  for (std::size_t k = 0; k < 6; ++k) {
    report.items[k].answers = {answer_code(codes[k])};
    report.items[k].answers[0].ordinal = static_cast<double>(k + 1);  // as LOINC counts
  }
  EXPECT_EQ(screening_of(report).total, 4 + 3 + 2 + 1);

  for (ReportedItem& item : report.items) item.answers = {answer_local("x", "All of the time")};
  EXPECT_EQ(screening_of(report).total, 24);
}

TEST(Instruments, Who5IsReadByItsLabelsAndItsRawSumIsNoContradiction) {
  ScreeningReport report = report_of("who-5", {0, 0, 0, 0, 0});
  const char* labels[] = {"All of the time", "Most of the time", "More than half of the time",
                          "Less than half of the time", "At no time"};
  for (std::size_t k = 0; k < 5; ++k) report.items[k].answers = {answer_text(labels[k])};
  report.items.push_back(worded("Raw score", {answer_number(14)}, "integer"));
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.total, 56);
  EXPECT_EQ(screening.stated_total, 14);
  EXPECT_FALSE(says(screening.issues, "stated total differs"));
}

TEST(Instruments, EpdsTakesNothingButTheFormsOrdinal) {
  ScreeningReport report = with_points("epds", 12);
  EXPECT_EQ(screening_of(report).total, 12);
  report.items[2].answers = {answer_local("2", "Yes, some of the time")};
  const Screening screening = screening_of(report);
  EXPECT_FALSE(screening.total);
  EXPECT_TRUE(says(screening.issues, "item 3: what counts depends on the form's wording"));
}

TEST(Instruments, YesAndNoAreReadInEveryEncoding) {
  const ReportedAnswer yes[] = {answer_code("LA33-6"),         answer_text("Yes"),
                                answer_text("true"),           answer_number(1),
                                answer_local("Y", "anything"), answer_ordinal(1)};
  for (const ReportedAnswer& answer : yes) {
    ScreeningReport report = report_of("dast-10", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    report.items[2].answers = {answer_ordinal(0)};
    report.items[0].answers = {answer};
    EXPECT_EQ(screening_of(report).total, 1);
  }
  ScreeningReport report = report_of("asq", {0, 0, 0, 0, 0});
  report.items[3].answers = {ReportedAnswer{{"http://snomed.info/sct", "373066001", ""}, "", {}, {}}};
  report.items[0].answers = {ReportedAnswer{{"http://snomed.info/sct", "373067005", ""}, "", {}, {}}};
  EXPECT_EQ(screening_of(report).severity, "non-acute-positive");
}

TEST(Instruments, ALaCodeWithoutSystemIsTakenWithAWarningInsideAKnownForm) {
  ScreeningReport report = report_of("phq-2", {0, 0});
  report.items[0].answers = {answer_code("LA6571-9")};
  report.items[0].answers[0].coding.system.clear();
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.total, 3);
  EXPECT_TRUE(says(screening.issues, "item 1: answer code without a system, taken as LOINC's"));
}

TEST(Instruments, AuditItemsNineAndTenScoreNothingTwoOrFour) {
  ScreeningReport report = with_points("audit", 0);
  report.items[8].answers = {answer_ordinal(4)};
  EXPECT_EQ(screening_of(report, "female").total, 4);
  report.items[8].answers = {answer_ordinal(3)};
  const Screening screening = screening_of(report, "female");
  EXPECT_FALSE(screening.total);
  EXPECT_TRUE(says(screening.issues, "item 9: expected a multiple of 2, found 3"));
}

TEST(Instruments, TheFormIsNamedByItsCanonical) {
  EXPECT_EQ(instrument_by_form("http://bhi-adapter.org/fhir/Questionnaire/gad-7|1.2")->id, "gad-7");
  EXPECT_EQ(instrument_by_form("http://loinc.org/q/44249-1")->id, "phq-9");
  EXPECT_EQ(instrument_by_form("http://example.org/Questionnaire/phq-9"), nullptr);
  EXPECT_EQ(instrument_by_form(""), nullptr);
}

TEST(Instruments, TheFirstTwoQuestionsOfGad7AloneAreGad2) {
  ScreeningReport report = report_of("gad-2", {2, 1});
  report.codes.clear();
  EXPECT_EQ(screening_of(report).instrument, "gad-2");
  EXPECT_EQ(screening_of(report).positive, true);
  report.codes = {loinc("69737-5")};
  EXPECT_EQ(screening_of(report).instrument, "gad-7");
  EXPECT_FALSE(screening_of(report).total);
}

TEST(Instruments, ACutOffThatNobodyConfirmsIsMarkedInTheResult) {
  for (const char* instrument : {"gad-2", "k6", "psc-17", "pc-ptsd-5", "sisq-drug"}) {
    EXPECT_TRUE(says(screening_of(with_points(instrument, 1)).issues, "the cut-off needs clinical review"))
        << instrument;
  }
  for (const char* instrument : {"phq-9", "gad-7", "pcl-5", "who-5", "epds"}) {
    EXPECT_FALSE(says(screening_of(with_points(instrument, 1)).issues, "clinical review")) << instrument;
  }
}

// ---- contradiction, lateness
// ------------------------------------------------------------------------------------------

TEST(Instruments, AContradictoryTotalIsKeptBesideOursForEveryInstrument) {
  for (const Instrument& instrument : instruments()) {
    if (instrument.scoring == Scoring::None) continue;
    ScreeningReport report = with_points(instrument.id, 1 * std::max(1, instrument.items[0].step));
    ReportedItem total = worded("Total score", {answer_number(instrument.max)}, "integer");
    report.items.push_back(total);
    const Screening screening = screening_of(report, "female");
    ASSERT_TRUE(screening.total) << instrument.id;
    EXPECT_NE(*screening.total, instrument.max) << instrument.id;
    EXPECT_EQ(screening.stated_total, instrument.max) << instrument.id;
    EXPECT_TRUE(says(screening.issues, "stated total differs")) << instrument.id;
  }
}

TEST(Instruments, AFormWithOneAnswerMissingHasNoTotalForEveryInstrument) {
  for (const Instrument& instrument : instruments()) {
    if (instrument.items.size() < 2 || instrument.scoring == Scoring::None) continue;
    ScreeningReport report = with_points(instrument.id, 0);
    report.items.back().answers.clear();
    if (instrument.id == "mdq") report.items[0].answers.clear();
    const Screening screening = screening_of(report, "female");
    EXPECT_FALSE(screening.total) << instrument.id;
    EXPECT_FALSE(screening.complete) << instrument.id;
    EXPECT_TRUE(says(screening.issues, "missing")) << instrument.id;
  }
}

}  // namespace
}  // namespace bhi::care::test
