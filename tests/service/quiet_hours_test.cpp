// Quiet hours by the clock on the wall, also in the nights in which it changes.
#include "service/quiet_hours.h"

#include <gtest/gtest.h>

namespace bhi::service {
namespace {

Instant at(const char* text) { return *instant_from(text); }

TEST(QuietHours, AreReadAsTwoTimes) {
  EXPECT_TRUE(QuietHours::read("22:00-06:00").has_value());
  for (const char* wrong : {"22-6", "24:00-06:00", "22:00-22:00", "22:60-06:00", "22:00 06:00", "aa:00-06:00", ""}) {
    EXPECT_FALSE(QuietHours::read(wrong).has_value()) << wrong;
  }
}

TEST(QuietHours, GoOverMidnightInTheZoneOfTheSite) {
  const auto hours = *QuietHours::read("22:00-06:00");
  const auto zone = *TimeZone::find("America/New_York");  // five hours behind in November
  EXPECT_EQ(hours.end_of(at("2026-11-22T02:59:00Z"), zone), std::nullopt);
  EXPECT_EQ(hours.end_of(at("2026-11-22T03:00:00Z"), zone), at("2026-11-22T11:00:00Z"));
  EXPECT_EQ(hours.end_of(at("2026-11-22T10:59:59Z"), zone), at("2026-11-22T11:00:00Z"));
  EXPECT_EQ(hours.end_of(at("2026-11-22T11:00:00Z"), zone), std::nullopt);
}

TEST(QuietHours, EndByTheWallOnADayOfAClockChange) {
  const auto hours = *QuietHours::read("22:00-06:00");
  const auto zone = *TimeZone::find("America/New_York");
  // 2026-11-01: clocks go back an hour at two; 2026-03-08: they go on.
  EXPECT_EQ(hours.end_of(at("2026-11-01T05:00:00Z"), zone), at("2026-11-01T11:00:00Z"));
  EXPECT_EQ(hours.end_of(at("2026-03-08T05:00:00Z"), zone), at("2026-03-08T10:00:00Z"));
}

}  // namespace
}  // namespace bhi::service
