#include "service/on_call_contact.h"

#include "ehr/http.h"
#include "service/ehr_auth.h"
#include "service/run_command.h"

namespace bhi::service {

namespace {

std::string origin_of(const std::string& url) {
  const auto start = url.find("//") + 2;
  return url.substr(0, url.find_first_of("/?", start));
}

// Messages never repeat the address: services put their keys into it.
Result<void> post(const OnCallContact& contact, const OnCallSettings& settings, std::string_view notice,
                  std::string_view version) {
  ehr::HttpSettings http;
  http.base_url = origin_of(contact.webhook_url);
  http.ca_file = settings.ca_file;
  http.user_agent = "bhi-adapter/" + std::string(version);
  http.connect_timeout = http.total_timeout = std::chrono::seconds(settings.timeout_secs);
  http.max_body_bytes = std::size_t{64} << 10;
  BHI_TRY(const auto door, ehr::Http::open(http));
  ehr::Request request;
  request.method = ehr::Method::Post;
  request.url = contact.webhook_url;
  request.headers = {"Content-Type: application/json"};
  request.body = notice;
  if (!contact.webhook_token_file.empty()) {
    BHI_TRY(request.bearer, read_secret(contact.webhook_token_file));
  }
  const auto response = door->send(request);
  if (response.what != ehr::Response::What::Answered) return Error{Kind::Unavailable, response.reason};
  if (response.status < 200 || response.status > 299)
    return Error{Kind::Unavailable, "answered " + std::to_string(response.status)};
  return {};
}

}  // namespace

Telling tell(const OnCallContact& contact, const OnCallSettings& settings, std::string_view notice,
             std::string_view version) {
  Telling telling;
  const auto note = [&telling](const char* way, const Result<void>& done) {
    if (done.ok()) {
      telling.told = true;
    } else {
      telling.problems += (telling.problems.empty() ? "" : "; ") + std::string(way) + ": " + done.error().message;
    }
  };
  if (!contact.webhook_url.empty()) note("webhook", post(contact, settings, notice, version));
  if (!contact.command.empty())
    note("command", run_command(contact.command, notice, std::chrono::seconds(settings.timeout_secs)));
  return telling;
}

}  // namespace bhi::service
