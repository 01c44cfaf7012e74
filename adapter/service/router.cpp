#include "service/router.h"

#include "fhir/release.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace bhi::service {

namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

std::optional<Parameters> fits(std::string_view pattern, const std::vector<std::string>& path) {
  Parameters parameters;
  std::size_t at = 0;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const auto slash = std::min(pattern.find('/'), pattern.size());
    const auto part = pattern.substr(0, slash);
    pattern.remove_prefix(std::min(slash + 1, pattern.size()));
    if (at == path.size()) return std::nullopt;
    if (part.starts_with('{')) {
      parameters.emplace(part.substr(1, part.size() - 2), path[at]);
    } else if (part != path[at]) {
      return std::nullopt;
    }
    ++at;
  }
  if (at != path.size()) return std::nullopt;
  return parameters;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

struct Accepts {
  Body body;
  std::vector<std::string_view> types;
};

const std::vector<Accepts> kAccepts = {
    {Body::Fhir, {"application/fhir+json", "application/json", "application/xml", "text/xml", "application/fhir+xml"}},
    {Body::Json, {"application/json"}},
    {Body::MergePatch, {"application/merge-patch+json", "application/json"}},
};

// Parameters behind the media type: the charset can only be UTF-8, the fhirVersion only one that we read
// (https://hl7.org/fhir/R4/http.html#version-parameter). Others are not looked at. Empty when all is well.
std::string wrong_parameter(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto end = std::min(parameters.find(';'), parameters.size());
    auto one = lower(trimmed(parameters.substr(0, end)));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    std::erase(one, '"');
    if (one.starts_with("charset") && one != "charset=utf-8" && one != "charset=utf8")
      return "Content-Type: expected charset utf-8, found another one";
    constexpr std::string_view kVersion = "fhirversion=";
    if (one.starts_with(kVersion) && !fhir::is_read_release(std::string_view(one).substr(kVersion.size())))
      return "Content-Type: expected fhirVersion 4.0 or 4.3, found another one";
  }
  return {};
}

// A FHIR document says itself whether it is JSON or XML (fhir/xml.h); other bodies are what their type says.
bool needs_type(Body body) { return body != Body::Fhir; }

}  // namespace

Match match(const std::vector<Route>& routes, const http::Request& request) {
  Match found;
  for (const auto& route : routes) {
    auto parameters = fits(route.pattern, request.path);
    if (!parameters) continue;
    if (route.method == request.method) {
      found.route = &route;
      found.parameters = std::move(*parameters);
      return found;
    }
    found.allow += (found.allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return found;
}

std::string wrong_content(const http::Request& request, Body body) {
  if (body == Body::None) return {};
  const auto& accepted = std::ranges::find(kAccepts, body, &Accepts::body)->types;
  std::string expected = "Content-Type: expected " + std::string(accepted.front());
  if (accepted.size() > 1) expected += " or " + std::string(accepted.back());
  const auto given = request.field("content-type");
  if (!given && needs_type(body)) return expected + ", found none";
  if (request.count("content-type") > 1) return expected + ", found several";
  if (given) {
    const auto semicolon = std::min(given->find(';'), given->size());
    const auto type = lower(trimmed(given->substr(0, semicolon)));
    if (std::ranges::find(accepted, type) == accepted.end()) {
      const bool xml = type.ends_with("xml");
      return expected + (xml ? ", found XML" : ", found another one");
    }
    if (auto wrong = wrong_parameter(given->substr(std::min(semicolon + 1, given->size()))); !wrong.empty())
      return wrong;
  }
  if (const auto coding = request.field("content-encoding"); coding && lower(*coding) != "identity") {
    return "Content-Encoding: compressed bodies are not supported";
  }
  return {};
}

std::string print_routes(const std::vector<Route>& routes) {
  constexpr auto kNames = std::to_array<std::pair<Role, std::string_view>>(
      {{Role::Ehr, "ehr"}, {Role::BhiApp, "bhi-app"}, {Role::Operator, "operator"}});
  std::string text = "| route | roles | what |\n|---|---|---|\n";
  for (const auto& route : routes) {
    std::string roles = route.roles.open() ? "no token" : "";
    for (const auto& [role, name] : kNames) {
      if (route.roles.contains(role)) roles += (roles.empty() ? "" : ", ") + std::string(name);
    }
    text += "| `" + std::string(route.method) + " " + std::string(route.pattern) + "` | " + roles + " | " +
            std::string(route.meaning) + " |\n";
  }
  return text;
}

}  // namespace bhi::service
