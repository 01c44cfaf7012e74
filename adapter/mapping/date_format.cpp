#include "mapping/date_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <tuple>

namespace bhi::mapping {

namespace {

struct Parts {
  int year = -1, month = -1, day = -1;
  int hour = -1, minute = -1, second = -1;
  std::string fraction;
  std::string zone;
  std::optional<bool> afternoon;
};

std::string padded(int value, std::size_t width) {
  std::string digits = std::to_string(value);
  return digits.size() >= width ? digits : std::string(width - digits.size(), '0') + digits;
}

bool take_number(std::string_view& text, std::size_t least, std::size_t most, int& value) {
  std::size_t length = 0;
  while (length < most && length < text.size() && text[length] >= '0' && text[length] <= '9') ++length;
  if (length < least) return false;
  std::from_chars(text.data(), text.data() + length, value);
  text.remove_prefix(length);
  return true;
}

bool take_zone(std::string_view& text, std::string& zone) {
  if (text.starts_with('Z')) {
    zone = "Z";
    text.remove_prefix(1);
    return true;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) return false;
  const char sign = text.front();
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, 2, hours)) return false;
  if (text.starts_with(':')) text.remove_prefix(1);
  if (!take_number(text, 2, 2, minutes) || hours > 14 || minutes > 59) return false;
  zone = sign + padded(hours, 2) + ":" + padded(minutes, 2);
  return true;
}

bool take_half(std::string_view& text, std::optional<bool>& afternoon) {
  if (text.empty()) return false;
  const char first = static_cast<char>(text.front() | 0x20);
  if (first != 'a' && first != 'p') return false;
  afternoon = first == 'p';
  text.remove_prefix(1);
  if (!text.empty() && (text.front() | 0x20) == 'm') text.remove_prefix(1);
  return true;
}

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

// An English name of a month, its first three letters or all of it.
bool take_month(std::string_view& text, bool whole, int& month) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    const std::string_view name = whole ? kMonths[i] : kMonths[i].substr(0, 3);
    const bool fits =
        text.size() >= name.size() && std::equal(name.begin(), name.end(), text.begin(),
                                                 [](char a, char b) { return a == static_cast<char>(b | 0x20); });
    if (!fits) continue;
    month = static_cast<int>(i) + 1;
    text.remove_prefix(name.size());
    return true;
  }
  return false;
}

