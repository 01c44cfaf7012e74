// The simulator as an Ehr, without sockets, under a clock that the test moves.
#pragma once

#include "ehr/capability.h"
#include "ehr/traffic.h"
#include "ehr_sim/simulator.h"
#include "fhir/bundle.h"
#include "flow/ports.h"

#include <map>
#include <string>

namespace bhi::test {

class SimEhr final : public flow::Ehr {
 public:
  SimEhr(sim::Simulator& simulator, Instant start, int calls_per_minute)
      : now(start), simulator_(simulator), traffic_({.calls_per_minute = calls_per_minute}) {}

  Result<flow::Capabilities> capabilities() override {
    BHI_TRY(const auto document, get("/fhir/metadata", ""));
    return ehr::capabilities_from(document->root());
  }
  Result<flow::Page> search(std::string_view type, std::string_view query) override {
    return page("/fhir/" + std::string(type), std::string(query));
  }
  Result<flow::Page> next(std::string_view link) override {
    const std::string rest(link.substr(std::string_view("http://sim").size()));
    const auto mark = rest.find('?');
    return page(rest.substr(0, mark), mark == std::string::npos ? "" : rest.substr(mark + 1));
  }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    return get("/fhir/" + std::string(type) + "/" + std::string(id), "");
  }
  flow::Answer create(std::string_view, std::string_view, std::string_view) override { return {}; }
  flow::Answer update(std::string_view, std::string_view, std::string_view, std::string_view) override { return {}; }

  Instant now;
  std::map<std::chrono::sys_time<std::chrono::minutes>, int> minutes;  // calls in each
  std::size_t calls = 0;

 private:
  Result<fhir::DocumentPtr> get(const std::string& path, const std::string& query) {
    for (auto leave = traffic_.ask(now, false); !leave.go; leave = traffic_.ask(now, false)) now += leave.wait;
    ++calls;
    ++minutes[std::chrono::floor<std::chrono::minutes>(now)];
    now += std::chrono::milliseconds(100);  // it takes its time
    sim::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    request.base = "http://sim/fhir";
    const auto response = simulator_.handle(request, now);
    if (response.status == 404 || response.status == 410) {
      return Error{Kind::NotFound, "GET " + path + ": " + std::to_string(response.status)};
    }
    if (response.status != 200) {
      return Error{response.status == 429 ? Kind::Busy : Kind::Incorrect, "GET: " + std::to_string(response.status)};
    }
    return fhir::read_json(response.body);
  }

  Result<flow::Page> page(const std::string& path, const std::string& query) {
    flow::Page page;
    BHI_TRY(page.bundle, get(path, query));
    page.server_time = now;
    for (const fhir::Node& link : fhir::each(page.bundle->root().find("link"))) {
      if (link.text_of("relation") == "next") page.next = link.text_of("url");
    }
    return page;
  }

  sim::Simulator& simulator_;
  ehr::Traffic traffic_;
};

}  // namespace bhi::test
