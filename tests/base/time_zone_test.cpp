#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace bhi {
namespace {

TimeZone zone(std::string_view name) { return TimeZone::find(name).value(); }
Instant at(std::string_view text) { return *instant_from(text); }
std::chrono::year_month_day day(std::string_view text) { return *date_from(text); }

TEST(TimeZone, AnUnknownNameIsIncorrect) {
  const auto found = TimeZone::find("America/Nowhere");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, Kind::Incorrect);
}

TEST(TimeZone, TheDateIsThatOfThePlace) {
  EXPECT_EQ(to_text(zone("America/New_York").date_of(at("2026-03-01T04:59:59Z"))), "2026-02-28");
  EXPECT_EQ(to_text(zone("America/New_York").date_of(at("2026-03-01T05:00:00Z"))), "2026-03-01");
  EXPECT_EQ(to_text(zone("Pacific/Honolulu").date_of(at("2026-03-01T09:59:59Z"))), "2026-02-28");
  EXPECT_EQ(to_text(zone("Asia/Kolkata").date_of(at("2026-02-28T18:30:00Z"))), "2026-03-01");
}

TEST(TimeZone, DaylightSavingMovesTheStartOfTheDay) {
  const TimeZone denver = zone("America/Denver");
  EXPECT_EQ(to_text(denver.start_of(day("2026-03-08"))), "2026-03-08T07:00:00.000Z");
  EXPECT_EQ(to_text(denver.start_of(day("2026-03-09"))), "2026-03-09T06:00:00.000Z") << "a day of 23 hours";
  EXPECT_EQ(to_text(denver.start_of(day("2026-11-01"))), "2026-11-01T06:00:00.000Z");
  EXPECT_EQ(to_text(denver.start_of(day("2026-11-02"))), "2026-11-02T07:00:00.000Z") << "a day of 25 hours";
}

TEST(TimeZone, ADayWithoutMidnightBeginsWhenTheClockJumps) {
  // Santiago's clocks go from 24:00 to 01:00 in September.
  const TimeZone santiago = zone("America/Santiago");
  const Instant start = santiago.start_of(day("2026-09-06"));
  EXPECT_EQ(to_text(santiago.date_of(start)), "2026-09-06");
  EXPECT_EQ(to_text(santiago.date_of(start - std::chrono::milliseconds{1})), "2026-09-05");
}

}  // namespace
}  // namespace bhi
