// What is wrong (or worth a look) in data: collected, never thrown. The terms are those of FHIR's OperationOutcome
// (https://hl7.org/fhir/R4/operationoutcome.html), which every API answers with; no FHIR type is needed to say them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bhi {

enum class Severity { Fatal, Error, Warning, Information };

std::string_view name(Severity severity);

struct Issue {
  Severity severity = Severity::Error;
  std::string
      code;  // an IssueType code: structure, required, value, invariant, not-found, not-supported, business-rule, ...
  std::string path;  // FHIRPath of the element, e.g. "QuestionnaireResponse.item[3].answer[0]"; may name Type/id first
  std::string text;  // expected, found; no names, notes or whole resources

  bool operator==(const Issue&) const = default;
};

using Issues = std::vector<Issue>;

bool has_errors(const Issues& issues);

}  // namespace bhi
