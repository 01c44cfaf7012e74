#include "fhir/date_time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <span>

namespace bhi::fhir {

namespace {

using namespace std::chrono;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMillisPerDay = 1000 * kSecondsPerDay;
constexpr std::int64_t kLargestSpan = 20'000 * 366 * kMillisPerDay;  // more than the calendar has
constexpr int kFarthestZone = 14 * 60;
constexpr int kFirstYear = 1;
constexpr int kLastYear = 9999;
constexpr std::int64_t kFirstSecond = sys_days{year{kFirstYear} / 1 / 1}.time_since_epoch().count() * kSecondsPerDay;
constexpr std::int64_t kLastSecond =
    sys_days{year{kLastYear + 1} / 1 / 1}.time_since_epoch().count() * kSecondsPerDay - 1;

std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, DateTime& value) {
  const auto y = take_digits(text, 4);
  if (!y || *y == 0) return false;
  value.year = static_cast<std::int16_t>(*y);
  value.precision = Precision::Year;
  if (!take(text, '-')) return true;
  const auto m = take_digits(text, 2);
  if (!m || *m < 1 || *m > 12) return false;
  value.month = static_cast<std::uint8_t>(*m);
  value.precision = Precision::Month;
  if (!take(text, '-')) return true;
  const auto d = take_digits(text, 2);
  if (!d || !(year{*y} / *m / *d).ok()) return false;
  value.day = static_cast<std::uint8_t>(*d);
  value.precision = Precision::Day;
  return true;
}

bool take_fraction(std::string_view& text, Time& value) {
  std::uint32_t weight = kNanosPerSecond / 10;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    if (count >= 9) continue;  // finer than a nanosecond
    value.nanosecond += weight * static_cast<std::uint32_t>(text[count] - '0');
    weight /= 10;
  }
  value.fraction_digits = static_cast<std::uint8_t>(std::min<std::size_t>(count, 9));
  text.remove_prefix(count);
  return count > 0;
}

bool take_time(std::string_view& text, Time& value) {
  const auto h = take_digits(text, 2);
  if (!h || *h > 23) return false;
  value.hour = static_cast<std::uint8_t>(*h);
  value.precision = Precision::Hour;
  if (!take(text, ':')) return true;
  const auto m = take_digits(text, 2);
  if (!m || *m > 59) return false;
  value.minute = static_cast<std::uint8_t>(*m);
  value.precision = Precision::Minute;
  if (!take(text, ':')) return true;
  const auto s = take_digits(text, 2);
  if (!s || *s > 60) return false;
  value.second = static_cast<std::uint8_t>(*s);
  value.precision = Precision::Second;
  return !take(text, '.') || take_fraction(text, value);
}

bool take_zone(std::string_view& text, DateTime& value) {
  if (text.empty()) return true;
  if (take(text, 'Z')) {
    value.utc_letter = true;
    value.offset_minutes = std::int16_t{0};
    return true;
  }
  const bool minus = text.front() == '-';
  if (!take(text, minus ? '-' : '+')) return false;
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ':')) return false;
  const auto m = take_digits(text, 2);
  if (!m || *m > 59 || *h * 60 + *m > kFarthestZone) return false;
  const int offset = *h * 60 + *m;
  value.offset_minutes = static_cast<std::int16_t>(minus ? -offset : offset);
  return true;
}

void put_digits(std::string& text, std::uint32_t value, std::size_t count) {
  text.append(count, '0');
  for (auto digit = text.rbegin(); value != 0 && count > 0; ++digit, --count, value /= 10) {
    *digit = static_cast<char>('0' + value % 10);
  }
}

void put_date(std::string& text, const DateTime& value) {
  put_digits(text, static_cast<std::uint32_t>(value.year), 4);
  if (value.precision == Precision::Year) return;
  text += '-';
  put_digits(text, value.month, 2);
  if (value.precision == Precision::Month) return;
  text += '-';
  put_digits(text, value.day, 2);
}

void put_time(std::string& text, const Time& value) {
  put_digits(text, value.hour, 2);
  if (value.precision == Precision::Hour) return;
  text += ':';
  put_digits(text, value.minute, 2);
  if (value.precision == Precision::Minute) return;
  text += ':';
  put_digits(text, value.second, 2);
  if (value.fraction_digits == 0) return;
  text += '.';
  put_digits(text, value.nanosecond, 9);
  text.resize(text.size() - (9 - value.fraction_digits));
}

std::int64_t seconds_of(const Time& time) { return (time.hour * 60 + time.minute) * 60 + time.second; }

void set_seconds(Time& time, std::int64_t seconds_of_day) {
  time.hour = static_cast<std::uint8_t>(seconds_of_day / 3600);
  time.minute = static_cast<std::uint8_t>(seconds_of_day / 60 % 60);
  time.second = static_cast<std::uint8_t>(seconds_of_day % 60);
}

// Seconds since 1970 of its first moment, as if its zone were UTC. A leap second is the first of the next minute.
std::int64_t local_seconds(const DateTime& value) {
  const sys_days date = year{value.year} / value.month / value.day;
  return date.time_since_epoch().count() * kSecondsPerDay + seconds_of(value.time);
}

