// OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html) from issues and errors.
#pragma once

#include "base/issue.h"
#include "base/result.h"

#include <string>

namespace bhi::flow {

std::string operation_outcome(const Issues& issues);
std::string operation_outcome(const Error& error);  // IssueType by Kind

}  // namespace bhi::flow
