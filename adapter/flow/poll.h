// Asking the EHR for news: by windows of `_lastUpdated` (or a date in the record) with an overlap, de-duplicated by
// content. For EHRs without either: sweep.h.
// https://hl7.org/fhir/R4/search.html#lastUpdated
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/poll_choice.h"
#include "flow/ports.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

struct PollSettings {
  std::string source;
  std::chrono::seconds overlap{150};  // commits become visible late, clocks differ
  int page_size = 100;
  int max_pages = 10'000;  // a server that never ends its pages
  std::string filter{};    // further parameters of every search of the type, encoded: "category=survey"
};

struct PollSummary {
  std::size_t pages = 0;
  std::size_t seen = 0;
  std::size_t stored = 0;
  bool count_refused = false;  // the EHR does not take `_count`: it need not be tried again
  bool complete = true;        // false: the window will be asked again (expired link, inline outcome, page loop)
  Issues issues;
};

// One window for one type: pages are accepted one by one, the cursor moves with the last one only, in its transaction.
// The next window starts `overlap` before the newest server time seen. Uses the server's Date, never our clock, when
// told. Errors: Unsupported (the type has no search or no _lastUpdated), Unavailable, Forbidden, ...
Result<PollSummary> poll(Store& store, Ehr& ehr, const Capabilities& capabilities, const PollSettings& settings,
                         std::string_view type, Instant now);

// The same by the parameter of the choice, which is of mode LastUpdated or CreatedDate.
Result<PollSummary> poll(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice, Instant now);

// When the last complete window of the type was asked, by our clock; empty: never.
Result<std::optional<Instant>> last_window(Store& store, std::string_view source, std::string_view type);

// The cursor with which windows of a type go on behind what came in another way: asked at `asked` by our clock when the
// EHR's said `server`, complete but for what changed after `since`.
Cursor window_cursor(std::string_view source, std::string_view type, Instant since, Instant server, Instant asked);

// A form that a response names and nobody has sent: asked for by url (and |version), kept, and whoever waits is woken.
// False: the EHR does not have it.
Result<bool> fetch_form(Store& store, Ehr& ehr, std::string_view source, std::string_view canonical, Instant now);

}  // namespace bhi::flow
