// First step of a record's journey: bytes in, inbox items out. Refuse (an Error, nothing kept) or take.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/json.h"
#include "flow/ports.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct Received {
  std::vector<InboxItem> items;  // one per resource, lanes set, seq 0
  Issues issues;                 // entries that could not be taken, with their path
};

// A FHIR resource or Bundle as text, JSON or XML. Error Incorrect: unreadable bytes or no known resourceType; the
// message says where. A Bundle with one bad entry is taken without it and an issue names the entry.
Result<Received> receive(std::string text, std::string_view source, std::string_view channel, Instant now,
                         const fhir::ReadLimits& limits);

// The same for a page of search results already read: entries with search.mode "outcome" become issues.
// `left_out`: what the reader had to leave out of the Bundle (fhir/xml.h).
Result<Received> receive(const fhir::Node& document, std::string_view source, std::string_view channel, Instant now,
                         const Issues& left_out = {});

}  // namespace bhi::flow
