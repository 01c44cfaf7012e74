// Loading by Bulk Data export: one step at a time, each durable before the next. A step that fails is asked for again;
// an export that fails is begun anew; what was kept once is not kept twice.
// https://hl7.org/fhir/uv/bulkdata/export.html
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/bulk_intake.h"
#include "flow/bulk_job.h"
#include "flow/bulk_manifest.h"
#include "flow/bulk_port.h"
#include "flow/bulk_settings.h"
#include "flow/ports.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bhi::flow {

// What a step works with; all of it is lent.
struct BulkWorld {
  Store& store;
  Ehr& ehr;  // for the members of a Group
  BulkExport& bulk;
  std::function<Instant()> now;
  std::function<bool()> stopping;                // a download ends at the next piece
  std::function<void(const BulkJob&)> moved_on;  // after every durable batch
};

struct BulkNews {
  Instant again{};        // nothing to do before
  bool refused = false;   // the EHR will not export: 403, or no form of asking is understood
  std::string problem{};  // empty: the step went as it should
  bool ended = false;     // an export has come to its end, complete or not
};

// Where the job of these settings lies: one at a time for each group.
std::string bulk_cursor(const BulkSettings& settings);

// The address of a kick-off. `patients`: of NewMembers only.
BulkAsk bulk_ask(const BulkSettings& settings, BulkForm form, std::optional<Instant> since,
                 const std::vector<std::string>& patients);

class BulkRun {
 public:
  // Goes on where the last process stopped. Errors: those of the Store.
  static Result<BulkRun> open(Store& store, BulkSettings settings);

  const BulkJob& job() const { return job_; }

  // One step, when its time has come; nothing happens before. Errors: those of the Store only.
  Result<BulkNews> advance(const BulkWorld& world);

 private:
  BulkRun(BulkSettings settings, BulkJob job);

  Result<BulkNews> kick_off(const BulkWorld& world);
  Result<BulkNews> ask_status(const BulkWorld& world);
  Result<BulkNews> fetch(const BulkWorld& world);
  Result<BulkNews> fetch_file(const BulkWorld& world, const BulkFileEntry& file, BulkContent content);
  Result<BulkNews> end(const BulkWorld& world);

  Result<bool> read_page(const BulkWorld& world, BulkNews& news);
  Result<BulkNews> next_page(const BulkWorld& world);
  Result<void> choose_kind(const BulkWorld& world, std::vector<std::string>& joined);
  Result<void> keep_end(const BulkWorld& world);
  Result<BulkNews> skip_file(const BulkWorld& world, std::string problem);
  Result<BulkNews> later(const BulkWorld& world, std::string problem, std::optional<std::int64_t> told_ms);
  Result<BulkNews> give_up(const BulkWorld& world, std::string problem);
  Result<BulkNews> save(const BulkWorld& world, BulkNews news = {});

  BulkSettings settings_;
  BulkIntakeSettings intake_;
  BulkJob job_;
  std::optional<BulkManifest> page_;  // of job_.page_url
  std::optional<Instant> page_expires_;
};

}  // namespace bhi::flow
