#include "mapping/escape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace bhi::mapping {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// Takes a character off the text; malformed UTF-8 gives its byte.
std::uint32_t take_point(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || length > text.size()) {
    text.remove_prefix(1);
    return first;
  }
  std::uint32_t point = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3Fu);
  text.remove_prefix(length);
  return point;
}

bool append_point(std::string& to, std::uint32_t point) {
  const auto byte = [&](std::uint32_t value) { to += static_cast<char>(value); };
  if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
  return true;
}

// A number at the front of the text, of at most `most` digits; moves behind it.
std::optional<std::uint32_t> take_number(std::string_view& text, int base, std::size_t most, std::size_t least) {
  std::uint32_t value = 0;
  const std::string_view digits = text.substr(0, most);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const auto length = static_cast<std::size_t>(end - digits.data());
  if (problem != std::errc{} || length < least) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

// ---- backslashes: json and java

constexpr auto kBackslash = std::to_array<std::pair<char, char>>(
    {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}});

bool unescape_unicode(std::string_view& text, std::string& to) {
  auto point = take_number(text, 16, 4, 4);
  if (point && *point >= 0xD800 && *point < 0xDC00 && text.starts_with("\\u")) {
    text.remove_prefix(2);
    const auto low = take_number(text, 16, 4, 4);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
    point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
  }
  return point && append_point(to, *point);
}

bool unescape_one(std::string_view& text, bool java, std::string& to) {
  if (text.empty()) return false;
  const char letter = text.front();
  for (const auto& [code, meaning] : kBackslash) {
    if (letter != code || (java && code == '/')) continue;
    to += meaning;
    text.remove_prefix(1);
    return true;
  }
  if (letter == 'u') {
    text.remove_prefix(1);
    return unescape_unicode(text, to);
  }
  if (!java) return false;
  if (letter == '\'' || letter == 's') {
    to += letter == 's' ? ' ' : '\'';
    text.remove_prefix(1);
    return true;
  }
  const auto point = take_number(text, 8, letter <= '3' ? 3 : 2, 1);
  return point && append_point(to, *point);
}

std::optional<std::string> without_backslashes(std::string_view text, bool java) {
  std::string plain;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      plain += c;
    } else if (!unescape_one(text, java, plain)) {
      return std::nullopt;
    }
  }
  return plain;
}

void append_unicode(std::string& to, std::uint32_t point) {
  if (point >= 0x10000) {
    append_unicode(to, 0xD800 + ((point - 0x10000) >> 10));
    append_unicode(to, 0xDC00 + ((point - 0x10000) & 0x3FF));
    return;
  }
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) to += kHex[point >> shift & 15];
}

std::string with_backslashes(std::string_view text, bool java) {
  std::string made;
  while (!text.empty()) {
    const std::string_view before = text;
    const std::uint32_t point = take_point(text);
    const auto* row = std::find_if(kBackslash.begin(), kBackslash.end(), [&](const auto& one) {
      return one.first != '/' && static_cast<unsigned char>(one.second) == point;
    });
    if (row != kBackslash.end()) {
      made += '\\';
      made += row->first;
    } else if (point < 0x20 || (java && point > 0x7E)) {
      append_unicode(made, point);
    } else {
      made += before.substr(0, before.size() - text.size());
    }
  }
  return made;
}

// ---- entities: xml and html

constexpr auto kEntities = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xC2\xA0"}});

// What stands between "&" and ";"; false when it is no entity.
bool append_entity(std::string_view name, bool html, std::string& to) {
  if (name.starts_with('#')) {
    const bool hex = name.starts_with("#x") || name.starts_with("#X");
    name.remove_prefix(hex ? 2 : 1);
    const auto point = take_number(name, hex ? 16 : 10, 8, 1);
    return point && name.empty() && append_point(to, *point);
  }
  for (const auto& [known, meaning] : kEntities) {
    if (name != known || (known == "nbsp" && !html)) continue;
    to += meaning;
    return true;
  }
  return false;
}

std::optional<std::string> without_entities(std::string_view text, bool html) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t end = text.front() == '&' ? text.find(';') : std::string_view::npos;
    if (end != std::string_view::npos && append_entity(text.substr(1, end - 1), html, plain)) {
      text.remove_prefix(end + 1);
      continue;
    }
    if (text.front() == '&' && !html) return std::nullopt;
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

std::string with_entities(std::string_view text, bool html) {
  std::string made;
  for (const char c : text) {
    switch (c) {
      case '&': made += "&amp;"; break;
      case '<': made += "&lt;"; break;
      case '>': made += "&gt;"; break;
      case '"': made += "&quot;"; break;
      case '\'': made += html ? "&#39;" : "&apos;"; break;
      default: made += c;
    }
  }
  return made;
}

// ---- formats

struct Format {
  std::string_view name;
  std::optional<std::string> (*unescape)(std::string_view);
  std::string (*escape)(std::string_view);
};

std::optional<std::string> same(std::string_view text) { return std::string(text); }

constexpr auto kFormats = std::to_array<Format>({
    {"plain", same, [](std::string_view text) { return std::string(text); }},
    {"text", same, [](std::string_view text) { return std::string(text); }},
    {"json", [](std::string_view text) { return without_backslashes(text, false); },
     [](std::string_view text) { return with_backslashes(text, false); }},
    {"java", [](std::string_view text) { return without_backslashes(text, true); },
     [](std::string_view text) { return with_backslashes(text, true); }},
    {"xml", [](std::string_view text) { return without_entities(text, false); },
     [](std::string_view text) { return with_entities(text, false); }},
    {"html", [](std::string_view text) { return without_entities(text, true); },
     [](std::string_view text) { return with_entities(text, true); }},
});

const Format* find_format(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace

bool is_escape_format(std::string_view name) { return find_format(name) != nullptr; }

Result<std::string> escape_text(std::string_view text, std::string_view from, std::string_view to) {
  const Format* const before = find_format(from);
  const Format* const after = find_format(to);
  if (before == nullptr || after == nullptr) {
    return Error{Kind::Incorrect, "expected plain, json, java, xml or html as a format of escape(), found another"};
  }
  const auto plain = before->unescape(text);
  if (!plain) return Error{Kind::Incorrect, "expected a text escaped as " + std::string(from) + ", found another"};
  return after->escape(*plain);
}

}  // namespace bhi::mapping
