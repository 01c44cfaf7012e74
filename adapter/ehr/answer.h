// What an HTTP answer of a FHIR server means: one table from status to consequence.
// https://hl7.org/fhir/R4/http.html#summary
#pragma once

#include "base/result.h"
#include "ehr/http.h"
#include "fhir/json.h"
#include "flow/ports.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::ehr {

// Why a read or search gave nothing usable; empty for 2xx. The message holds the status, codes of an OperationOutcome
// and how long to wait, never its texts.
std::optional<Error> problem_of(const Response& response, const fhir::ReadLimits& limits);

// The body as a document. Error Incorrect: empty, a web page, no JSON; says what was found, not what it says.
Result<fhir::DocumentPtr> document_of(Response& response, const fhir::ReadLimits& limits, std::string_view where);

Result<void> expect_type(const fhir::Node& resource, std::string_view type, std::string_view where);

// The outcome of a write. `id`: of an update; empty for a create, whose id comes from the body or the Location header.
flow::Answer answer_of(Response& response, const fhir::ReadLimits& limits, std::string_view type, std::string_view id);

}  // namespace bhi::ehr
