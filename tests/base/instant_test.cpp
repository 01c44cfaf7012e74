#include "base/instant.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace bhi {
namespace {

std::string read(std::string_view text) {
  const auto instant = instant_from(text);
  return instant ? to_text(*instant) : "none";
}

TEST(Instant, IsReadInTheZoneItStatesAndKeptInUtc) {
  EXPECT_EQ(read("2026-11-22T09:30:00Z"), "2026-11-22T09:30:00.000Z");
  EXPECT_EQ(read("2026-11-22T23:30:00-05:00"), "2026-11-23T04:30:00.000Z");
  EXPECT_EQ(read("2026-01-01T00:15:00+05:45"), "2025-12-31T18:30:00.000Z");
  EXPECT_EQ(read("2022-11-29T20:50:32.718Z"), "2022-11-29T20:50:32.718Z");
}

TEST(Instant, WithoutATimeIsItsFirstMoment) {
  EXPECT_EQ(read("2026"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(read("2026-11"), "2026-11-01T00:00:00.000Z");
  EXPECT_EQ(read("2024-02-29"), "2024-02-29T00:00:00.000Z");
}

TEST(Instant, KeepsMillisecondsAndDropsFinerDigits) {
  EXPECT_EQ(read("2026-02-19T22:09:14.800706982+01:00"), "2026-02-19T21:09:14.800Z");
  EXPECT_EQ(read("2026-02-19T22:09:14.8Z"), "2026-02-19T22:09:14.800Z");
  EXPECT_EQ(read("2026-02-19T22:09:14.08Z"), "2026-02-19T22:09:14.080Z");
}

TEST(Instant, ALeapSecondIsTheNextMinute) { EXPECT_EQ(read("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z"); }

TEST(Instant, WhatIsNoTimeIsNone) {
  for (const char* text : {"",
                           " ",
                           "26",
                           "2026-",
                           "2026-1",
                           "2026-13",
                           "2026-00",
                           "2026-02-30",
                           "2025-02-29",
                           "2026-11-22T",
                           "2026-11-22T9:30:00Z",
                           "2026-11-22T24:00:00Z",
                           "2026-11-22T25:00:00Z",
                           "2026-11-22T09:60:00Z",
                           "2026-11-22T09:30:61Z",
                           "2026-11-22T09:30:00.Z",
                           "2026-11-22T09:30:00+15:00",
                           "2026-11-22T09:30:00+05:60",
                           "2026-11-22T09:30:00Zulu",
                           "2026-11-22 09:30:00Z",
                           "2026T09:30:00Z",
                           "2026-11T09:30:00Z",
                           "2026-11-22x",
                           "+2026-11-22",
                           "yesterday"}) {
    EXPECT_EQ(read(text), "none") << text;
  }
}

TEST(Instant, TextAndInstantAreInverse) {
  for (const char* text : {"1969-12-31T23:59:59.999Z", "1900-01-01T00:00:00.000Z", "2026-11-22T09:30:00.000Z"}) {
    EXPECT_EQ(read(text), text);
  }
}

TEST(Date, IsTheDayInTheZoneThatTheTextStates) {
  EXPECT_EQ(to_text(*date_from("2026-11-22T23:30:00-05:00")), "2026-11-22");
  EXPECT_EQ(to_text(*date_from("2026-11-22")), "2026-11-22");
  EXPECT_EQ(to_text(*date_from("2026")), "2026-01-01");
  EXPECT_FALSE(date_from("2026-11-31"));
  EXPECT_FALSE(date_from("2026-11-22Z"));
  EXPECT_FALSE(date_from(""));
}

TEST(Instant, DoesNotDependOnTheZoneOfTheMachine) {
  for (const char* zone : {"UTC", "America/New_York", "Asia/Kathmandu"}) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    EXPECT_EQ(read("2026-07-01T12:00:00-04:00"), "2026-07-01T16:00:00.000Z") << zone;
    EXPECT_EQ(read("2026-11"), "2026-11-01T00:00:00.000Z") << zone;
  }
  ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace bhi
