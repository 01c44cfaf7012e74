// The lines of one file of an export become inbox items, in batches that move together with how far we have come:
// killed at any moment nothing is lost and nothing comes twice.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/json.h"
#include "flow/bulk_job.h"
#include "flow/bulk_lines.h"
#include "flow/ports.h"

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

enum class BulkContent { Output, Outcomes, Deleted };

struct BulkIntakeSettings {
  std::string source;
  std::string cursor;                        // name of the cursor that the job lies in
  std::set<std::string, std::less<>> types;  // others are passed over and counted; empty: all
  fhir::ReadLimits limits;                   // of a line
  std::size_t batch_items = 200;
  std::size_t batch_bytes = std::size_t{1} << 20;
};

// What a file is called in messages: "Observation file 3 of page 1".
std::string file_label(const BulkJob& job, std::string_view type);

class BulkIntake {
 public:
  // `job` is moved on by every batch that is durable.
  BulkIntake(Store& store, const BulkIntakeSettings& settings, BulkJob& job, BulkContent content, std::string type,
             std::function<Instant()> now, std::function<void(const BulkJob&)> moved_on);

  // As TakeBytes; false: an error of the store, or the file is not the one that was begun.
  bool take(std::string_view bytes);
  // The file came to its end. The last batch is kept, and the job stands at the next file.
  Result<void> finish();
  // The transfer broke off: what came so far is kept.
  Result<void> pause();

  const std::optional<Error>& error() const { return error_; }
  bool changed() const { return changed_; }  // the lines we had are not those that came
  std::uint64_t lines() const { return last_line_; }
  bool advanced() const { return advanced_; }

 private:
  bool line(const BulkLine& line);
  bool read_output(const BulkLine& line, const fhir::Node& root);
  void read_outcome(const fhir::Node& root);
  bool read_deleted(const BulkLine& line, const fhir::Node& root);
  bool forget(std::string_view type, std::string_view id);
  void put_aside(const BulkLine& line, std::string what);
  Result<void> keep(bool at_end);

  Store& store_;
  const BulkIntakeSettings& settings_;
  BulkJob& job_;
  const BulkContent content_;
  const std::string type_;
  const std::function<Instant()> now_;
  const std::function<void(const BulkJob&)> moved_on_;
  const std::uint64_t skip_;
  BulkLines lines_;
  BulkJob next_;  // the job with the lines of the batch in it
  Accepted batch_;
  std::size_t batch_bytes_ = 0;
  std::uint64_t last_line_ = 0;
  std::uint64_t kept_aside_ = 0;
  bool advanced_ = false;
  bool changed_ = false;
  std::optional<Error> error_;
};

}  // namespace bhi::flow
