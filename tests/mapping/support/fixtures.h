// Where the fixtures of others lie, and reading files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace bhi::test {

inline std::filesystem::path fixtures() {
  const char* set = std::getenv("BHI_FIXTURES");
  return set != nullptr ? set : std::string(BHI_SOURCE_DIR) + "/../shared/fixtures";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace bhi::test
