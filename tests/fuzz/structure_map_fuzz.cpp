// Any bytes give a StructureMap or diagnostics; what was read is the same when it is written and read again.
#include "written_again.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  std::vector<bhi::mapping::Diagnostic> problems;
  const bhi::mapping::MapText text{"fuzz.json", std::string(reinterpret_cast<const char*>(data), size)};
  const auto read = bhi::mapping::parse_mapping_resource(text, problems);
  if (read.map) bhi::fuzz::expect_same_again(*read.map);
  return 0;
}
