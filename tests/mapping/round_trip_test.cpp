// What is read, written and read again says the same: as FML text, as StructureMap JSON of R4 and of R5.
#include "fhir/json.h"
#include "mapping/fml_writer.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace bhi::mapping {
namespace {

namespace files = std::filesystem;

std::string all(const std::vector<Diagnostic>& problems) {
  std::string text;
  for (const Diagnostic& one : problems) text += to_text(one) + "\n";
  return text;
}

std::optional<StructureMap> read(const std::string& text, std::string& why) {
  std::vector<Diagnostic> problems;
  const MapText map{"test", text};
  auto made = text.starts_with('{') || text.starts_with("\xEF\xBB\xBF{") ? parse_structure_map(map, problems)
                                                                         : parse_fml(map, problems);
  if (!made) why = all(problems);
  return made;
}

// Empty when the text gives the same map again, by all three ways; else what went wrong.
std::string lost(const StructureMap& map) {
  std::string why;
  const auto check = [&](const std::string& form, const Result<std::string>& written) -> std::string {
    if (!written) return form + ": not written: " + written.error().message;
    const auto again = read(*written, why);
    if (!again) return form + ": not read: " + why + "\n" + *written;
    if (!same_map(map, *again)) return form + ": not the same:\n" + *written;
    return {};
  };
  for (const auto& said : {check("FML", write_fml(map)), check("R4", write_structure_map(map, ResourceForm::R4)),
                           check("R5", write_structure_map(map, ResourceForm::R5))}) {
    if (!said.empty()) return said;
  }
  // Written twice, the text does not change any more.
  const auto once = write_fml(map);
  const auto twice = write_fml(*read(*once, why));
  return *once == *twice ? "" : "FML: another text when written again:\n" + *once + "\n-----\n" + *twice;
}

void expect_kept(const std::string& text) {
  std::string why;
  const auto map = read(text, why);
  ASSERT_TRUE(map.has_value()) << why << text;
  EXPECT_EQ(lost(*map), "") << text;
}

TEST(RoundTrip, KeepsTheMapsOfOthers) {
  std::size_t kept = 0;
  std::size_t total = 0;
  for (const char* name : {"fml-parse-corpus", "fml-official", "fml-matchbox", "r4-examples"}) {
    const files::path folder = test::fixtures() / name;
    if (!files::exists(folder)) GTEST_SKIP() << "no fixtures: " << name;
    std::vector<files::path> paths;
    for (const auto& entry : files::recursive_directory_iterator(folder)) paths.push_back(entry.path());
    std::ranges::sort(paths);
    for (const files::path& path : paths) {
      const std::string text = files::is_regular_file(path) ? test::read_file(path) : "";
      const bool map = path.extension() == ".map" || path.extension() == ".fml";
      const bool resource = path.extension() == ".json" && text.find("\"StructureMap\"") < 100;
      if (!map && !resource) continue;
      ++total;
      std::string why;
      const auto read_map = read(text, why);
      const std::string said = read_map ? lost(*read_map) : why;
      if (said.empty()) ++kept;
      EXPECT_EQ(said, "") << path;
    }
  }
  std::cout << "kept " << kept << " of " << total << "\n";
  EXPECT_GE(total, 93u);
}

TEST(RoundTrip, KeepsOurOwnMaps) {
  for (const auto& entry : files::recursive_directory_iterator(std::string(BHI_SOURCE_DIR) + "/mappings")) {
    if (entry.path().extension() != ".map") continue;
    SCOPED_TRACE(entry.path());
    expect_kept(test::read_file(entry.path()));
  }
}

}  // namespace
}  // namespace bhi::mapping
