#include "ehr/answer.h"

#include "ehr/headers.h"
#include "fhir/bundle.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace bhi::ehr {

namespace {

using What = flow::Answer::What;

struct StatusMeaning {
  int status;
  Kind read;
  What write;
};
// Statuses with a meaning of their own; the rest goes by hundreds (kByHundreds).
constexpr std::array kStatuses = std::to_array<StatusMeaning>({
    {202, Kind::Unavailable, What::Unknown},  // taken, not done, and nothing to ask by
    {401, Kind::Forbidden, What::Forbidden},
    {403, Kind::Forbidden, What::Forbidden},
    {404, Kind::NotFound, What::Refused},
    {408, Kind::Unavailable, What::Later},
    {409, Kind::Conflict, What::Conflict},
    {410, Kind::NotFound, What::Refused},
    {412, Kind::Conflict, What::Conflict},
    {425, Kind::Busy, What::Later},
    {429, Kind::Busy, What::Later},
    {501, Kind::Unsupported, What::Refused},
});
constexpr std::array kByHundreds = std::to_array<StatusMeaning>({
    {3, Kind::Unsupported, What::Refused},  // redirects are not followed
    {4, Kind::Incorrect, What::Refused},
    {5, Kind::Unavailable, What::Later},
});

StatusMeaning meaning_of(int status) {
  const auto exact = std::ranges::find(kStatuses, status, &StatusMeaning::status);
  if (exact != kStatuses.end()) return *exact;
  const auto hundred = std::ranges::find(kByHundreds, status / 100, &StatusMeaning::status);
  return hundred == kByHundreds.end() ? StatusMeaning{status, Kind::Incorrect, What::Unknown} : *hundred;
}

bool is_success(int status) { return status >= 200 && status < 300 && status != 202; }

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void add_code(std::string_view code, std::vector<std::string>& codes) {
  if (is_code(code) && codes.size() < 8 && std::ranges::find(codes, code) == codes.end()) codes.emplace_back(code);
}

// Codes of an OperationOutcome: issue types and codings of details. Its texts may speak of a patient and stay unread.
std::vector<std::string> outcome_codes(const fhir::Node& outcome) {
  std::vector<std::string> codes;
  if (fhir::resource_type(outcome) != "OperationOutcome") return codes;
  for (const fhir::Node& issue : fhir::each(outcome.find("issue"))) {
    add_code(issue.text_of("code"), codes);
    const fhir::Node* details = issue.find("details");
    if (details == nullptr) continue;
    for (const fhir::Node& coding : fhir::each(details->find("coding"))) add_code(coding.text_of("code"), codes);
  }
  return codes;
}

// "422 invalid, business-rule"
std::string status_and_codes(int status, const fhir::Node* body) {
  std::string text = std::to_string(status);
  if (body == nullptr) return text;
  char separator = ' ';
  for (const std::string& code : outcome_codes(*body)) {
    if (separator == ',') text += ',';
    text += ' ';
    text += code;
    separator = ',';
  }
  return text;
}

fhir::DocumentPtr readable(std::string body, const fhir::ReadLimits& limits) {
  if (body.empty()) return nullptr;
  auto document = fhir::read_json(std::move(body), limits);
  return document ? std::move(*document) : nullptr;
}

std::string found_instead(const Response& response) {
  if (response.body.empty()) return "nothing";
  const std::string_view type = std::string_view(response.content_type).substr(0, response.content_type.find(';'));
  const bool printable = !type.empty() && type.size() <= 60 &&
                         std::ranges::all_of(type, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  return printable ? std::string(type) : "content of no stated type";
}

void take_identity(const fhir::Node& resource, std::string_view type, std::string_view id, flow::Answer& answer) {
  if (fhir::resource_type(resource) != type) return;
  const std::string_view found = resource.text_of("id");
  if (!id.empty() && found != id) return;
  if (answer.id.empty() && fhir::is_safe_id(found)) answer.id = found;
  const fhir::Node* meta = resource.find("meta");
  if (meta == nullptr) return;
  if (answer.version.empty()) answer.version = meta->text_of("versionId");
  answer.updated = meta->text_of("lastUpdated");
}

}  // namespace

std::optional<Error> problem_of(const Response& response, const fhir::ReadLimits& limits) {
  if (response.what != Response::What::Answered) {
    return Error{Kind::Unavailable,
                 (response.what == Response::What::Lost ? "answer lost: " : "not sent: ") + response.reason};
  }
  if (is_success(response.status)) return std::nullopt;
  const fhir::DocumentPtr body = readable(response.body, limits);
  std::string text = status_and_codes(response.status, body ? &body->root() : nullptr);
  if (const auto wait = wait_ms(response.retry_after, response.rate_limit, http_date(response.date))) {
    text += ", retry after " + std::to_string((*wait + 999) / 1000) + " s";
  }
  return Error{meaning_of(response.status).read, text};
}

Result<fhir::DocumentPtr> document_of(Response& response, const fhir::ReadLimits& limits, std::string_view where) {
  const auto wrong = [&](std::string text) {
    return Error{Kind::Incorrect, std::string(where) + ": " + std::to_string(response.status) + ", " + text};
  };
  if (!is_json(response.content_type)) {
    // Some servers say text/plain for JSON; what does not even begin like it is not read.
    const std::size_t first = response.body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || response.body[first] != '{') {
      return wrong("expected FHIR JSON, found " + found_instead(response));
    }
  }
  const std::string instead = found_instead(response);
  auto document = fhir::read_json(std::move(response.body), limits);
  if (!document) return wrong("expected FHIR JSON, found " + instead + ": " + document.error().message);
  return document;
}

