#include "ehr/fhir_ehr.h"

#include "base/failpoint.h"
#include "base/fibers.h"
#include "ehr/answer.h"
#include "ehr/bulk_export.h"
#include "ehr/capability.h"
#include "ehr/headers.h"
#include "fhir/bundle.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::ehr {

namespace {

constexpr const char* kAccept = "Accept: application/fhir+json";
// Servers may answer a repeated search with what it found a minute ago (HAPI does). Asked whether a write whose answer
// was lost has arrived, that would be the wrong answer, and the write would be made twice.
constexpr const char* kAsItIsNow = "Cache-Control: no-cache";
constexpr const char* kContentType = "Content-Type: application/fhir+json";
constexpr const char* kWantWhole = "Prefer: return=representation";

bool is_type_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

flow::Answer unsent(flow::Answer::What what, std::string reason) {
  flow::Answer answer;
  answer.what = what;
  answer.reason = std::move(reason);
  return answer;
}

void log(const std::string& source, const Request& request, const Response& response,
         std::chrono::steady_clock::duration taken) {
  const auto logger = spdlog::get("ehr");
  if (!logger) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(taken).count();
  if (response.what == Response::What::Answered) {
    logger->debug("{}: {} {}: {} in {} ms", source, name(request.method), shown(request.url), response.status, ms);
  } else {
    logger->warn("{}: {} {}: {} after {} ms: {}", source, name(request.method), shown(request.url),
                 response.what == Response::What::Lost ? "answer lost" : "not sent", ms, response.reason);
  }
}

Instant wall_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

// What the usual and the urgent way to one EHR share.
struct Line {
  EhrSettings settings;
  std::unique_ptr<Http> http;
  std::mutex mutex;
  std::condition_variable woken;
  bool stopping = false;  // guarded by mutex
};

class FhirEhr final : public flow::Ehr {
 public:
  FhirEhr(std::shared_ptr<Line> line, bool is_urgent, std::function<bool()> may_send = {})
      : line_(std::move(line)),
        settings_(line_->settings),
        http_(line_->http.get()),
        is_urgent_(is_urgent),
        may_send_(std::move(may_send)) {
    if (is_urgent_ || may_send_) return;
    urgent_ = std::make_unique<FhirEhr>(line_, true);
    bulk_ = make_bulk_export(*http_, settings_.limits, [this](Request& request) { return send(request); });
  }

  Result<flow::Capabilities> capabilities() override;
  Result<flow::Page> search(std::string_view type, std::string_view query) override;
  Result<flow::Page> next(std::string_view link) override;
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override;
  flow::Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) override;
  flow::Answer update(std::string_view type, std::string_view id, std::string_view body,
                      std::string_view if_match) override;
  flow::BulkExport* bulk() override { return bulk_.get(); }
  std::unique_ptr<flow::Ehr> permitted(std::function<bool()> may_send) override {
    return std::make_unique<FhirEhr>(line_, is_urgent_, std::move(may_send));
  }
  flow::Ehr& urgent() override { return urgent_ ? *urgent_ : *this; }
  void stop_waiting() override;

 private:
  Result<void> wait_for_turn();
  void rest(Fibers& fibers, std::chrono::milliseconds time);
  Result<Response> send(Request& request);
  Result<Response> get(std::string url);
  Result<flow::Page> page(std::string url);
  flow::Answer write(Request& request, std::string_view type, std::string_view id);

  std::shared_ptr<Line> line_;
  const EhrSettings& settings_;
  Http* http_;
  const bool is_urgent_;
  const std::function<bool()> may_send_;  // asked before each write; empty: always
  std::unique_ptr<FhirEhr> urgent_;
  std::unique_ptr<flow::BulkExport> bulk_;
};

void FhirEhr::stop_waiting() {
  const std::lock_guard lock(line_->mutex);
  line_->stopping = true;
  line_->woken.notify_all();
}

