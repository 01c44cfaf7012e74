// The results of a window read in the order of their change, each request beginning where the last page ended: for
// servers whose next links count into what matches at that moment. With those an edit between two pages moves what
// comes after it up by one, over the edge of a page, and some servers refuse to count beyond 10,000.
#pragma once

#include "flow/pages.h"
#include "flow/ports.h"

#include <functional>
#include <optional>
#include <string_view>

namespace bhi::flow {

// Does the link say a position ("_offset=20", "page=2") rather than keep what was found?
bool counts_positions(std::string_view link);

// Asks for what was changed at that time or later, in that order, so many a page.
using AskInOrder = std::function<Result<Page>(std::optional<Instant> since, int count)>;

// From `since` (empty: from the beginning) to the end; pages go to `take` as in walk_pages. More records of one moment
// than a page holds are asked for in a larger page, and beyond that by next links; then an edit seen meanwhile leaves
// the window open. Empty: the server does not answer in that order (its next links must say `_sort` too), and it has to
// be done by its next links. Errors: those of the Ehr, and of `take`.
Result<std::optional<PageWalk>> walk_by_time(Ehr& ehr, const AskInOrder& ask, std::optional<Instant> since,
                                             int page_size, int max_pages, std::string_view type, Issues& issues,
                                             const TakePage& take);

}  // namespace bhi::flow
