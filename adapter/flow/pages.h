// The pages of one search, to their end, whatever accidents happen on the way.
// https://hl7.org/fhir/R4/http.html#paging
#pragma once

#include "base/issue.h"
#include "base/result.h"
#include "flow/ports.h"

#include <functional>
#include <string>
#include <string_view>

namespace bhi::flow {

// An outcome among the results that is more than a remark says that something may be missing. Epic, athenahealth and
// Oracle cut results short in this way, with status 200.
bool says_incomplete(const fhir::Node& bundle);

// The Ehr's words for what is gone for good (ports.h); not those of a record whose id holds these digits.
bool says_gone(const Error& error);

// Takes a page; `whole`: it is the last one and nothing was missing.
using TakePage = std::function<Result<void>(const Page& page, bool whole)>;

struct PageWalk {
  std::size_t pages = 0;
  bool complete = true;
};

// Follows next links verbatim. Not complete, with an issue that says why: an inline OperationOutcome, a link that has
// expired (404, 410), pages in a circle, more than `max_pages`. A total that is larger than what came is a remark only:
// servers estimate. Errors: those of the Ehr, and of `take`.
Result<PageWalk> walk_pages(Ehr& ehr, Page first, int max_pages, std::string_view type, Issues& issues,
                            const TakePage& take);

}  // namespace bhi::flow
