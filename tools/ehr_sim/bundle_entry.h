// One request inside a batch or transaction Bundle, and one answer in the Bundle that goes back.
#pragma once

#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/json_maker.h"
#include "fhir/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

struct BundleEntry {
  std::size_t index = 0;
  std::string method;
  std::string type;   // of the URL
  std::string id;     // empty: the type itself
  std::string rest;   // behind "Type/id": "_history/2"; nearly always empty
  std::string query;  // behind '?'
  const fhir::Node* resource = nullptr;
  std::string full_url;
  std::string if_none_exist;
  std::string if_match;
  std::string if_none_match;

  std::string place() const { return "Bundle.entry[" + std::to_string(index) + "]"; }
  std::string url() const;  // relative, with query
};

// Error kind Incorrect: no method, no or foreign URL, a write without its resource, ...
Result<BundleEntry> read_entry(const fhir::Node& entry, std::size_t index, std::string_view base);

// The entry as a request of its own.
Request as_request(const BundleEntry& entry, std::string_view base);

// Collects the answers and becomes the answering Bundle.
class AnswerBundle {
 public:
  void add(int status, const Headers& headers, std::string_view last_modified, const fhir::Node* resource,
           const fhir::Node* outcome);
  // `type`: batch-response or transaction-response.
  std::string text(std::string_view type);

 private:
  JsonMaker make_;
  std::vector<fhir::Node> entries_;
};

// First issue of an OperationOutcome in a response body.
struct FirstIssue {
  std::string code;
  std::string text;
};
FirstIssue first_issue(const Response& response);

}  // namespace bhi::sim
