// `bhi explain`: why a write to the EHR says what it says. For every element of a request the chain
//
//   element <- rule of the outbound map <- field of the care model <- care rule <- field of what was received
//           <- rule of the inbound map <- element of a resource of the EHR
//
// and the other way: which elements of the requests an answer went into.
#pragma once

#include "flow/map_report.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct Explained;

// One way in which an element came to be.
struct ExplainedStep {
  std::string how;                           // "copied", "computed", "constant", ...; "derived" for a care rule
  std::string by;                            // transform or expression of the rule
  std::optional<mapping::LineageRule> rule;  // of a map
  std::string care_rule;                     // of the care model, in words
  std::string translation;                   // "#totals: phq-9 -> http://loinc.org|44261-6"
  std::vector<Explained> from;
};

// An element of a document, with what is known of where it came from. No steps: it is an element that was received, or
// nothing is known.
struct Explained {
  std::string document;  // "QuestionnaireResponse/r1", "Screening/<care id>"
  std::string path;      // "QuestionnaireResponse.item[8].answer[0].valueCoding"
  std::string value;     // JSON of a primitive, else empty
  std::vector<ExplainedStep> steps;
};

struct ExplainedWrite {
  const WriteRequest* write = nullptr;
  std::vector<Explained> elements;  // primitives of the body, in order
};

// One for each write of the report, which must outlive the answer.
std::vector<ExplainedWrite> explain(const MapReport& report, const MapTrace& trace);

struct ExplainFilter {
  std::string element;   // path within a request, "Observation.valueQuantity"; empty: all
  std::string document;  // only what was made from this document ("QuestionnaireResponse/r1"), and
  std::string path;      // from this element of it; empty: from anywhere in it
};

void keep_only(std::vector<ExplainedWrite>& writes, const ExplainFilter& filter);

std::string to_json(const std::vector<ExplainedWrite>& writes);
std::string to_text(const std::vector<ExplainedWrite>& writes);

}  // namespace bhi::flow
