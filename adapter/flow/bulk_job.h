// One Bulk Data export as a value: how far it has come, its form in a cursor, what an answer means for it. Pure; the
// requests are made in bulk.cpp. https://hl7.org/fhir/uv/bulkdata/export.html
#pragma once

#include "base/instant.h"
#include "flow/bulk_port.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

enum class BulkPhase {
  Idle,     // nothing is under way; the next export is asked for at `not_before`
  Waiting,  // kicked off; the EHR prepares the files
  Files,    // the files come in
  Ending,   // nothing is left to fetch, or it was given up: the EHR is told
};
std::string_view name(BulkPhase phase);

enum class BulkKind {
  Full,        // everything
  Since,       // what changed since the last one
  NewMembers,  // everything of patients who have joined the group since
};
std::string_view name(BulkKind kind);

struct BulkJob {
  BulkPhase phase = BulkPhase::Idle;
  BulkKind kind = BulkKind::Full;
  std::string form;        // of the kick-off, as this EHR took it: "get", "get-repeated", "post"; empty: not known yet
  std::string status_url;  // Content-Location, stored before it is asked
  Instant asked{};         // the kick-off, by our clock
  Instant asked_there{};   // the same by the EHR's, where it says its time
  std::optional<Instant> transaction_time;

  // The way through the files. First pass: output and outcomes of every page of the manifest; second: `deleted`.
  std::string page_url;
  std::uint64_t page = 0, pass = 0, file = 0;
  std::uint64_t lines = 0;   // of this file, whatever became of them: durable
  std::uint64_t digest = 0;  // of these lines, to see whether the same file comes again
  bool has_deleted = false;  // a page has a list of deletions
  bool incomplete = false;   // something of the export could not be had
  bool failed = false;       // it was given up

  Instant not_before{};           // nothing is asked before
  std::uint64_t polls = 0;        // in this phase
  std::uint64_t failures = 0;     // in a row
  std::uint64_t given_up = 0;     // exports in a row
  std::string progress, problem;  // for people: what the EHR says of it; what went wrong last

  // What came in by this export.
  std::uint64_t files = 0, seen = 0, stored = 0, bad = 0, unasked = 0, deleted = 0, outcomes = 0;

  // Of the exports before.
  bool loaded = false;                    // one has come to its end
  std::optional<Instant> since;           // of the next one; empty: everything is asked for
  std::optional<Instant> complete_until;  // nothing older than this is missing, by our clock
};

std::string to_text(const BulkJob& job);
// Empty: no such text. Unknown members are passed over.
std::optional<BulkJob> bulk_job_from(std::string_view text);

// What a status answer says of the export.
enum class BulkState {
  Going,   // 202
  Ready,   // 200
  Later,   // not told this time: 401, 429, a transient OperationOutcome, a gateway's 502 to 504
  Gone,    // 404, 410: the EHR knows it no longer
  Failed,  // any other 4xx or 5xx: it has failed for good
};
BulkState state_of(const BulkAnswer& answer);

// What a kick-off came to: taken (202 with a Content-Location), another form is worth a try, later, or never.
enum class BulkStart { Taken, OtherForm, Later, Refused };
BulkStart start_of(const BulkAnswer& answer);

// How long until the status is asked again: what the EHR told (at most `longest` while it prepares the files; when it
// is too busy to say, what it told), else from a second on twice as long each time, up to `longest`.
std::chrono::milliseconds poll_delay(std::uint64_t polls, const BulkAnswer& answer, std::chrono::milliseconds longest);

// _since of the next export: the earlier of transactionTime and kick-off (some EHRs tell the end of the export), less
// the overlap.
Instant next_since(const BulkJob& job, std::chrono::seconds overlap);

// Back to nothing under way, with what is known for the next time.
BulkJob after(const BulkJob& job);

}  // namespace bhi::flow
