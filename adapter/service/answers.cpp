#include "service/answers.h"

#include "flow/outcome.h"

#include <charconv>

namespace bhi::service {

http::Response json_answer(int status, std::string body, std::string_view type) {
  http::Response response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

http::Response outcome(int status, const Issues& issues) {
  return json_answer(status, flow::operation_outcome(issues), kFhirJson);
}

http::Response error_answer(const Error& error) {
  if (error.kind == Kind::Fault) return error_answer(500, "exception", "the request could not be served");
  auto response = json_answer(http_status(error.kind), flow::operation_outcome(error), kFhirJson);
  if (error.kind == Kind::Busy || error.kind == Kind::Unavailable) response.fields.push_back({"Retry-After", "1"});
  return response;
}

http::Response error_answer(int status, std::string_view code, std::string_view text) {
  return outcome(status, {{Severity::Error, std::string(code), "", std::string(text)}});
}

std::string etag(std::int64_t version) { return "W/\"" + std::to_string(version) + "\""; }

std::optional<std::int64_t> version_of(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), version);
  if (error != std::errc() || end != etag.data() + etag.size() || version < 1) return std::nullopt;
  return version;
}

}  // namespace bhi::service
