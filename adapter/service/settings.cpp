#include "service/settings.h"

#include <algorithm>

namespace bhi::service {

bool Address::loopback() const {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && std::ranges::all_of(host, [](char c) {
                                                    return c == '.' || (c >= '0' && c <= '9');
                                                  }));
}

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

const SourceSettings* find_source(const Settings& settings, std::string_view name) {
  const auto found = std::ranges::find(settings.sources, name, &SourceSettings::name);
  return found == settings.sources.end() ? nullptr : &*found;
}

}  // namespace bhi::service
