// The simulator with its faults and its clock as an Ehr, without sockets: what the connection makes of statuses, dates
// and links is made of them here by the same functions. Time moves only when a test or a request moves it.
#pragma once

#include "ehr/answer.h"
#include "ehr/capability.h"
#include "ehr/headers.h"
#include "ehr_sim/front.h"
#include "fhir/bundle.h"
#include "flow/ports.h"

#include <functional>
#include <string>
#include <vector>

namespace bhi::test {

class FrontEhr final : public flow::Ehr {
 public:
  // `now`: the true time, moved by a tenth of a second for each request.
  FrontEhr(sim::Front& front, Instant& now) : now_(now), front_(front) {}

  std::function<void()> before_each = [] {};  // what others do meanwhile
  std::size_t calls = 0;
  std::vector<std::string> asked;  // path and query

  Result<flow::Capabilities> capabilities() override {
    BHI_TRY(ehr::Response response, get(kBase + "/metadata"));
    BHI_TRY(const auto document, ehr::document_of(response, {}, "metadata"));
    return ehr::capabilities_from(document->root());
  }
  Result<flow::Page> search(std::string_view type, std::string_view query) override {
    return page(kBase + "/" + std::string(type) + (query.empty() ? "" : "?" + std::string(query)));
  }
  Result<flow::Page> next(std::string_view link) override {
    if (!link.starts_with("http://sim/")) return Error{Kind::Forbidden, "next: a link to another origin"};
    return page(std::string(link));
  }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    BHI_TRY(ehr::Response response, get(kBase + "/" + std::string(type) + "/" + std::string(id)));
    return ehr::document_of(response, {}, "read");
  }
  flow::Answer create(std::string_view, std::string_view, std::string_view) override { return {}; }
  flow::Answer update(std::string_view, std::string_view, std::string_view, std::string_view) override { return {}; }

  // As the EHR's own people do it; `control` too.
  sim::Response post(const std::string& path, const std::string& body) {
    return front_.handle(request("POST", "http://sim" + path, body)).response;
  }

 private:
  static inline const std::string kBase = "http://sim/fhir";

  static sim::Request request(const std::string& method, const std::string& url, const std::string& body) {
    sim::Request made;
    made.method = method;
    const std::string rest = url.substr(std::string_view("http://sim").size());
    const auto mark = std::min(rest.find('?'), rest.size());
    made.path = rest.substr(0, mark);
    made.query = rest.substr(std::min(mark + 1, rest.size()));
    made.headers = {{"Accept", "application/fhir+json"}, {"Cache-Control", "no-cache"}};
    if (!body.empty()) made.headers.emplace_back("Content-Type", "application/fhir+json");
    made.body = body;
    made.base = kBase;
    return made;
  }

  Result<ehr::Response> get(const std::string& url) {
    before_each();
    ++calls;
    now_ += std::chrono::milliseconds(100);
    asked.push_back(url.substr(kBase.size() + 1));
    const sim::Response heard = front_.handle(request("GET", url, "")).response;
    ehr::Response response;
    response.what = ehr::Response::What::Answered;
    response.status = heard.status;
    response.body = heard.body;
    response.content_type = heard.content_type;
    response.date = sim::header(heard.headers, "Date");
    if (response.date.empty()) response.date = sim::http_date(now_);
    response.retry_after = sim::header(heard.headers, "Retry-After");
    response.rate_limit = sim::header(heard.headers, "RateLimit");
    if (const auto problem = ehr::problem_of(response, {})) return *problem;
    return response;
  }

  Result<flow::Page> page(const std::string& url) {
    BHI_TRY(ehr::Response response, get(url));
    flow::Page page;
    page.server_time = ehr::http_date(response.date);
    BHI_TRY(page.bundle, ehr::document_of(response, {}, "search"));
    BHI_CHECK(ehr::expect_type(page.bundle->root(), "Bundle", "search"));
    for (const fhir::Node& link : fhir::each(page.bundle->root().find("link"))) {
      if (link.text_of("relation") == "next") page.next = link.text_of("url");
    }
    return page;
  }

  Instant& now_;
  sim::Front& front_;
};

}  // namespace bhi::test
