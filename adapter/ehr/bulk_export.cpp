#include "ehr/bulk_export.h"

#include "ehr/answer.h"
#include "ehr/gunzip.h"
#include "ehr/headers.h"
#include "fhir/bundle.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace bhi::ehr {

namespace {

using flow::BulkAnswer;
using flow::BulkFile;

constexpr int kMostRedirects = 5;
constexpr std::size_t kMostProgress = 100;
constexpr std::string_view kGzipMagic = "\x1f\x8b";

std::string progress_of(std::string_view text) {
  std::string shown(text.substr(0, kMostProgress));
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return shown;
}

std::optional<int> status_in(std::string_view text) {
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  return error == std::errc{} && status >= 100 && status < 600 ? std::optional(status) : std::nullopt;
}

bool says_transient(const fhir::Node& body) {
  if (fhir::resource_type(body) != "OperationOutcome") return false;
  const auto issues = fhir::each(body.find("issue"));
  return std::ranges::any_of(issues, [](const fhir::Node& issue) { return issue.text_of("code") == "transient"; });
}

// A page for people behind a 200: a proxy, a login.
bool is_page(std::string_view content_type) { return content_type.find("html") != std::string_view::npos; }

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The content of one file on its way to the taker.
class Unpacking {
 public:
  explicit Unpacking(const flow::TakeBytes& take) : take_(take) {}

  bool operator()(std::string_view bytes) {
    if (head_.size() < kGzipMagic.size()) {
      const std::size_t missing = std::min(kGzipMagic.size() - head_.size(), bytes.size());
      head_.append(bytes.substr(0, missing));
      bytes.remove_prefix(missing);
      if (head_.size() < kGzipMagic.size()) return true;
      if (head_ == kGzipMagic) gunzip_.emplace();
      if (!hand_on(head_)) return false;
    }
    return bytes.empty() || hand_on(bytes);
  }

  // A file of a single byte.
  void finish() {
    if (!head_.empty() && head_.size() < kGzipMagic.size()) hand_on(head_);
  }
  bool ended_by_taker() const { return ended_; }
  bool page() const { return page_; }
  bool broken() const { return gunzip_ && (gunzip_->broken() || (!ended_ && !gunzip_->whole())); }

 private:
  bool hand_on(std::string_view bytes) {
    const auto give = [this](std::string_view piece) {
      if (!begun_) {
        const std::size_t first = piece.find_first_not_of(" \t\r\n");
        begun_ = first != std::string_view::npos;
        page_ = begun_ && piece[first] == '<';
        if (page_) return false;  // no line of it is anybody's record
      }
      ended_ = !take_(piece);
      return !ended_;
    };
    return gunzip_ ? gunzip_->feed(bytes, give) : give(bytes);
  }

  const flow::TakeBytes& take_;
  std::string head_;
  std::optional<Gunzip> gunzip_;
  bool begun_ = false;
  bool page_ = false;
  bool ended_ = false;
};

class HttpBulkExport final : public flow::BulkExport {
 public:
  HttpBulkExport(const Http& http, const fhir::ReadLimits& limits, SendRequest send)
      : http_(http), limits_(limits), send_(std::move(send)) {}

  Result<BulkAnswer> kick_off(const flow::BulkAsk& ask) override {
    Request request{.method = ask.body.empty() ? Method::Get : Method::Post,
                    .url = http_.base() + "/" + ask.place,
                    .headers = {"Accept: application/fhir+json", "Prefer: respond-async"},
                    .body = ask.body};
    if (!ask.body.empty()) request.headers.emplace_back("Content-Type: application/fhir+json");
    return answer_to(request);
  }

  Result<BulkAnswer> ask(std::string_view url) override {
    BHI_TRY(std::string address, http_.same_origin(url));
    Request request{.url = std::move(address), .headers = {"Accept: application/json, application/fhir+json"}};
    return answer_to(request);
  }

  BulkFile download(std::string_view url, bool with_token, const flow::TakeBytes& take) override;

  Result<void> remove(std::string_view url) override {
    BHI_TRY(std::string address, http_.same_origin(url));
    Request request{.method = Method::Delete, .url = std::move(address), .headers = {"Accept: application/fhir+json"}};
    BHI_TRY(const Response response, send_(request));
    if (auto problem = problem_of(response, limits_)) {
      const bool done = response.what == Response::What::Answered &&
                        (response.status == 202 || response.status == 404 || response.status == 410);
      if (!done) return std::move(*problem);
    }
    return {};
  }

