#include "care/posted.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

bool is_gate(const Instrument& instrument, const InstrumentItem& item) {
  return instrument.scoring != Scoring::None &&
         std::ranges::any_of(instrument.items, [&](const InstrumentItem& one) { return one.only_after == item.n; });
}

TEST(Posted, ScoresBecomeAScreeningOfTheBhiSide) {
  for (const Instrument& instrument : instruments()) {
    std::vector<PostedItem> items;
    for (const InstrumentItem& item : instrument.items)
      items.push_back({item.n, item.role == ItemRole::Scored ? item.step : is_gate(instrument, item) ? 1 : 0});
    auto report = report_of_posted(instrument.id, "2026-11-22T09:00:00Z", items);
    ASSERT_TRUE(report.ok()) << instrument.id;
    report->id = "new";
    report->patient = "pat1";
    const Applied applied = apply_all({*report});
    ASSERT_EQ(applied.after.screenings.size(), 1U) << instrument.id;
    EXPECT_EQ(applied.after.screenings[0].instrument, instrument.id);
    EXPECT_TRUE(applied.after.screenings[0].complete) << instrument.id;
    std::optional<int> total;
    if (instrument.scoring != Scoring::None) {
      total = 0;
      for (const InstrumentItem& item : instrument.items) *total += item.role == ItemRole::Scored ? item.step : 0;
      if (instrument.scoring == Scoring::SumTimesFour) *total *= 4;
    }
    EXPECT_EQ(applied.after.screenings[0].total, total) << instrument.id;
    EXPECT_EQ(applied.after.screenings[0].source.system, "bhi");
    EXPECT_EQ(intents_of(applied, Intent::Artifact::ScreeningResult).size(), 1U);
  }
}

TEST(Posted, EverythingThatIsWrongIsSaidAtOnce) {
  const std::vector<PostedItem> items{{1, 4}, {2, 1}, {2, 2}, {12, 0}, {3, -1}};
  const auto report = report_of_posted("phq-9", "2026-11-22", items);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().kind, Kind::Incorrect);
  EXPECT_EQ(
      report.error().message,
      "item 1: expected 0 to 3, found 4; item 2: expected once; item 2: expected once; item 12: expected 1 to 10; "
      "item 3: expected 0 to 3, found -1");
  EXPECT_FALSE(report_of_posted("phq-10", "2026-11-22", items).ok());
  EXPECT_FALSE(report_of_posted("phq-9", "2026-11-22", {}).ok());
}

TEST(Posted, AnUnansweredItemStaysUnanswered) {
  const std::vector<PostedItem> items{{1, 1}, {2, std::nullopt}};
  auto report = report_of_posted("phq-2", "2026-11-22", items);
  ASSERT_TRUE(report.ok());
  report->id = "new";
  EXPECT_FALSE(screening_of(*report).total);
}

}  // namespace
}  // namespace bhi::care::test