// The value moved to other seconds, its precision and zone as they were. The calendar must have room.
DateTime at_seconds(const DateTime& value, std::int64_t when) {
  DateTime moved = value;
  const sys_days date{days{when >= 0 ? when / kSecondsPerDay : -((-when + kSecondsPerDay - 1) / kSecondsPerDay)}};
  const year_month_day ymd{date};
  moved.year = static_cast<std::int16_t>(static_cast<int>(ymd.year()));
  moved.month = static_cast<std::uint8_t>(static_cast<unsigned>(ymd.month()));
  moved.day = static_cast<std::uint8_t>(static_cast<unsigned>(ymd.day()));
  set_seconds(moved.time, when - date.time_since_epoch().count() * kSecondsPerDay);
  return moved;
}

DateTime in_zone(const DateTime& value, int offset_minutes) {
  if (!value.has_time() || !value.offset_minutes || *value.offset_minutes == offset_minutes) return value;
  return at_seconds(value, local_seconds(value) + (offset_minutes - *value.offset_minutes) * 60);
}

// Years and months as they are: the day is cut to the length of the month it lands in.
std::optional<DateTime> plus_months(const DateTime& value, std::int64_t months_more) {
  const std::int64_t count = value.year * 12 + (value.month - 1) + months_more;
  if (count < kFirstYear * 12 || count >= (kLastYear + 1) * 12) return std::nullopt;
  DateTime moved = value;
  moved.year = static_cast<std::int16_t>(count / 12);
  moved.month = static_cast<std::uint8_t>(count % 12 + 1);
  const year_month_day_last end{year{moved.year} / month{moved.month} / last};
  moved.day = std::min(moved.day, static_cast<std::uint8_t>(static_cast<unsigned>(end.day())));
  return moved;
}

std::int64_t milliseconds_in(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::Year: return 365 * kMillisPerDay;
    case CalendarUnit::Month: return 30 * kMillisPerDay;
    case CalendarUnit::Week: return 7 * kMillisPerDay;
    case CalendarUnit::Day: return kMillisPerDay;
    case CalendarUnit::Hour: return 3'600'000;
    case CalendarUnit::Minute: return 60'000;
    case CalendarUnit::Second: return 1000;
    case CalendarUnit::Millisecond: return 1;
  }
  return 1;
}

std::int64_t milliseconds_in(Precision precision) {
  constexpr std::array kUnits{CalendarUnit::Year, CalendarUnit::Month,  CalendarUnit::Day,
                              CalendarUnit::Hour, CalendarUnit::Minute, CalendarUnit::Millisecond};
  return milliseconds_in(kUnits[static_cast<std::size_t>(precision)]);
}

// Amount in milliseconds, cut to whole steps of the precision.
std::optional<std::int64_t> milliseconds_of(std::int64_t amount, CalendarUnit unit, Precision precision) {
  const std::int64_t size = milliseconds_in(unit);
  if (amount > kLargestSpan / size || amount < -kLargestSpan / size) return std::nullopt;
  const std::int64_t step = milliseconds_in(precision);
  return amount * size / step * step;
}

void add_milliseconds(Time& time, std::int64_t& seconds, std::int64_t milliseconds) {
  const std::int64_t nanos = time.nanosecond + milliseconds % 1000 * 1'000'000;
  seconds += milliseconds / 1000 + (nanos < 0 ? -1 : nanos / kNanosPerSecond);
  time.nanosecond = static_cast<std::uint32_t>((nanos + kNanosPerSecond) % kNanosPerSecond);
  if (milliseconds % 1000 != 0) time.fraction_digits = std::max<std::uint8_t>(time.fraction_digits, 3);
}

// Compares field by field, as far as both go.
std::optional<std::strong_ordering> compare_fields(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  if (a.size() != b.size()) return std::nullopt;
  return std::strong_ordering::equal;
}

std::int64_t nanos_of_minute(const Time& time) { return time.second * kNanosPerSecond + time.nanosecond; }

}  // namespace

std::optional<DateTime> parse_date(std::string_view text) {
  DateTime value;
  if (!take_date(text, value) || !text.empty()) return std::nullopt;
  return value;
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  DateTime value;
  if (!take_date(text, value)) return std::nullopt;
  if (text.empty() || text == "T") return value;
  if (value.precision != Precision::Day || !take(text, 'T') || !take_time(text, value.time)) return std::nullopt;
  if (!take_zone(text, value) || !text.empty()) return std::nullopt;
  value.precision = value.time.precision;
  return value;
}

std::optional<DateTime> parse_instant(std::string_view text) {
  const auto value = parse_date_time(text);
  return value && value->precision == Precision::Second && value->offset_minutes ? value : std::nullopt;
}

std::optional<Time> parse_time(std::string_view text) {
  Time value;
  if (!take_time(text, value) || !text.empty()) return std::nullopt;
  return value;
}

bool is_fhir_date_time(std::string_view text) {
  const auto value = parse_date_time(text);
  if (!value || text.ends_with('T')) return false;
  return !value->has_time() || (value->precision == Precision::Second && value->offset_minutes.has_value());
}

