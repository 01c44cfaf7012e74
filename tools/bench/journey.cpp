#include "bench/journey.h"

#include "service/assets.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace bhi::bench {

namespace {

std::string bundle_text() {
  const char* fixtures = std::getenv("BHI_FIXTURES");
  const std::filesystem::path folder = fixtures != nullptr
                                           ? std::filesystem::path(fixtures)
                                           : std::filesystem::path(BHI_SOURCE_DIR) / "../shared/fixtures";
  std::filesystem::path chosen;
  std::uintmax_t size = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "synthea", ignored)) {
    if (entry.path().extension() == ".json" && entry.file_size() > size && entry.file_size() < (8u << 20)) {
      chosen = entry.path();
      size = entry.file_size();
    }
  }
  if (chosen.empty()) throw std::runtime_error("no Synthea bundle: set BHI_FIXTURES");
  std::ifstream file(chosen, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

const std::string& bundle() {
  static const std::string text = bundle_text();
  return text;
}

const flow::Engine& engine() {
  static const auto made = [] {
    const auto folder = service::find_assets(BHI_SOURCE_DIR);
    if (!folder.ok()) throw std::runtime_error(folder.error().message);
    auto texts = service::load_texts(*folder);
    if (!texts.ok()) throw std::runtime_error(texts.error().message);
    auto result = flow::make_engine("bench", care::Policy{}, *texts);
    if (!result.ok()) throw std::runtime_error(result.error().message);
    return *result;
  }();
  return *made;
}

}  // namespace bhi::bench
