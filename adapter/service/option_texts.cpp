#include "service/option_texts.h"

#include "base/time_zone.h"
#include "fhir/types.h"

#include <algorithm>

namespace bhi::service {

namespace {

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, allowed) && text.front() != '.';
}

bool read_address(std::string_view text, Address& address) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == ':';
  };
  if (host.empty() || !std::ranges::all_of(host, allowed)) return false;
  address.host = host;
  return read_number(text.substr(colon + 1), address.port);
}

bool read_hash(std::string_view text, Digest& digest) {
  if (text.size() != digest.size() * 2) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto pair = text.substr(2 * i, 2);
    if (std::from_chars(pair.data(), pair.data() + 2, digest[i], 16).ptr != pair.data() + 2) return false;
  }
  return true;
}

// Scheme, host, perhaps port and path: no user, no query, no fragment, so that nothing is added where we do not see it.
bool is_base_url(std::string_view text) {
  const std::size_t start = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (start == 0 || text.size() == start || text.size() > 2000) return false;
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#' && c != '@' && c != '\\'; };
  const auto host = text.substr(start, text.find('/', start) - start);
  return !host.empty() && std::ranges::all_of(text, allowed) && text.find("/..") == std::string_view::npos;
}

bool is_path(std::string_view text) { return !text.empty() && is_printable(text); }

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

// https://www.rfc-editor.org/rfc/rfc6749#section-3.3
bool is_scope(std::string_view text) { return is_id(text); }

bool is_resource_type(std::string_view text) {
  const auto* type = fhir::Types::r4().find(text);
  return type != nullptr && type->kind == fhir::TypeKind::Resource && type->name == text;
}

// What follows the question mark goes out as it is written.
bool is_filter(std::string_view text) {
  const auto mark = text.find('?');
  return mark != std::string_view::npos && mark + 1 < text.size() && is_resource_type(text.substr(0, mark)) &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '"' && c != '\\'; });
}

bool is_time_zone(std::string_view text) { return TimeZone::find(text).ok(); }

}  // namespace bhi::service
