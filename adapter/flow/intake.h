// The gate: one document that somebody sent, looked at before anything of it is kept. The same for what is posted and
// for what lies in a drop folder.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"
#include "flow/ports.h"

#include <string_view>
#include <vector>

namespace bhi::flow {

struct Intake {
  bool refused = false;          // nothing of it is kept; `issues` say why
  std::vector<InboxItem> items;  // to be kept; may be none
  Issues issues;                 // errors of what is kept too: it will be put aside with these reasons
};

// Refused are R5, a transaction with one bad entry or one resource twice, a Bundle of which nothing can be taken, and a
// single resource that hides whom it is about. `left_out`: of the reader (fhir/xml.h).
// Error Incorrect: no FHIR resource.
Result<Intake> take_in(const fhir::Node& root, std::string_view source, std::string_view channel, Instant now,
                       const fhir::Types& types, const Issues& left_out = {});

}  // namespace bhi::flow
