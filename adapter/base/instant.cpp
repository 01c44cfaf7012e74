#include "base/instant.h"

#include <charconv>
#include <cstdio>

namespace bhi {

namespace {

using namespace std::chrono;

// Reads exactly `digits` decimal digits at the front of `text` and removes them.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<year_month_day> take_date(std::string_view& text) {
  const auto y = take_digits(text, 4);
  if (!y) return std::nullopt;
  int m = 1;
  int d = 1;
  if (take(text, '-')) {
    const auto month_digits = take_digits(text, 2);
    if (!month_digits) return std::nullopt;
    m = *month_digits;
    if (take(text, '-')) {
      const auto day_digits = take_digits(text, 2);
      if (!day_digits) return std::nullopt;
      d = *day_digits;
    }
  }
  const year_month_day date{year{*y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  return date.ok() ? std::optional(date) : std::nullopt;
}

// "Z", "+01:00", "-05:30"
std::optional<minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z')) return minutes{0};
  const bool minus = !text.empty() && text.front() == '-';
  if (!take(text, minus ? '-' : '+')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || *h > 14 || *m > 59) return std::nullopt;
  const minutes offset = hours{*h} + minutes{*m};
  return minus ? -offset : offset;
}

}  // namespace

std::string to_text(Instant instant) {
  const auto day_start = floor<days>(instant);
  const hh_mm_ss<milliseconds> time{instant - day_start};
  char text[40];
  std::snprintf(text, sizeof text, "%sT%02d:%02d:%02d.%03dZ", to_text(year_month_day{day_start}).c_str(),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text;
}

std::string to_text(year_month_day date) {
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

std::optional<year_month_day> date_from(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !(text.empty() || text.front() == 'T')) return std::nullopt;
  return date;
}

std::optional<Instant> instant_from(std::string_view text) {
  const std::string_view whole = text;
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  Instant instant = sys_days{*date};
  if (text.empty()) return instant;
  // A time of day needs a whole date before it.
  if (whole.find('T') != std::string_view{"YYYY-MM-DD"}.size() || !take(text, 'T')) return std::nullopt;
  const auto h = take_digits(text, 2);
  if (!h || *h > 23 || !take(text, ':')) return std::nullopt;
  const auto m = take_digits(text, 2);
  if (!m || *m > 59) return std::nullopt;
  int s = 0;
  int ms = 0;
  if (take(text, ':')) {
    const auto seconds_digits = take_digits(text, 2);
    if (!seconds_digits || *seconds_digits > 60) return std::nullopt;
    s = *seconds_digits;
    if (take(text, '.')) {
      int weight = 100;
      if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        ms += weight * (text.front() - '0');
        weight /= 10;
        text.remove_prefix(1);
      }
    }
  }
  instant += hours{*h} + minutes{*m} + seconds{s} + milliseconds{ms};
  if (text.empty()) return instant;
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return instant - *zone;
}

}  // namespace bhi
