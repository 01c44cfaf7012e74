#include "care/times.h"

#include <algorithm>
#include <utility>

namespace bhi::care {

namespace {

using namespace std::chrono;

bool has_time_of_day(std::string_view text) { return text.find('T') != std::string_view::npos; }

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Numbers by size, other texts by letters; which is right for a server's own version scheme nobody knows, but the
// answer is the same whichever arrives first.
int compare_versions(std::string_view a, std::string_view b) {
  if (is_number(a) && is_number(b)) {
    const auto strip = [](std::string_view t) { return t.substr(std::min(t.find_first_not_of('0'), t.size())); };
    a = strip(a);
    b = strip(b);
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  }
  return a.compare(b);
}

}  // namespace

std::optional<Instant> latest_moment(std::string_view text) {
  const auto first = instant_from(text);
  if (!first || has_time_of_day(text)) return first;
  const auto date = *date_from(text);
  sys_days next = sys_days{date} + days{1};
  if (text.size() <= 4) {
    next = sys_days{(date.year() + years{1}) / January / 1};
  } else if (text.size() <= 7) {
    next = sys_days{(date.year() / date.month() + months{1}) / 1};
  }
  return Instant{next} - milliseconds{1};
}

std::optional<int> days_since(std::string_view text, Instant now) {
  const auto moment = latest_moment(text);
  if (!moment) return std::nullopt;
  return static_cast<int>(std::max(days{0}, floor<days>(now - *moment)).count());
}

bool same_time(std::string_view a, std::string_view b) {
  // Different months can only meet around the first of one of them, by their zones. Asked for many pairs.
  if (a.size() >= 10 && b.size() >= 10 && a.substr(0, 7) != b.substr(0, 7) && a[8] != '0' && b[8] != '0') return false;
  if (has_time_of_day(a) && has_time_of_day(b)) {
    const auto left = instant_from(a);
    return left && left == instant_from(b);
  }
  const auto left = date_from(a);
  return left && left == date_from(b);
}

bool earlier(std::string_view a, std::string_view b) {
  // An empty optional is less than any value.
  return a != b && instant_from(a) < instant_from(b);
}

Version compare(const Source& held, const Source& incoming) {
  if (incoming.system == "bhi" || incoming.system != held.system) return Version::Newer;
  const auto held_time = instant_from(held.updated);
  const auto incoming_time = instant_from(incoming.updated);
  if (held_time != incoming_time) return held_time < incoming_time ? Version::Newer : Version::Older;
  const int order = compare_versions(held.version, incoming.version);
  if (order == 0) return Version::Same;
  return order < 0 ? Version::Newer : Version::Older;
}

}  // namespace bhi::care
