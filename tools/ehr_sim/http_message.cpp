#include "ehr_sim/http_message.h"

#include "ehr_sim/json_maker.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace bhi::sim {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

std::string_view issue_code(Kind kind) {
  switch (kind) {
    case Kind::Incorrect: return "invalid";
    case Kind::Forbidden: return "forbidden";
    case Kind::NotFound: return "not-found";
    case Kind::Conflict: return "conflict";
    case Kind::Busy: return "throttled";
    case Kind::Fault: return "exception";
    case Kind::Unsupported: return "not-supported";
    case Kind::Unavailable: return "transient";
  }
  return "exception";
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find_if(headers, [&](const auto& entry) { return same_name(entry.first, name); });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& entry) { return same_name(entry.first, name); });
}

Response refuse(int status, std::string_view code, std::string_view text, std::string_view place) {
  JsonMaker make;
  std::vector<fhir::Member> issue = {
      make.member("severity", make.text("error")),
      make.member("code", make.text(code)),
      make.member("diagnostics", make.text(text)),
  };
  if (!place.empty()) issue.push_back(make.member("expression", make.array({make.text(place)})));
  const fhir::Node outcome = make.object({
      make.member("resourceType", make.text("OperationOutcome")),
      make.member("issue", make.array({make.object(issue)})),
  });
  Response response;
  response.status = status;
  response.body = fhir::write_json(outcome);
  return response;
}

Response refuse(const Error& error, std::string_view place) {
  // A request for something we do not do is the client's mistake here: strict servers answer 400.
  const int status = error.kind == Kind::Unsupported ? 400 : http_status(error.kind);
  return refuse(status, issue_code(error.kind), error.message, place);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kKept = "-._~:|,/";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
    if (plain || kKept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

Result<std::vector<Parameter>> parse_query(std::string_view query) {
  std::vector<Parameter> parameters;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals), true);
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return Error{Kind::Incorrect, "query: a percent escape is broken or hides a NUL"};
    parameters.push_back({*std::move(name), *std::move(value)});
  }
  return parameters;
}

std::string http_date(Instant instant) {
  using namespace std::chrono;
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day_start = floor<days>(instant);
  const year_month_day date{day_start};
  const hh_mm_ss<seconds> time{floor<seconds>(instant - day_start)};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[weekday{day_start}.c_encoding()],
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text;
}

std::optional<std::string> version_of_etag(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  const bool plain =
      text.size() <= 64 && text != "0" && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
      });
  return plain ? std::optional<std::string>(text) : std::nullopt;
}

std::string etag(std::string_view version) { return "W/\"" + std::string(version) + "\""; }

}  // namespace bhi::sim
