// Which texts the configuration takes for what: names, addresses, URLs, scopes. False: the text is not allowed.
#pragma once

#include "service/settings.h"

#include <charconv>
#include <string_view>

namespace bhi::service {

bool is_name(std::string_view text);  // letters, digits, '-', '_', '.', at most 64, no '.' in front
bool is_path(std::string_view text);
bool is_id(std::string_view text);  // of a client or a key
bool is_scope(std::string_view text);
bool is_base_url(std::string_view text);
bool is_resource_type(std::string_view text);
bool is_filter(std::string_view text);  // "Observation?category=survey"
bool is_time_zone(std::string_view text);
bool read_address(std::string_view text, Address& address);  // host:port
bool read_hash(std::string_view text, Digest& digest);       // hex

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace bhi::service