// In pieces, so that it ends soon when nobody is to wait any more.
void FhirEhr::rest(Fibers& fibers, std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kPiece{100};
  for (; time.count() > 0; time -= kPiece) {
    fibers.sleep(std::min(time, kPiece));
    const std::lock_guard lock(line_->mutex);
    if (line_->stopping) return;
  }
}

Result<void> FhirEhr::wait_for_turn() {
  if (!settings_.traffic) return {};
  std::chrono::milliseconds waited{0};
  for (;;) {
    const Traffic::Leave leave = settings_.traffic->ask(wall_now(), is_urgent_);
    if (leave.go) return {};
    const auto wait = leave.wait + std::chrono::milliseconds(1);
    std::unique_lock lock(line_->mutex);
    if (waited + wait > settings_.patience || line_->stopping) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
      return Error{Kind::Busy, "not sent: " + leave.reason + ", " + std::to_string(seconds) + " s to wait"};
    }
    waited += wait;
    if (Fibers* fibers = Fibers::here()) {
      lock.unlock();
      rest(*fibers, wait);
    } else {
      line_->woken.wait_for(lock, wait, [this] { return line_->stopping; });
    }
  }
}

// With the token of the moment; a 401 is answered by asking for the token once more, and by one repeat if it is a new
// one.
Result<Response> FhirEhr::send(Request& request) {
  for (int attempt = 0;; ++attempt) {
    BHI_CHECK(wait_for_turn());  // before the token is taken: it might end while we wait
    if (settings_.token && !request.anonymous) {
      BHI_TRY(std::string token, settings_.token());
      if (attempt > 0 && token == request.bearer) break;
      request.bearer = std::move(token);
    }
    const bool writes = request.method == Method::Post || request.method == Method::Put;
    if (writes && may_send_ && !may_send_()) {  // the last thing before it leaves
      return Error{Kind::Busy, "not sent: another replica may have taken this over"};
    }
    const auto started = std::chrono::steady_clock::now();
    Response response = http_->send(request);
    log(settings_.name, request, response, std::chrono::steady_clock::now() - started);
    if (settings_.traffic) settings_.traffic->heard(response, wall_now());
    const bool answered = response.what == Response::What::Answered;
    const bool refused = answered && response.status == 401;
    if (refused && settings_.token_refused && !request.anonymous) settings_.token_refused(request.bearer);
    if (answered && !refused && settings_.token_worked && !request.anonymous) settings_.token_worked(request.bearer);
    if (attempt > 0 || !settings_.token || request.anonymous || !refused) return response;
  }
  Response refused;
  refused.what = Response::What::Answered;
  refused.status = 401;
  return refused;
}

Result<Response> FhirEhr::get(std::string url) {
  Request request{
      .method = Method::Get, .url = std::move(url), .headers = {kAccept, kAsItIsNow}, .bearer = {}, .body = {}};
  auto sent = send(request);
  if (!sent) return sent;
  if (auto problem = problem_of(*sent, settings_.limits)) {
    problem->message = "GET " + shown(request.url) + ": " + problem->message;
    return std::move(*problem);
  }
  return sent;
}

Result<flow::Capabilities> FhirEhr::capabilities() {
  BHI_TRY(Response response, get(http_->base() + "/metadata"));
  BHI_TRY(const auto document, document_of(response, settings_.limits, "metadata"));
  BHI_TRY(flow::Capabilities capabilities, capabilities_from(document->root()));
  const auto grant = settings_.grant ? settings_.grant() : std::nullopt;
  if (grant) narrow(capabilities, *grant, settings_.scope_version ? settings_.scope_version() : ScopeVersion::V1);
  return capabilities;
}

Result<flow::Page> FhirEhr::page(std::string url) {
  const std::string where = "GET " + shown(url);
  BHI_TRY(Response response, get(std::move(url)));
  flow::Page page;
  page.server_time = http_date(response.date);
  BHI_TRY(page.bundle, document_of(response, settings_.limits, where));
  BHI_CHECK(expect_type(page.bundle->root(), "Bundle", where));
  for (const fhir::Node& link : fhir::each(page.bundle->root().find("link"))) {
    if (link.text_of("relation") == "next") page.next = link.text_of("url");
  }
  return page;
}

