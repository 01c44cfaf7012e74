#include "service/json_text.h"

#include <array>

namespace bhi::service {

namespace {

// Length of the well-formed UTF-8 sequence at the start; 0 when there is none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto more = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return more(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool good = more(1) && more(2) && (first != 0xE0 || byte(1) >= 0xA0) && (first != 0xED || byte(1) < 0xA0);
    return good ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool good =
        more(1) && more(2) && more(3) && (first != 0xF0 || byte(1) >= 0x90) && (first != 0xF4 || byte(1) < 0x90);
    return good ? 4 : 0;
  }
  return 0;
}

std::string escaped(unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  return std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto size = sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (size == 0) {
      out += "\\ufffd";
    } else if (first < 0x20 || first == 0x7f || (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0)) {
      // C1 controls (U+0080 to U+009F) can steer a terminal as C0 ones do.
      out += escaped(static_cast<unsigned char>(text[size - 1]));
    } else {
      if (first == '"' || first == '\\') out += '\\';
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + '"';
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += quote(name);
  members_ += ':';
  members_ += json;
  return *this;
}

std::string json_array(const std::vector<std::string>& elements) {
  std::string out = "[";
  for (const auto& element : elements) {
    if (out.size() > 1) out += ',';
    out += element;
  }
  return out + "]";
}

std::string with_member(std::string_view object, std::string_view name, std::int64_t value) {
  const auto end = object.rfind('}');
  if (end == std::string_view::npos) return std::string(object);
  const bool empty = object.find_last_not_of(" \t\r\n", end - 1) == object.find('{');
  return std::string(object.substr(0, end)) + (empty ? "" : ",") + quote(name) + ":" + std::to_string(value) + "}";
}

}  // namespace bhi::service