Result<void> expect_type(const fhir::Node& resource, std::string_view type, std::string_view where) {
  const std::string_view found = fhir::resource_type(resource);
  if (found == type) return {};
  std::string text = std::string(where) + ": expected " + std::string(type) + ", found ";
  text += is_code(found) ? std::string(found) : "JSON without resourceType";
  for (const std::string& code : outcome_codes(resource)) text += " " + code;
  return Error{Kind::Incorrect, text};
}

flow::Answer answer_of(Response& response, const fhir::ReadLimits& limits, std::string_view type, std::string_view id) {
  flow::Answer answer;
  answer.status = response.status;
  if (response.what != Response::What::Answered) {
    answer.what = response.what == Response::What::Lost ? What::Unknown : What::NotSent;
    answer.reason = response.reason;
    return answer;
  }
  answer.body = readable(std::move(response.body), limits);
  const fhir::Node* body = answer.body ? &answer.body->root() : nullptr;
  answer.reason = status_and_codes(response.status, body);
  answer.retry_after_ms = wait_ms(response.retry_after, response.rate_limit, http_date(response.date));
  if (!is_success(response.status)) {
    answer.what = meaning_of(response.status).write;
    return answer;
  }

  answer.version = version_of_etag(response.etag);
  answer.id = id;
  if (body != nullptr) take_identity(*body, type, id, answer);
  if (const auto location = fhir::parse_reference(response.location); location && location->type == type) {
    if (answer.id.empty() && fhir::is_safe_id(location->id)) answer.id = location->id;
    if (answer.version.empty() && location->id == answer.id) answer.version = location->version;
  }
  // Success without an id is no success: it may have been a proxy's page. https://hl7.org/fhir/R4/http.html#create
  answer.what = answer.id.empty() ? What::Unknown : What::Done;
  if (answer.id.empty()) answer.reason += ", but no id of a new " + std::string(type);
  // For an update a body that is another resource, or no FHIR at all, says that somebody else answered.
  const std::string_view found = body == nullptr ? std::string_view() : fhir::resource_type(*body);
  const bool other = body != nullptr && found != type && found != "OperationOutcome";
  const bool unreadable = body == nullptr && !response.content_type.empty() && !is_json(response.content_type) &&
                          response.status != 204 && response.etag.empty() && response.location.empty();
  const bool other_id = body != nullptr && found == type && !id.empty() && body->text_of("id") != id;
  if (answer.what == What::Done && (other || unreadable || other_id)) {
    answer.what = What::Unknown;
    answer.reason += ", but the body is not the " + std::string(type) + " that was written";
  }
  if (found != type || other_id) answer.body = nullptr;
  return answer;
}

}  // namespace bhi::ehr