// One run of the same letter of the format, against the text. Nothing: no format code but literal characters.
std::optional<bool> take_code(char letter, std::size_t count, std::string_view& text, Parts& parts) {
  const std::size_t least = count == 1 ? 1 : 2;
  switch (letter) {
    case 'y': {
      if (count != 2) return take_number(text, 4, 4, parts.year);
      if (!take_number(text, 2, 2, parts.year)) return false;
      parts.year += parts.year < 50 ? 2000 : 1900;
      return true;
    }
    case 'M': return count > 2 ? take_month(text, count > 3, parts.month) : take_number(text, least, 2, parts.month);
    case 'd': return take_number(text, least, 2, parts.day);
    case 'H':
    case 'h': return take_number(text, least, 2, parts.hour);
    case 'm': return take_number(text, least, 2, parts.minute);
    case 's': return take_number(text, least, 2, parts.second);
    case 'S': {
      const std::string_view digits = text.substr(0, count);
      if (digits.size() != count || digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
      parts.fraction = digits;
      text.remove_prefix(count);
      return true;
    }
    case 'a': return take_half(text, parts.afternoon);
    case 'Z': return take_zone(text, parts.zone);
    default: return std::nullopt;
  }
}

Error mismatch(std::string_view format) {
  return {Kind::Incorrect, "expected a text in the format '" + std::string(format) + "', found another"};
}

Result<Parts> parse(std::string_view text, std::string_view format) {
  Parts parts;
  for (std::size_t at = 0; at < format.size();) {
    const char letter = format[at];
    std::size_t count = 1;
    while (at + count < format.size() && format[at + count] == letter) ++count;
    if (letter == 'z') return Error{Kind::Unsupported, "format code 'z' (names of zones) is not supported"};
    if (const std::optional<bool> taken = take_code(letter, count, text, parts)) {
      if (!*taken) return mismatch(format);
    } else {
      if (!text.starts_with(format.substr(at, count))) return mismatch(format);
      text.remove_prefix(count);
    }
    at += count;
  }
  if (!text.empty()) return mismatch(format);
  if (parts.afternoon && (parts.hour < 1 || parts.hour > 12)) return mismatch(format);
  if (parts.afternoon) parts.hour = parts.hour % 12 + (*parts.afternoon ? 12 : 0);
  return parts;
}

Result<std::string> date_text(const Parts& parts) {
  if (parts.year < 0) return Error{Kind::Incorrect, "expected a year in the format, found none"};
  std::string text = padded(parts.year, 4);
  if (parts.month < 0) return text;
  const auto date =
      std::chrono::year_month_day{std::chrono::year{parts.year}, std::chrono::month{static_cast<unsigned>(parts.month)},
                                  std::chrono::day{static_cast<unsigned>(parts.day < 0 ? 1 : parts.day)}};
  if (!date.ok()) return Error{Kind::Incorrect, "expected a day of the calendar, found none such"};
  text += "-" + padded(parts.month, 2);
  return parts.day < 0 ? text : text + "-" + padded(parts.day, 2);
}

Result<std::string> time_text(const Parts& parts) {
  if (parts.hour < 0 || parts.hour > 23 || parts.minute < 0 || parts.minute > 59 || parts.second > 59) {
    return Error{Kind::Incorrect, "expected a time of day, found none such"};
  }
  std::string text = padded(parts.hour, 2) + ":" + padded(parts.minute, 2) + ":" + padded(std::max(parts.second, 0), 2);
  return parts.fraction.empty() ? text : text + "." + parts.fraction;
}

Result<std::string> to_text(const Parts& parts, DateKind kind) {
  if (kind == DateKind::Time) return time_text(parts);
  BHI_TRY(std::string text, date_text(parts));
  if (kind == DateKind::Date || parts.hour < 0) return text;
  if (parts.day < 0) return Error{Kind::Incorrect, "expected a day before the time, found none"};
  BHI_TRY(const std::string time, time_text(parts));
  return text + "T" + time + (parts.zone.empty() ? "Z" : parts.zone);
}

}  // namespace

Result<std::string> parse_date(std::string_view text, std::string_view format, DateKind kind) {
  if (format.empty()) return std::string(text);
  BHI_TRY(const Parts parts, parse(text, format));
  return to_text(parts, kind);
}

Result<std::string> date_from_unix(std::string_view seconds, std::string_view zone, DateKind kind) {
  std::int64_t ticks = 0;
  const auto [end, problem] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), ticks);
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  if (problem != std::errc{} || end != seconds.data() + seconds.size() || ticks > kYear9999 ||
      ticks < -62'135'596'800) {
    return Error{Kind::Incorrect, "expected seconds since 1970 as a whole number, found another value"};
  }
  Parts parts;
  parts.zone = "Z";
  std::string_view rest = zone;
  if (!zone.empty() && (!take_zone(rest, parts.zone) || !rest.empty())) {
    return Error{Kind::Incorrect, "expected a zone such as '+10:00', found another text"};
  }
  if (parts.zone != "Z") {
    std::string_view digits = std::string_view(parts.zone).substr(1);
    int hours = 0;
    int minutes = 0;
    take_number(digits, 2, 2, hours);
    digits.remove_prefix(1);
    take_number(digits, 2, 2, minutes);
    const std::int64_t offset = (hours * 60 + minutes) * 60;
    ticks += parts.zone.front() == '-' ? -offset : offset;
  }
  const std::chrono::sys_seconds at{std::chrono::seconds{ticks}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  parts.year = int{date.year()};
  parts.month = static_cast<int>(unsigned{date.month()});
  parts.day = static_cast<int>(unsigned{date.day()});
  parts.hour = static_cast<int>(time.hours().count());
  parts.minute = static_cast<int>(time.minutes().count());
  parts.second = static_cast<int>(time.seconds().count());
  return to_text(parts, kind);
}

}  // namespace bhi::mapping