std::string to_text(const DateTime& value) {
  std::string text;
  put_date(text, value);
  if (!value.has_time()) return text;
  text += 'T';
  put_time(text, value.time);
  if (value.utc_letter) {
    text += 'Z';
  } else if (value.offset_minutes) {
    const auto minutes_away = static_cast<std::uint32_t>(std::abs(*value.offset_minutes));
    text += *value.offset_minutes < 0 ? '-' : '+';
    put_digits(text, minutes_away / 60, 2);
    text += ':';
    put_digits(text, minutes_away % 60, 2);
  }
  return text;
}

std::string to_text(const Time& value) {
  std::string text;
  put_time(text, value);
  return text;
}

std::optional<std::strong_ordering> compare(const DateTime& a, const DateTime& b, int default_offset_minutes) {
  const auto fields = [&](const DateTime& given) {
    const DateTime value = in_zone(given, default_offset_minutes);
    return std::array<std::int64_t, 6>{value.year,      value.month,       value.day,
                                       value.time.hour, value.time.minute, nanos_of_minute(value.time)};
  };
  const auto x = fields(a);
  const auto y = fields(b);
  return compare_fields(std::span(x).first(static_cast<std::size_t>(a.precision) + 1),
                        std::span(y).first(static_cast<std::size_t>(b.precision) + 1));
}

std::optional<std::strong_ordering> compare(const Time& a, const Time& b) {
  const std::array<std::int64_t, 3> x{a.hour, a.minute, nanos_of_minute(a)};
  const std::array<std::int64_t, 3> y{b.hour, b.minute, nanos_of_minute(b)};
  const auto count = [](const Time& time) {
    return static_cast<std::size_t>(time.precision) - static_cast<std::size_t>(Precision::Hour) + 1;
  };
  return compare_fields(std::span(x).first(count(a)), std::span(y).first(count(b)));
}

Instant first_moment(const DateTime& value, int default_offset_minutes) {
  const int offset = value.offset_minutes.value_or(static_cast<std::int16_t>(default_offset_minutes));
  return Instant{seconds{local_seconds(value) - offset * 60}} + milliseconds{value.time.nanosecond / 1'000'000};
}

Instant last_moment(const DateTime& value, int default_offset_minutes) {
  const Instant first = first_moment(value, default_offset_minutes);
  switch (value.precision) {
    case Precision::Year:
    case Precision::Month: {
      const year_month_day_last end{year{value.year} /
                                    (value.precision == Precision::Year ? December : month{value.month}) / last};
      const auto length = sys_days{end} - sys_days{year{value.year} / value.month / value.day} + days{1};
      return first + length - milliseconds{1};
    }
    case Precision::Day: return first + days{1} - milliseconds{1};
    case Precision::Hour: return first + hours{1} - milliseconds{1};
    case Precision::Minute: return first + minutes{1} - milliseconds{1};
    case Precision::Second: break;
  }
  return value.time.fraction_digits == 0 ? first + milliseconds{999} : first;
}

DateTime date_time_of(Instant instant, int offset_minutes) {
  DateTime value;
  value.precision = Precision::Second;
  value.offset_minutes = static_cast<std::int16_t>(offset_minutes);
  value.utc_letter = offset_minutes == 0;
  const auto whole = floor<seconds>(instant);
  value.time.nanosecond = static_cast<std::uint32_t>((instant - whole).count() * 1'000'000);
  value.time.fraction_digits = 3;
  return at_seconds(value, whole.time_since_epoch().count() + offset_minutes * 60);
}

std::optional<DateTime> plus(const DateTime& value, std::int64_t amount, CalendarUnit unit) {
  if (amount > kLargestSpan || amount < -kLargestSpan) return std::nullopt;
  if (unit == CalendarUnit::Year) return plus_months(value, amount * 12);
  if (unit == CalendarUnit::Month)
    return plus_months(value, value.precision == Precision::Year ? amount / 12 * 12 : amount);
  const auto span = milliseconds_of(amount, unit, value.precision);
  if (!span) return std::nullopt;
  if (value.precision == Precision::Year) return plus_months(value, *span / milliseconds_in(CalendarUnit::Year) * 12);
  if (value.precision == Precision::Month) return plus_months(value, *span / milliseconds_in(CalendarUnit::Month));
  DateTime moved = value;
  std::int64_t when = local_seconds(value);
  add_milliseconds(moved.time, when, *span);
  if (when < kFirstSecond || when > kLastSecond) return std::nullopt;
  return at_seconds(moved, when);
}

std::optional<Time> plus(const Time& value, std::int64_t amount, CalendarUnit unit) {
  if (unit < CalendarUnit::Hour) return std::nullopt;
  const auto span = milliseconds_of(amount, unit, value.precision);
  if (!span) return std::nullopt;
  Time moved = value;
  std::int64_t when = seconds_of(value);
  add_milliseconds(moved, when, *span % kMillisPerDay);
  set_seconds(moved, (when % kSecondsPerDay + kSecondsPerDay) % kSecondsPerDay);
  return moved;
}

}  // namespace bhi::fhir
