#include "fhirpath/literal.h"

#include <charconv>
#include <chrono>
#include <limits>

namespace bhi::fhirpath {

namespace {

Error wrong(const Token& token, std::string_view expected) {
  return {Kind::Incorrect, std::to_string(token.at.line) + ":" + std::to_string(token.at.column) + ": expected " +
                               std::string(expected) + ", found '" + std::string(token.text) + "'"};
}

unsigned number_at(std::string_view text, std::size_t from, std::size_t count) {
  unsigned value = 0;
  std::from_chars(text.data() + from, text.data() + std::min(from + count, text.size()), value);
  return value;
}

// The lexer made sure of the shape; this makes sure of the ranges.
bool is_real_date(std::string_view text) {
  if (text.size() >= 7 && text[4] == '-') {
    const unsigned month = number_at(text, 5, 2);
    if (month < 1 || month > 12) return false;
  }
  if (text.size() >= 10 && text[7] == '-') {
    using namespace std::chrono;
    const year_month_day date{year{static_cast<int>(number_at(text, 0, 4))}, month{number_at(text, 5, 2)},
                              day{number_at(text, 8, 2)}};
    return date.ok();
  }
  return true;
}

bool is_real_time(std::string_view text) {
  if (text.size() >= 2 && number_at(text, 0, 2) > 23) return false;
  if (text.size() >= 5 && text[2] == ':' && number_at(text, 3, 2) > 59) return false;
  return !(text.size() >= 8 && text[5] == ':' && number_at(text, 6, 2) > 60);
}

template <typename Integer>
bool fits(std::string_view digits) {
  Integer value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

Result<Item> make_literal(const Token& token, Arena& arena) {
  switch (token.kind) {
    case TokenKind::Identifier: return boolean_item(token.text == "true");
    case TokenKind::String:
    case TokenKind::DoubleQuotedString: {
      BHI_TRY(const std::string plain, unescape(token));
      return string_item(arena.copy(std::string_view(plain)), arena);
    }
    case TokenKind::Integer:
      if (!fits<std::int32_t>(token.text) && token.text != "2147483648") {
        return wrong(token, "an Integer of at most 2147483647");
      }
      return number_item(system_type::Integer, arena.copy(token.text), arena);
    case TokenKind::LongInteger:
      if (!fits<std::int64_t>(token.text)) return wrong(token, "a Long of at most 9223372036854775807");
      return number_item(system_type::Long, arena.copy(token.text), arena);
    case TokenKind::Decimal: return number_item(system_type::Decimal, arena.copy(token.text), arena);
    case TokenKind::Date:
      if (!is_real_date(token.text)) return wrong(token, "a date of the calendar");
      return text_item(system_type::Date, arena.copy(token.text), arena);
    case TokenKind::DateTime: {
      const std::size_t separator = token.text.find('T');
      if (!is_real_date(token.text.substr(0, separator)) || !is_real_time(token.text.substr(separator + 1))) {
        return wrong(token, "a date of the calendar and a time of the day");
      }
      return text_item(system_type::DateTime, arena.copy(token.text), arena);
    }
    case TokenKind::Time:
      if (!is_real_time(token.text.substr(1))) return wrong(token, "a time of the day");
      return text_item(system_type::Time, arena.copy(token.text.substr(1)), arena);
    default: return wrong(token, "a literal");
  }
}

}  // namespace bhi::fhirpath
