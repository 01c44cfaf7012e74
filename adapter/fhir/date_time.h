// Dates and times as FHIR and FHIRPath have them: with the precision that was written, and the zone that was written or
// none. https://hl7.org/fhir/R4/datatypes.html#dateTime, https://hl7.org/fhirpath/#datetime-comparison
//
// Two values of different precision can be neither equal nor unequal: 2012-01 and 2012-01-15 compare as unknown.
#pragma once

#include "base/instant.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhir {

// Seconds and their fraction are one precision: 10:00:05 equals 10:00:05.0.
enum class Precision : std::uint8_t { Year, Month, Day, Hour, Minute, Second };

// Time of day. What lies below the precision is zero.
struct Time {
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;           // 60 in a leap second
  std::uint8_t fraction_digits = 0;  // as written, 0 to 9
  std::uint32_t nanosecond = 0;
  Precision precision = Precision::Second;  // Hour or finer
};

// A date (precision Year to Day, no zone) or a date with a time. What lies below the precision is its first moment: day
// 1, hour 0.
struct DateTime {
  std::int16_t year = 1;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  Time time;  // counts when precision is Hour or finer
  Precision precision = Precision::Day;
  std::optional<std::int16_t> offset_minutes;  // "+01:00" is 60
  bool utc_letter = false;                     // the zone was written as Z

  bool has_time() const { return precision >= Precision::Hour; }
};

// YYYY, YYYY-MM, YYYY-MM-DD; real days of the calendar, years 0001 to 9999. Empty when it is something else.
std::optional<DateTime> parse_date(std::string_view text);
// A date, or a date with Thh[:mm[:ss[.fff]]] and a zone (Z, +hh:mm, -hh:mm, at most 14:00) or none; FHIRPath's "2015T"
// too. FHIR itself asks for seconds and a zone where there is a time: see is_fhir_date_time.
std::optional<DateTime> parse_date_time(std::string_view text);
// With seconds and zone.
std::optional<DateTime> parse_instant(std::string_view text);
// hh[:mm[:ss[.fff]]]; FHIR asks for seconds.
std::optional<Time> parse_time(std::string_view text);

// Is it a FHIR dateTime: a date, or a date with a time down to the second and a zone?
bool is_fhir_date_time(std::string_view text);

// As they were read.
using bhi::to_text;  // of an Instant
std::string to_text(const DateTime& value);
std::string to_text(const Time& value);

// Empty = unknown: equal as far as both go, and one goes further. Values without a zone are taken to be in the given
// one.
std::optional<std::strong_ordering> compare(const DateTime& a, const DateTime& b, int default_offset_minutes = 0);
std::optional<std::strong_ordering> compare(const Time& a, const Time& b);

// The first moment that the value can mean, and the last millisecond.
Instant first_moment(const DateTime& value, int default_offset_minutes = 0);
Instant last_moment(const DateTime& value, int default_offset_minutes = 0);
// With milliseconds, in the given zone (0 is written Z).
DateTime date_time_of(Instant instant, int offset_minutes = 0);

enum class CalendarUnit : std::uint8_t { Year, Month, Week, Day, Hour, Minute, Second, Millisecond };

// Calendar arithmetic of FHIRPath (https://hl7.org/fhirpath/#datetime-arithmetic): 31 January plus a month is the last
// of February; a unit finer than the value's precision counts in whole units of that precision (30 days a month, 365 a
// year). Empty when it leaves the years 1 to 9999. A time of day wraps around midnight.
std::optional<DateTime> plus(const DateTime& value, std::int64_t amount, CalendarUnit unit);
std::optional<Time> plus(const Time& value, std::int64_t amount, CalendarUnit unit);  // hour or finer

}  // namespace bhi::fhir