Result<flow::Page> FhirEhr::search(std::string_view type, std::string_view query) {
  if (!is_type_name(type)) return Error{Kind::Incorrect, "search: expected the name of a resource type"};
  std::string url = http_->base() + "/" + std::string(type);
  if (!query.empty()) url += "?" + std::string(query);
  return page(std::move(url));
}

Result<flow::Page> FhirEhr::next(std::string_view link) {
  BHI_TRY(std::string url, http_->same_origin(link));
  return page(std::move(url));
}

Result<fhir::DocumentPtr> FhirEhr::read(std::string_view type, std::string_view id) {
  if (!is_type_name(type)) return Error{Kind::Incorrect, "read: expected the name of a resource type"};
  if (!fhir::is_safe_id(id)) return Error{Kind::Incorrect, "read: expected a FHIR id that may stand in an address"};
  const std::string where = "GET " + std::string(type) + "/" + std::string(id);
  BHI_TRY(Response response, get(http_->base() + "/" + std::string(type) + "/" + std::string(id)));
  BHI_TRY(auto document, document_of(response, settings_.limits, where));
  BHI_CHECK(expect_type(document->root(), type, where));
  if (document->root().text_of("id") != id) {
    return Error{Kind::Incorrect, where + ": expected the resource asked for, found one with another id"};
  }
  return document;
}

flow::Answer FhirEhr::write(Request& request, std::string_view type, std::string_view id) {
  auto sent = send(request);
  if (!sent) {  // no token to be had
    return unsent(sent.error().kind == Kind::Forbidden ? flow::Answer::What::Forbidden : flow::Answer::What::NotSent,
                  sent.error().message);
  }
  return answer_of(*sent, settings_.limits, type, id);
}

flow::Answer FhirEhr::create(std::string_view type, std::string_view body, std::string_view if_none_exist) {
  if (!is_type_name(type)) return unsent(flow::Answer::What::Refused, "no name of a resource type");
  Request request{.method = Method::Post,
                  .url = http_->base() + "/" + std::string(type),
                  .headers = {kAccept, kContentType, kWantWhole},
                  .bearer = {},
                  .body = std::string(body)};
  if (!if_none_exist.empty()) request.headers.push_back("If-None-Exist: " + std::string(if_none_exist));
  failpoint("create.before");
  auto answer = write(request, type, {});
  failpoint("create.after");
  return answer;
}

flow::Answer FhirEhr::update(std::string_view type, std::string_view id, std::string_view body,
                             std::string_view if_match) {
  if (!is_type_name(type) || !fhir::is_safe_id(id)) {
    return unsent(flow::Answer::What::Refused, "no type and id that may stand in an address");
  }
  Request request{.method = Method::Put,
                  .url = http_->base() + "/" + std::string(type) + "/" + std::string(id),
                  .headers = {kAccept, kContentType, kWantWhole},
                  .bearer = {},
                  .body = std::string(body)};
  if (!if_match.empty()) request.headers.push_back("If-Match: " + etag_of_version(if_match));
  failpoint("update.before");
  auto answer = write(request, type, id);
  failpoint("update.after");
  return answer;
}

}  // namespace

Result<std::unique_ptr<flow::Ehr>> connect(const EhrSettings& settings) {
  EhrSettings complete = settings;
  if (complete.http.user_agent.empty()) complete.http.user_agent = "bhi-adapter/" + complete.version;
  BHI_TRY(auto http, Http::open(complete.http));
  auto line = std::make_shared<Line>();
  line->settings = std::move(complete);
  line->http = std::move(http);
  return std::unique_ptr<flow::Ehr>(std::make_unique<FhirEhr>(std::move(line), false));
}

}  // namespace bhi::ehr
