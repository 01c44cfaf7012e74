#include "tests/flow/support/engine.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace bhi::test {

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

const flow::Engine& engine() {
  static const std::shared_ptr<const flow::Engine> shared = [] {
    const std::filesystem::path top = BHI_SOURCE_DIR;
    flow::EngineTexts texts;
    for (const auto& entry : std::filesystem::directory_iterator(top / "fhir_profiles/care")) {
      if (entry.path().extension() == ".json") texts.definitions.push_back(read(entry.path()));
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top / "mappings/core")) {
      if (entry.path().extension() == ".map")
        texts.maps.push_back({entry.path().filename().string(), read(entry.path())});
    }
    auto made = flow::make_engine("test", care::Policy{}, texts);
    if (!made.ok()) throw std::runtime_error(made.error().message);
    return *made;
  }();
  return *shared;
}

}  // namespace bhi::test
