// A request and its answer as plain values: what the simulator decides on, with no socket in sight.
#pragma once

#include "base/instant.h"
#include "base/result.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::sim {

inline constexpr std::string_view kFhirJson = "application/fhir+json; charset=utf-8";
inline constexpr std::string_view kPlainJson = "application/json; charset=utf-8";

using Headers = std::vector<std::pair<std::string, std::string>>;

// First header of that name, whatever its case; empty when absent.
std::string_view header(const Headers& headers, std::string_view name);
bool has_header(const Headers& headers, std::string_view name);

// How a request stands to the server's time.
struct Timing {
  std::chrono::seconds skew{0};         // what is written is stamped by a clock that is so far ahead
  std::chrono::seconds late{0};         // and is seen by others only so much later
  std::chrono::milliseconds behind{0};  // the clock was set back by so much: it does not tell what time has passed
};

struct Request {
  std::string method;  // "GET"
  std::string path;    // still percent-encoded: "/fhir/Patient/1"
  std::string query;   // still encoded, without '?'
  Headers headers;
  std::string body;
  std::string base;  // of this server as the client sees it: "http://127.0.0.1:8080/fhir"
  bool from_loopback = true;
  bool inside = false;  // of the EHR's own people, not through its interface: no profile refuses it
  Timing timing{};
};

struct Response {
  int status = 200;
  std::string body;  // empty: none is sent
  std::string_view content_type = kFhirJson;
  Headers headers;
};

// An OperationOutcome with one issue. `code` is an IssueType; `place` a FHIRPath or empty.
// https://hl7.org/fhir/R4/operationoutcome.html
Response refuse(int status, std::string_view code, std::string_view text, std::string_view place = {});
// The same for work that failed with an Error: status by its kind.
Response refuse(const Error& error, std::string_view place = {});

struct Parameter {
  std::string name;
  std::string value;
};

// "%2F" to "/" and, in a query, "+" to a blank. Empty when an escape is broken or hides a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank);
// Keeps unreserved characters (RFC 3986) and those a FHIR query reads better with: ":", "|", ",", "/".
std::string percent_encode(std::string_view text);
// "a=1&b=2" in order; empty parts are skipped. Error kind Incorrect: a broken escape.
Result<std::vector<Parameter>> parse_query(std::string_view query);

// "Sun, 22 Nov 2026 09:30:00 GMT" (RFC 9110, 5.6.7).
std::string http_date(Instant instant);

// The version in W/"3" or "3"; empty when the text is no single entity tag.
std::optional<std::string> version_of_etag(std::string_view text);
std::string etag(std::string_view version);

}  // namespace bhi::sim
