// A FHIR package (https://hl7.org/fhir/packages.html): a gzipped tar of JSON resources, as FHIR registries give them
// out. Read in memory only: nothing is written to disk, so the names in the archive can do no harm.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

struct PackageLimits {
  std::size_t max_unpacked_bytes = std::size_t{1} << 30;  // of the whole archive
  std::size_t max_file_bytes = std::size_t{32} << 20;     // of one resource
  std::size_t max_files = 100'000;
};

struct PackageFile {
  std::string name;  // "package/StructureMap-one.json"
  std::string text;
};

// The .json files of the folder package/ itself, but package.json and those that begin with a dot.
// Errors: Incorrect (no gzip, no tar, cut off, a limit exceeded); the message begins with `name`.
Result<std::vector<PackageFile>> read_package(std::string_view bytes, const std::string& name,
                                              const PackageLimits& limits = {});

}  // namespace bhi::service
