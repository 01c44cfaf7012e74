#include "ehr/headers.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::ehr {

namespace {

constexpr std::int64_t kLongestWaitMs = 3'600'000;
constexpr std::int64_t kEpochSeconds = 1'000'000'000;  // a number beyond is a moment, not a span
constexpr std::int64_t kEpochMilliseconds = 100'000'000'000;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::int64_t bounded(std::int64_t ms) { return std::clamp<std::int64_t>(ms, 0, kLongestWaitMs); }

std::optional<std::int64_t> until(Instant moment, std::optional<Instant> server_time) {
  if (!server_time) return std::nullopt;
  return bounded((moment - *server_time).count());
}

std::optional<std::int64_t> wait_of_retry_after(std::string_view text, std::optional<Instant> server_time) {
  if (const auto digits = number(text)) {
    if (*digits >= kEpochMilliseconds) return until(Instant(std::chrono::milliseconds(*digits)), server_time);
    if (*digits >= kEpochSeconds) return until(Instant(std::chrono::seconds(*digits)), server_time);
    return bounded(*digits * 1000);
  }
  if (const auto date = http_date(text)) return until(*date, server_time);
  return std::nullopt;
}

// `"fhirInteractions";r=0;t=60`
std::optional<std::int64_t> wait_of_rate_limit(std::string_view text) {
  std::optional<std::int64_t> remaining;
  std::optional<std::int64_t> seconds;
  while (!text.empty()) {
    const std::size_t end = text.find(';');
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (part.starts_with("r=")) remaining = number(part.substr(2));
    if (part.starts_with("t=")) seconds = number(part.substr(2));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  if (remaining != 0 || !seconds) return std::nullopt;
  return bounded(std::min(*seconds, kLongestWaitMs) * 1000);
}

}  // namespace

std::string version_of_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') return {};
  return std::string(etag.substr(1, etag.size() - 2));
}

std::string etag_of_version(std::string_view version) { return "W/\"" + std::string(version) + "\""; }

std::optional<Instant> http_date(std::string_view text) {
  using namespace std::chrono;
  // "Sun, 06 Nov 1994 08:49:37 GMT"; the name of the day is not needed.
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  const auto month_at = std::ranges::find(kMonths, text.substr(8, 3));
  const auto d = number(text.substr(5, 2));
  const auto y = number(text.substr(12, 4));
  const auto h = number(text.substr(17, 2));
  const auto m = number(text.substr(20, 2));
  const auto s = number(text.substr(23, 2));
  if (month_at == kMonths.end() || !d || !y || !h || !m || !s) return std::nullopt;
  const year_month_day date{year{static_cast<int>(*y)}, month{static_cast<unsigned>(month_at - kMonths.begin() + 1)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  return Instant(sys_days{date}) + hours{*h} + minutes{*m} + seconds{*s};
}

std::optional<std::int64_t> wait_ms(std::string_view retry_after, std::string_view rate_limit,
                                    std::optional<Instant> server_time) {
  if (const auto wait = wait_of_retry_after(retry_after, server_time)) return wait;
  return wait_of_rate_limit(rate_limit);
}

bool is_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.find("json") != std::string_view::npos;
}

}  // namespace bhi::ehr
