// The maps that we ship, and small ones for tests, each with the types they need.
#pragma once

#include "tests/mapping/support/maps.h"

#include <algorithm>

namespace bhi::mapping::test {

struct MapSet {
  std::vector<MapText> maps;  // in the order of their names
  std::shared_ptr<const fhir::Types> types;
};

inline std::vector<std::filesystem::path> files_below(const std::string& folder, const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(BHI_SOURCE_DIR) + "/" + folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline std::vector<MapText> maps_below(const std::string& folder) {
  std::vector<MapText> maps;
  for (const auto& file : files_below(folder, ".map")) maps.push_back({file.filename().string(), read_file(file)});
  return maps;
}

inline MapSet core_maps() {
  std::vector<std::string> models;
  for (const auto& file : files_below("fhir_profiles/care", ".json")) models.push_back(read_file(file));
  return {maps_below("mappings/core"), types_with(models)};
}

inline MapSet small_maps() { return {maps_below("tests/mapping/maps"), r4()}; }

}  // namespace bhi::mapping::test
