// One file of a drop folder into the inbox: a FHIR document (JSON or XML) or one resource a line (NDJSON), perhaps
// gzip. Read piece by piece; a file of any size takes the memory of its largest document.
#pragma once

#include "base/result.h"
#include "fhir/json.h"
#include "service/common.h"

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

enum class DropForm : std::uint8_t { Document, Lines };

// By the ending: .json and .xml, .ndjson and .jsonl, each also with .gz; in any case of letters. Empty: another file.
std::optional<DropForm> drop_form(std::string_view name);

// A whole file, unpacked when it is gzip. Errors: Unavailable, it cannot be read; Incorrect, damaged or too large.
Result<std::string> read_unpacked(const std::string& path, std::size_t max_bytes);

struct DropJob {
  int file = -1;  // open for reading; is closed
  DropForm form = DropForm::Document;
  std::string source;
  std::string key;  // of this very file as it is now: two with one key are the same bytes. Tells nothing of its name
  std::size_t max_file_bytes = 0;  // of what it unpacks to
  fhir::ReadLimits limits{};       // of one document or line
};

struct DropOutcome {
  std::size_t documents = 0;  // or lines
  std::size_t refused = 0;    // of these
  std::size_t resources = 0, stored = 0, unchanged = 0;
  std::vector<std::string> notes;  // "line 3: where, expected, found": why refused, or what will be put aside
  std::size_t more_notes = 0;      // not listed
  bool whole = true;               // false: stopped on the way; the rest is for the next start
};

// What was accepted is durable. A cursor moves with it, so that a file whose taking was cut short goes on behind what
// is kept; the same file again stores nothing. Errors: of the store, and Unavailable when the file cannot be read:
// neither is the file's fault, it is tried again.
Result<DropOutcome> take_file(const Common& common, const DropJob& job, const std::stop_token& stop);

}  // namespace bhi::service
