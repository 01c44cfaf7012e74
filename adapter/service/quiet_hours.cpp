#include "service/quiet_hours.h"

#include <charconv>

namespace bhi::service {

namespace {

std::optional<int> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int hour = 0, minute = 0;
  const auto digits = [](std::string_view two, int& value) {
    const auto [end, error] = std::from_chars(two.data(), two.data() + 2, value);
    return error == std::errc() && end == two.data() + 2;
  };
  if (!digits(text.substr(0, 2), hour) || !digits(text.substr(3), minute) || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59) {
    return std::nullopt;
  }
  return hour * 60 + minute;
}

// The moment at which the wall there shows this minute of that day, which may have 23 or 25 hours; within an hour of a
// clock change it may be an hour off.
Instant moment_of(std::chrono::year_month_day day, int minute, const TimeZone& zone) {
  if (minute < 2 * 60) return zone.start_of(day) + std::chrono::minutes(minute);
  // Clocks change at two or three in the morning: what lies behind is counted back from the end of the day.
  const std::chrono::year_month_day next(std::chrono::sys_days(day) + std::chrono::days(1));
  return zone.start_of(next) - std::chrono::minutes(24 * 60 - minute);
}

}  // namespace

std::optional<QuietHours> QuietHours::read(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = minute_of(text.substr(0, 5));
  const auto to = minute_of(text.substr(6));
  if (!from || !to || *from == *to) return std::nullopt;
  return QuietHours{*from, *to};
}

std::optional<Instant> QuietHours::end_of(Instant now, const TimeZone& zone) const {
  if (from == to) return std::nullopt;
  const auto today = zone.date_of(now);
  for (const int day : {-1, 0}) {
    const std::chrono::year_month_day first(std::chrono::sys_days(today) + std::chrono::days(day));
    const std::chrono::year_month_day last =
        to > from ? first : std::chrono::year_month_day(std::chrono::sys_days(first) + std::chrono::days(1));
    const Instant begin = moment_of(first, from, zone);
    const Instant end = moment_of(last, to, zone);
    if (now >= begin && now < end) return end;
  }
  return std::nullopt;
}

}  // namespace bhi::service
