// Asking the EHR for news: by `_lastUpdated` with an overlap, de-duplicated by content.
// https://hl7.org/fhir/R4/search.html#lastUpdated
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"

#include <chrono>
#include <string>
#include <string_view>

namespace bhi::flow {

struct PollSettings {
  std::string source;
  std::chrono::seconds overlap{150};  // commits become visible late, clocks differ
  int page_size = 100;
  int max_pages = 10'000;  // a server that never ends its pages
};

struct PollSummary {
  std::size_t pages = 0;
  std::size_t seen = 0;
  std::size_t stored = 0;
  bool complete = true;  // false: the window will be asked again (expired link, inline outcome, page loop)
  Issues issues;
};

// One window for one type: pages are accepted one by one, the cursor moves with the last one only, in its transaction.
// The next window starts `overlap` before the newest server time seen. Uses the server's Date, never our clock, when
// told. Errors: Unsupported (the type has no search or no _lastUpdated), Unavailable, Forbidden, ...
Result<PollSummary> poll(Store& store, Ehr& ehr, const Capabilities& capabilities, const PollSettings& settings,
                         std::string_view type, Instant now);

// A form that a response names and nobody has sent: asked for by url (and |version), kept, and whoever waits is woken.
// False: the EHR does not have it.
Result<bool> fetch_form(Store& store, Ehr& ehr, std::string_view source, std::string_view canonical, Instant now);

}  // namespace bhi::flow
