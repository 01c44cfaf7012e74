// Asking for everything again, for EHRs that cannot be asked for news: what changed is told by content, what is no
// longer there is believed only when the EHR says so of the record itself.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/poll.h"
#include "flow/poll_choice.h"
#include "flow/ports.h"

#include <string>
#include <string_view>

namespace bhi::flow {

struct SweepSummary {
  std::size_t requests = 0;
  std::size_t seen = 0;
  std::size_t stored = 0;      // new or changed
  std::size_t deleted = 0;     // confirmed by 410
  std::size_t absent = 0;      // no longer found, not confirmed
  bool count_refused = false;  // as of a poll
  bool complete = true;        // false: asked again; nothing is missed from it
  Issues issues;
};

// One type of one patient, or (`patient` empty) all of a type. What was found is kept page by page; the list of what
// there was moves with the last page, in its transaction. A record of the last list that is not in this one is read:
// 410 deleted, 404 unknown (asked three times, then left), 403 no longer for us, 200 a gap in the search, and news.
// Errors: those of the Ehr and the Store.
Result<SweepSummary> sweep(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice,
                           std::string_view patient, Instant now);

}  // namespace bhi::flow
