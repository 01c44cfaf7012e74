// Answers of the API: JSON, and one shape for everything that went wrong, an OperationOutcome.
// https://hl7.org/fhir/R4/operationoutcome.html
#pragma once

#include "base/issue.h"
#include "base/result.h"
#include "service/http/message.h"

#include <string>
#include <string_view>

namespace bhi::service {

inline constexpr std::string_view kFhirJson = "application/fhir+json; charset=utf-8";
inline constexpr std::string_view kJson = "application/json; charset=utf-8";

http::Response json_answer(int status, std::string body, std::string_view type = kJson);

http::Response outcome(int status, const Issues& issues);

// Status by the kind of the error. What a Fault says is for the log, not for the caller.
http::Response error_answer(const Error& error);
http::Response error_answer(int status, std::string_view code, std::string_view text);

// The weak entity tag of a version, and back ("W/\"3\"", "\"3\"", "3"); empty when it is none of these.
std::string etag(std::int64_t version);
std::optional<std::int64_t> version_of(std::string_view etag);

}  // namespace bhi::service
