// What the headers of a FHIR server say: versions, times, how long to wait. Pure text work.
#pragma once

#include "base/instant.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::ehr {

// "W/\"12\"" or "\"12\"" is version "12"; empty when it is no entity tag.
// https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3
std::string version_of_etag(std::string_view etag);

// Version "12" as If-Match value: W/"12". Servers were seen that ignore an unquoted one and overwrite.
std::string etag_of_version(std::string_view version);

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form servers may send today.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
std::optional<Instant> http_date(std::string_view text);

// Milliseconds to wait, at least 0 and at most one hour. `retry_after`: seconds, an HTTP date, and, as some servers
// send it, a moment in epoch seconds or milliseconds. `rate_limit`: the t= of a RateLimit header with nothing remaining
// (r=0). `server_time`: of the Date header; moments are told relative to it, and without it are unknown.
std::optional<std::int64_t> wait_ms(std::string_view retry_after, std::string_view rate_limit,
                                    std::optional<Instant> server_time);

// Does the content type promise JSON? "application/fhir+json; charset=UTF-8", "application/json".
bool is_json(std::string_view content_type);

}  // namespace bhi::ehr
