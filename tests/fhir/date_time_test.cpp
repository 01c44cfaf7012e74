#include "fhir/date_time.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

DateTime dt(std::string_view text) {
  const auto value = parse_date_time(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(DateTime{});
}

// "<", "=", ">" or "?" for unknown.
std::string order(const std::optional<std::strong_ordering>& found) {
  return !found ? "?" : *found < 0 ? "<" : *found > 0 ? ">" : "=";
}

std::string order(std::string_view a, std::string_view b, int zone = 0) { return order(compare(dt(a), dt(b), zone)); }

std::string plus_text(std::string_view text, std::int64_t amount, CalendarUnit unit) {
  const auto sum = plus(dt(text), amount, unit);
  return sum ? to_text(*sum) : "none";
}

TEST(DateTime, PrintsWhatItRead) {
  for (const char* kept :
       {"2026", "2026-11", "2026-11-22", "2026-11-22T09", "2026-11-22T09:30", "2026-11-22T09:30:05",
        "2026-11-22T09:30:05Z", "2026-11-22T09:30:05.10-05:30", "2026-11-22T09:30:05.123456789+14:00",
        "0001-01-01T00:00:00+00:00", "2016-12-31T23:59:60Z"}) {
    EXPECT_EQ(to_text(dt(kept)), kept);
  }
  EXPECT_EQ(to_text(dt("2015T")), "2015");
  EXPECT_EQ(to_text(*parse_time("14:30:00.50")), "14:30:00.50");
}

TEST(DateTime, RefusesWhatTheCalendarDoesNotHave) {
  for (const char* wrong :
       {"", "0000", "26", "2026-13", "2026-02-29", "2026-2-1", "2026-11-22T", "2026-11-22 09:30:00Z",
        "2026-11-22T24:00:00Z", "2026-11-22T09:30:05.Z", "2026-11-22T09:30:61Z", "2026-11-22T09:30:05+14:01",
        "2026-11-22T09:30:05+1:00", "2026-11-22Z", "2026-11T09"}) {
    EXPECT_EQ(parse_date_time(wrong).has_value(), std::string_view(wrong) == "2026-11-22T") << wrong;
  }
  EXPECT_FALSE(parse_date("2026-11-22T09:30:00Z").has_value());
  EXPECT_FALSE(parse_instant("2026-11-22T09:30:00").has_value());
  EXPECT_TRUE(parse_instant("2026-11-22T09:30:00Z").has_value());
  EXPECT_FALSE(is_fhir_date_time("2026-11-22T09:30Z"));
  EXPECT_FALSE(is_fhir_date_time("2026-11-22T"));
  EXPECT_TRUE(is_fhir_date_time("2026-11"));
}

TEST(DateTime, ComparesAsFarAsBothGo) {
  EXPECT_EQ(order("2012", "2013-01-05"), "<");
  EXPECT_EQ(order("2012", "2012-01-05"), "?");
  EXPECT_EQ(order("2012-04-15", "2012-04-15T10:00:00"), "?");
  EXPECT_EQ(order("2012-04-15T10:00:05", "2012-04-15T10:00:05.000"), "=");
  EXPECT_EQ(order("2012-04-15T10:00:05.1", "2012-04-15T10:00:05.09"), ">");
  EXPECT_EQ(order("2012-04-15T15:00:00Z", "2012-04-15T10:00:00-05:00"), "=");
  EXPECT_EQ(order("2012-04-15T15:00:00Z", "2012-04-15T10:00:00", -300), "=");
  EXPECT_EQ(order("2012-04-15T15:00:00Z", "2012-04-15T10:00:00", 0), ">");
  EXPECT_EQ(order("2012-01-01T00:30:00+01:00", "2011-12-31T23:30:00Z"), "=");
  EXPECT_EQ(order(compare(*parse_time("10:00"), *parse_time("10:00:00"))), "?");
  EXPECT_EQ(order(compare(*parse_time("10:00"), *parse_time("11:00:00"))), "<");
}

TEST(DateTime, KnowsItsFirstAndLastMoment) {
  EXPECT_EQ(to_text(first_moment(dt("2026-02"))), "2026-02-01T00:00:00.000Z");
  EXPECT_EQ(to_text(last_moment(dt("2024-02"))), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(to_text(last_moment(dt("2024"))), "2024-12-31T23:59:59.999Z");
  EXPECT_EQ(to_text(first_moment(dt("2026-11-22T23:30:00.25-05:00"))), "2026-11-23T04:30:00.250Z");
  EXPECT_EQ(to_text(first_moment(dt("2026-11-22"), 60)), "2026-11-21T23:00:00.000Z");
  EXPECT_EQ(to_text(date_time_of(first_moment(dt("2026-11-22T01:00:00.5Z")), -90)), "2026-11-21T23:30:00.500-01:30");
  EXPECT_EQ(to_text(date_time_of(first_moment(dt("1969-12-31T23:59:59.5Z")))), "1969-12-31T23:59:59.500Z");
}

TEST(DateTime, AddsByTheCalendar) {
  using enum CalendarUnit;
  EXPECT_EQ(plus_text("2024-01-31", 1, Month), "2024-02-29");
  EXPECT_EQ(plus_text("2024-02-29", -1, Year), "2023-02-28");
  EXPECT_EQ(plus_text("2024", 24, Month), "2026");
  EXPECT_EQ(plus_text("2024", 364, Day), "2024");
  EXPECT_EQ(plus_text("2024", 366, Day), "2025");
  EXPECT_EQ(plus_text("2024-02", 59, Day), "2024-03");
  EXPECT_EQ(plus_text("2024-02-28", 23, Hour), "2024-02-28");
  EXPECT_EQ(plus_text("2024-02-28", 2, Week), "2024-03-13");
  EXPECT_EQ(plus_text("2024-02-28T23:59:59.5+01:00", 600, Millisecond), "2024-02-29T00:00:00.100+01:00");
  EXPECT_EQ(plus_text("2024-03-01T00:00:00Z", -1, Millisecond), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(plus_text("9999-12-31", 1, Day), "none");
  EXPECT_EQ(plus_text("0001-01-01", -1, Day), "none");
  EXPECT_EQ(plus_text("2024-01-01", INT64_MAX, Year), "none");
  EXPECT_EQ(plus_text("2024-01-01", INT64_MIN, Millisecond), "none");
  EXPECT_EQ(to_text(*plus(*parse_time("23:30"), 61, Minute)), "00:31");
  EXPECT_EQ(to_text(*plus(*parse_time("00:00:00"), -1, Second)), "23:59:59");
}

}  // namespace
}  // namespace bhi::fhir
