// Where third-party test data lies, and how tests read it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::test {

inline std::filesystem::path fixtures() {
  const char* const given = std::getenv("BHI_FIXTURES");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(BHI_SOURCE_DIR) / ".." / "shared" / "fixtures";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// All files with this extension below a folder, in order; none when the folder is absent.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::string_view extension) {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::exists(folder)) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == extension) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace bhi::test

// Skips the running test, naming what is missing.
#define BHI_NEEDS_FIXTURES(folder)                                  \
  if (!std::filesystem::exists(::bhi::test::fixtures() / (folder))) \
  GTEST_SKIP() << "fixtures not found: " << (folder) << " (set BHI_FIXTURES)"
