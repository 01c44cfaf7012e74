#include "fhirpath/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace bhi::fhirpath {

namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void append_code_point(std::string& out, utf8proc_int32_t point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto count = utf8proc_encode_char(point, bytes.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) out.push_back(static_cast<char>(bytes[i]));
}

template <typename Change>
std::string map_code_points(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const auto used = utf8proc_iterate(at, left, &point);
    if (used <= 0) {
      out.push_back(static_cast<char>(*at));  // not UTF-8: passed on as it is
      ++at;
      --left;
      continue;
    }
    append_code_point(out, change(point));
    at += used;
    left -= used;
  }
  return out;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

std::string to_base64(std::string_view text, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, text.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= count ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text, std::string_view alphabet) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (is_space(c)) continue;
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 0xFF));
    }
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [end, wrong] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (wrong != std::errc() || end != text.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<char>(value));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (auto left = static_cast<utf8proc_ssize_t>(text.size()); left > 0;) {
    utf8proc_int32_t point = 0;
    const auto used = utf8proc_iterate(at, left, &point);
    if (used <= 0) return false;
    at += used;
    left -= used;
  }
  return true;
}

struct Entity {
  char plain;
  std::string_view escaped;
};
constexpr std::array kHtml =
    std::to_array<Entity>({{'"', "&quot;"}, {'&', "&amp;"}, {'\'', "&#39;"}, {'<', "&lt;"}, {'>', "&gt;"}});
constexpr std::array kJson = std::to_array<Entity>(
    {{'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\f', "\\f"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}});

template <typename Table>
std::string replace_by(const Table& table, std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto found = std::ranges::find(table, c, &Entity::plain);
    if (found == table.end()) {
      out.push_back(c);
    } else {
      out += found->escaped;
    }
  }
  return out;
}

template <typename Table>
std::string restore_by(const Table& table, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto found =
        std::ranges::find_if(table, [&text](const Entity& row) { return text.starts_with(row.escaped); });
    if (found == table.end()) {
      out.push_back(text.front());
      text.remove_prefix(1);
    } else {
      out.push_back(found->plain);
      text.remove_prefix(found->escaped.size());
    }
  }
  return out;
}

}  // namespace

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t byte_of_code_point(std::string_view text, std::size_t index) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (index == 0) return at;
    --index;
  }
  return text.size();
}

std::string upper(std::string_view text) {
  if (!is_ascii(text)) return map_code_points(text, utf8proc_toupper);
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string lower(std::string_view text) {
  if (!is_ascii(text)) return map_code_points(text, utf8proc_tolower);
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : lower(text)) {
    if (!is_space(c)) {
      out.push_back(c);
    } else if (out.empty() || out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return out;
}

std::optional<std::string> encode(std::string_view text, std::string_view encoding) {
  if (encoding == "base64") return to_base64(text, kBase64);
  if (encoding == "urlbase64") return to_base64(text, kUrlBase64);
  if (encoding != "hex") return std::nullopt;
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

std::optional<std::string> decode(std::string_view text, std::string_view encoding) {
  std::optional<std::string> out;
  if (encoding == "base64") out = from_base64(text, kBase64);
  if (encoding == "urlbase64") out = from_base64(text, kUrlBase64);
  if (encoding == "hex") out = from_hex(text);
  if (out && !is_utf8(*out)) out.reset();
  return out;
}

std::optional<std::string> escape(std::string_view text, std::string_view target) {
  if (target == "html") return replace_by(kHtml, text);
  if (target == "json") return replace_by(kJson, text);
  return std::nullopt;
}

std::optional<std::string> unescape(std::string_view text, std::string_view target) {
  if (target == "html") return restore_by(kHtml, text);
  if (target == "json") return restore_by(kJson, text);
  return std::nullopt;
}

}  // namespace bhi::fhirpath