 private:
  Result<BulkAnswer> answer_to(Request& request);
  BulkFile ended(const Response& response, const Unpacking& unpacking) const;

  const Http& http_;
  const fhir::ReadLimits limits_;
  const SendRequest send_;
};

Result<BulkAnswer> HttpBulkExport::answer_to(Request& request) {
  BHI_TRY(Response response, send_(request));
  if (response.what != Response::What::Answered) return *problem_of(response, limits_);
  BulkAnswer answer;
  answer.status = response.status;
  if (response.status == 200) answer.status = status_in(response.export_status).value_or(200);
  answer.location = response.content_location;
  answer.progress = progress_of(response.progress);
  answer.server_time = http_date(response.date);
  answer.retry_after_ms = wait_ms(response.retry_after, response.rate_limit, answer.server_time);
  answer.expires = http_date(response.expires);
  response.status = answer.status;
  if (const auto problem = problem_of(response, limits_); problem && answer.status != 202) {
    answer.reason = problem->message;
  }
  if (is_page(response.content_type)) answer.reason = std::to_string(answer.status) + ", found a web page";
  if (response.body.empty() || is_page(response.content_type)) return answer;
  if (auto document = fhir::read_json(std::move(response.body), limits_)) {
    answer.body = std::move(*document);
    answer.transient = says_transient(answer.body->root());
  }
  return answer;
}

BulkFile HttpBulkExport::ended(const Response& response, const Unpacking& unpacking) const {
  using What = BulkFile::What;
  if (unpacking.ended_by_taker()) return {What::Ended, std::nullopt, "no more was wanted"};
  if (unpacking.page()) return {What::Later, std::nullopt, "200, expected NDJSON, found a web page"};
  if (response.what == Response::What::Answered && response.status == 200) {
    if (unpacking.broken()) return {What::Cut, std::nullopt, "the gzip of the file is broken or ends early"};
    return {What::Whole, std::nullopt, "200"};
  }
  BulkFile file;
  const auto problem = problem_of(response, limits_);
  file.reason = problem ? problem->message : std::to_string(response.status) + ", expected a file";
  if (response.what != Response::What::Answered) return file;
  file.retry_after_ms = wait_ms(response.retry_after, response.rate_limit, http_date(response.date));
  switch (response.status) {
    case 401:
    case 403:
    case 404:
    case 410: file.what = What::Expired; break;
    case 408:
    case 425:
    case 429: file.what = What::Later; break;
    default: file.what = response.status >= 500 && response.status != 501 ? What::Later : What::Refused;
  }
  return file;
}

BulkFile HttpBulkExport::download(std::string_view url, bool with_token, const flow::TakeBytes& take) {
  const auto refused = [](std::string reason) {
    return BulkFile{BulkFile::What::Refused, std::nullopt, std::move(reason)};
  };
  auto place = http_.file_place(url);
  if (!place) return refused(place.error().message);
  bool token = with_token && place->ours;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    Unpacking unpacking(take);
    Request request{.url = place->url,
                    .headers = {"Accept: application/fhir+ndjson"},
                    .anonymous = !token,
                    .elsewhere = true,
                    .sink = [&unpacking](std::string_view bytes) { return unpacking(bytes); }};
    const auto sent = send_(request);
    if (!sent) return {BulkFile::What::Later, std::nullopt, sent.error().message};
    if (sent->what != Response::What::Answered || !is_redirect(sent->status)) {
      unpacking.finish();
      return ended(*sent, unpacking);
    }
    place = http_.file_place(sent->location, place->url);
    if (!place) return refused(std::to_string(sent->status) + ": " + place.error().message);
    token = false;  // whoever is sent on holds a permission in the address
  }
  return refused("more than " + std::to_string(kMostRedirects) + " redirects");
}

}  // namespace

std::unique_ptr<flow::BulkExport> make_bulk_export(const Http& http, const fhir::ReadLimits& limits, SendRequest send) {
  return std::make_unique<HttpBulkExport>(http, limits, std::move(send));
}

}  // namespace bhi::ehr
