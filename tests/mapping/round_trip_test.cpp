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

TEST(RoundTrip, KeepsWhatFuzzingFound) {
  // A concept map whose unmapped codes stay as they are, in a group with a target system.
  expect_kept(
      R"({"resourceType":"StructureMap","url":"u","name":"N","status":"draft","contained":[{"resourceType":"ConceptMap",
    "id":"c","group":[{"source":"s","target":"t","element":[{"code":"a","target":[{"code":"b","equivalence":"equal"}]}],
    "unmapped":{"mode":"provided"}}]}],"group":[{"name":"g","input":[{"name":"a","mode":"source"}],
    "rule":[{"source":[{"context":"a"}]}]}]})");
  // A copy without variables.
  expect_kept(R"({"resourceType":"StructureMap","url":"u","name":"N","status":"draft","group":[{"name":"g",
    "input":[{"name":"a","mode":"source"}],"rule":[{"source":[{"context":"a","element":"x"}],
    "target":[{"context":"b","element":"y"}]}]}]})");
  // Names that hold a dot.
  expect_kept("map 'u' = N group g(source a, target b) { a.`x.y`.z as x -> b.`p\\`q`.`r.` = x; a.`x.y` -> b.`x`; }");
  // Parts of metadata that nobody began.
  expect_kept("/// jurisdiction.coding.code = 'US'\n/// title =\ngroup g(source a, target b) { }");
}

TEST(RoundTrip, KeepsParametersOfEveryKind) {
  expect_kept(R"(map "u" = "N"
    let c = 1 + 1;
    group g(source a, target b) {
      a -> b.a = 'it\'s "so" \n', b.b = -5, b.c = 1.50, b.d = true, b.e = @2020-01-02, b.f = @2020-01-02T03:04Z, b.g = @2020T,
           b.h = @T10:30, b.i = a, b.j = a.b.c, b.k = (a as Quantity), b.l = append(a.b, (a as code), 'x', 5, @T10:30, (a)),
           b.m = evaluate(a, 'text'), b.n = evaluate(a, b.where(c = 'd').first());
      a default (@2020-01-01) as x -> b then h('lit', a.b, 5, @2020, b);
      a default ("x") as y, a default ('a' + 'b') as z;
    }
    group h(source s, source t, source u, source v, target w) { })");
}

TEST(RoundTrip, RefusesJsonThatNoTextCouldSay) {
  const auto error = [](const std::string& rule) {
    std::string why;
    const auto map = read(R"({"resourceType":"StructureMap","url":"u","name":"N","status":"draft","group":[{"name":"g",
      "input":[{"name":"a","mode":"source"}],"rule":[)" +
                              rule + "]}]}",
                          why);
    return map ? "read" : why;
  };
  EXPECT_NE(error(R"({"source":[{"context":"a","condition":"b ="}]})").find("group.rule.source.condition: 1:"),
            std::string::npos);
  EXPECT_NE(error(R"({"source":[{"element":"a"}]})").find("expected 'context'"), std::string::npos);
  EXPECT_NE(error(R"({"source":[{"context":"a"}],"target":[{"element":"x"}]})").find("expected a context"),
            std::string::npos);
  EXPECT_NE(
      error(
          R"({"source":[{"context":"a"}],"target":[{"context":"b","transform":"copy","parameter":[{"valueDecimal":1e3}]}]})")
          .find("expected a proper valueDecimal"),
      std::string::npos);
  EXPECT_NE(error(R"({"source":[{"context":"a"}],"target":[{"context":"b","listMode":["first","share"]}]})")
                .find("found several"),
            std::string::npos);
  EXPECT_NE(error(R"({"source":[{"context":"a"}],"target":[{"context":"b","listRuleId":"x"}]})")
                .find("expected listMode 'share'"),
            std::string::npos);
  EXPECT_EQ(error(R"({"source":[{"context":"a","extension":[{"url":"x"}]}]})"), "read");
}

}  // namespace
}  // namespace bhi::mapping
