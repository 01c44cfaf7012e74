// The simulator as the EHR of a delivery, without sockets; every answer is counted.
#pragma once

#include "ehr/capability.h"
#include "ehr_sim/simulator.h"
#include "fhir/bundle.h"
#include "flow/held.h"
#include "flow/ports.h"

#include <string>
#include <vector>

namespace bhi::test {

class SimWorld final : public flow::Ehr {
 public:
  explicit SimWorld(const std::string& profile) : simulator_(settings(profile)) {}

  struct Seen {
    std::string request;  // "POST Observation"
    int status = 0;
  };
  std::vector<Seen> seen;
  Instant now = *instant_from("2026-11-22T09:00:00Z");

  // Wrote or tried to write what it must not: 404 or 405 of a POST or PUT.
  std::size_t refused() const {
    std::size_t count = 0;
    for (const Seen& one : seen) {
      if (one.request.starts_with("P") && (one.status == 404 || one.status == 405)) ++count;
    }
    return count;
  }
  std::size_t written() const {
    std::size_t count = 0;
    for (const Seen& one : seen) {
      if (one.request.starts_with("P") && one.status / 100 == 2) ++count;
    }
    return count;
  }

  // As the clinic's own people put it there.
  bool put(const std::string& body) {
    auto read = fhir::read_json(body);
    return read.ok() && simulator_.load((*read)->root(), now).ok();
  }

  Result<flow::Capabilities> capabilities() override {
    BHI_TRY(const auto document, get("metadata", ""));
    return ehr::capabilities_from(document->root());
  }
  Result<flow::Page> search(std::string_view type, std::string_view query) override {
    flow::Page page;
    BHI_TRY(page.bundle, get(std::string(type), std::string(query)));
    return page;
  }
  Result<flow::Page> next(std::string_view) override { return Error{Kind::Unsupported, "no further page"}; }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    return get(std::string(type) + "/" + std::string(id), "");
  }
  flow::Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) override {
    sim::Headers headers;
    if (!if_none_exist.empty()) headers.emplace_back("If-None-Exist", std::string(if_none_exist));
    return write("POST", std::string(type), std::string(body), std::move(headers));
  }
  flow::Answer update(std::string_view type, std::string_view id, std::string_view body,
                      std::string_view if_match) override {
    sim::Headers headers;
    if (!if_match.empty()) headers.emplace_back("If-Match", "W/\"" + std::string(if_match) + "\"");
    return write("PUT", std::string(type) + "/" + std::string(id), std::string(body), std::move(headers));
  }

 private:
  static sim::Settings settings(const std::string& profile) {
    sim::Settings settings;
    settings.rules.profile = *sim::profile_named(profile);
    return settings;
  }

  sim::Response ask(std::string method, const std::string& path, std::string query, std::string body,
                    sim::Headers headers) {
    now += std::chrono::seconds(1);
    sim::Request request;
    request.method = method;
    request.path = "/fhir/" + path;
    request.query = std::move(query);
    request.body = std::move(body);
    request.base = "http://sim/fhir";
    request.headers = std::move(headers);
    if (method != "GET") request.headers.emplace_back("Content-Type", "application/fhir+json");
    auto response = simulator_.handle(request, now);
    seen.push_back({method + " " + path, response.status});
    return response;
  }

  Result<fhir::DocumentPtr> get(const std::string& path, std::string query) {
    const auto response = ask("GET", path, std::move(query), "", {});
    if (response.status == 404) return Error{Kind::NotFound, "404"};
    if (response.status != 200) return Error{Kind::Incorrect, "GET: " + std::to_string(response.status)};
    return fhir::read_json(response.body);
  }

  flow::Answer write(const std::string& method, const std::string& path, std::string body, sim::Headers headers) {
    using What = flow::Answer::What;
    const auto response = ask(method, path, "", std::move(body), std::move(headers));
    flow::Answer answer;
    answer.status = response.status;
    answer.reason = std::to_string(response.status);
    answer.what = response.status / 100 == 2                             ? What::Done
                  : response.status == 409 || response.status == 412     ? What::Conflict
                  : response.status / 100 == 5 || response.status == 429 ? What::Later
                                                                         : What::Refused;
    if (answer.what != What::Done) return answer;
    if (!response.body.empty()) {
      if (auto read = fhir::read_json(response.body)) answer.body = *std::move(read);
    }
    const std::string location(sim::header(response.headers, "Location"));
    if (answer.body) {
      answer.id = answer.body->root().text_of("id");
      answer.version = flow::version_of(answer.body->root());
    } else if (const auto at = location.find(path + "/"); at != std::string::npos) {
      answer.id = location.substr(at + path.size() + 1);
      answer.id = answer.id.substr(0, answer.id.find('/'));
    }
    return answer;
  }

  sim::Simulator simulator_;
};

}  // namespace bhi::test
