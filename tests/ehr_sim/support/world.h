// A simulator without sockets, and short ways to ask it. Time stands still unless a test moves it.
#pragma once

#include "ehr_sim/simulator.h"
#include "fhir/json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bhi::sim::testing {

inline constexpr std::string_view kBase = "http://ehr.example/fhir";

inline Instant at(std::string_view text) { return instant_from(text).value(); }

struct World {
  explicit World(Rules rules = {}, Keep keep = {})
      : simulator({.rules = rules, .seed = "test", .started = at("2026-11-22T08:00:00Z")}, std::move(keep)) {}

  Instant now = at("2026-11-22T09:30:00.123Z");
  Simulator simulator;

  // "GET" "Patient?_count=1"; headers as pairs.
  Response ask(std::string_view method, std::string_view url, Headers headers = {}, std::string body = {}) {
    Request request;
    request.method = method;
    const auto question = std::min(url.find('?'), url.size());
    request.path = "/fhir" + std::string(question == 0 ? "" : "/") + std::string(url.substr(0, question));
    request.query = url.substr(std::min(question + 1, url.size()));
    request.headers = std::move(headers);
    if (!body.empty() && header(request.headers, "Content-Type").empty()) {
      request.headers.emplace_back("Content-Type", "application/fhir+json");
    }
    request.body = std::move(body);
    request.base = kBase;
    return simulator.handle(request, now);
  }
  Response get(std::string_view url, Headers headers = {}) { return ask("GET", url, std::move(headers)); }
  Response post(std::string_view url, std::string body, Headers headers = {}) {
    return ask("POST", url, std::move(headers), std::move(body));
  }
  Response put(std::string_view url, std::string body, Headers headers = {}) {
    return ask("PUT", url, std::move(headers), std::move(body));
  }
};

inline fhir::DocumentPtr parse(const Response& response) {
  auto document = fhir::read_json(response.body);
  EXPECT_TRUE(document.ok()) << response.status << " " << response.body;
  return document.ok() ? *document : nullptr;
}

// Text at a path of names and indexes: "entry.0.resource.id".
inline std::string text_at(const Response& response, std::string_view path) {
  const auto document = fhir::read_json(response.body);
  if (!document.ok()) return "no JSON";
  const fhir::Node* node = &(*document)->root();
  while (!path.empty() && node != nullptr) {
    const auto dot = std::min(path.find('.'), path.size());
    const std::string_view step = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    if (node->is_array()) {
      const auto index = static_cast<std::size_t>(std::stoul(std::string(step)));
      node = index < node->elements().size() ? &node->elements()[index] : nullptr;
    } else {
      node = node->find(step);
    }
  }
  return node == nullptr ? "" : std::string(node->text());
}

// Ids of the entries of a Bundle, in order: "a b c".
inline std::string ids_of(const Response& response) {
  const auto document = fhir::read_json(response.body);
  if (!document.ok() || response.status != 200) return "status " + std::to_string(response.status);
  std::string ids;
  for (const fhir::Node& entry : fhir::each((*document)->root().find("entry"))) {
    const fhir::Node* resource = entry.find("resource");
    if (!ids.empty()) ids += ' ';
    ids += resource == nullptr ? "-" : resource->text_of("id");
  }
  return ids;
}

inline std::string link_of(const Response& response, std::string_view relation) {
  const auto document = fhir::read_json(response.body);
  if (!document.ok()) return "no JSON";
  for (const fhir::Node& link : fhir::each((*document)->root().find("link"))) {
    if (link.text_of("relation") == relation) return std::string(link.text_of("url"));
  }
  return "";
}

// What of a link a client would send: behind the base.
inline std::string below_base(std::string_view url) { return std::string(url.substr(kBase.size() + 1)); }

}  // namespace bhi::sim::testing
