#include "flow/outcome.h"

#include "fhir/json.h"
#include "fhir/node.h"

#include <string_view>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

// https://hl7.org/fhir/R4/valueset-issue-type.html
std::string_view issue_type(Kind kind) {
  switch (kind) {  // no default: the compiler reports a forgotten kind
    case Kind::Incorrect: return "invalid";
    case Kind::Forbidden: return "forbidden";
    case Kind::NotFound: return "not-found";
    case Kind::Conflict: return "conflict";
    case Kind::Busy: return "throttled";
    case Kind::Fault: return "exception";
    case Kind::Unsupported: return "not-supported";
    case Kind::Unavailable: return "transient";
  }
  return "exception";
}

Node to_node(const Issue& issue, Arena& arena) {
  const std::string_view code = issue.code.empty() ? std::string_view("processing") : std::string_view(issue.code);
  std::vector<Member> members = {{&fhir::intern("severity"), Node::string(name(issue.severity))},
                                 {&fhir::intern("code"), Node::string(code)}};
  if (!issue.text.empty()) members.push_back({&fhir::intern("diagnostics"), Node::string(issue.text)});
  const Node path = Node::string(issue.path);
  if (!issue.path.empty()) members.push_back({&fhir::intern("expression"), Node::array({&path, 1})});
  return fhir::copy(Node::object(members), arena);
}

}  // namespace

std::string operation_outcome(const Issues& issues) {
  static const Issue kNone{Severity::Information, "informational", "", "no issues"};  // at least one is demanded
  Arena arena;
  std::vector<Node> nodes;
  for (const Issue& issue : issues) nodes.push_back(to_node(issue, arena));
  if (issues.empty()) nodes.push_back(to_node(kNone, arena));
  const std::vector<Member> members = {{&fhir::intern("resourceType"), Node::string("OperationOutcome")},
                                       {&fhir::intern("issue"), Node::array(nodes)}};
  return fhir::write_json(Node::object(members));
}

std::string operation_outcome(const Error& error) {
  return operation_outcome(Issues{{Severity::Error, std::string(issue_type(error.kind)), "", error.message}});
}

}  // namespace bhi::flow
