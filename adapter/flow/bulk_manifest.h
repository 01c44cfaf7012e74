// A page of a Bulk Data manifest: what files an export has. https://hl7.org/fhir/uv/bulkdata/export.html
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bhi::flow {

struct BulkFileEntry {
  std::string url;
  std::string type;  // empty: mixed
  std::optional<std::uint64_t> count{};
};

struct BulkManifest {
  std::optional<Instant> transaction_time;
  bool needs_token = true;
  std::vector<BulkFileEntry> output, deleted;
  std::vector<BulkFileEntry> outcomes;  // `error` until STU3, `outcome` from STU4
  std::string next;                     // address of the next page; empty at the end
};

// Error Incorrect: no object, or `output` is no list; says what was expected. An entry without a url is an error too:
// passing over it would lose what is in it.
Result<BulkManifest> bulk_manifest_from(const fhir::Node& root);

}  // namespace bhi::flow
