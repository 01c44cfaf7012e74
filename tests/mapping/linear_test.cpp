// Work and memory of a run grow with what it reads and makes, not faster.
#include "mapping/compiler.h"
#include "mapping/executor.h"
#include "mapping/parser.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

struct Cost {
  std::uint64_t steps = 0;
  std::size_t bytes = 0;
  std::size_t made = 0;
};

std::string response_with(std::size_t items) {
  std::string text = R"({"resourceType":"QuestionnaireResponse","status":"completed","item":[)";
  for (std::size_t i = 0; i < items; ++i) {
    text += i == 0 ? "" : ",";
    text += R"({"linkId":"q)" + std::to_string(i) + R"(","answer":[{"valueCoding":{"system":"s","code":"c"}}]})";
  }
  return text + "]}";
}

Cost cost_of(std::size_t items) {
  std::vector<Diagnostic> problems;
  const auto map = parse_fml(
      {"test.map", test::map_of("src.item as i where linkId.startsWith('q') -> tgt.identifier as t then part(i, t);"
                                "src.item as i, i.answer as a, a.value : Coding as c -> tgt.name as n, n.family = "
                                "(c.code & i.linkId), tgt.telecom = cp('phone', '1');") +
                       "group part(source s, target t) { s.linkId as l -> t.value = l; s.answer as a -> t.type as y, "
                       "y.coding = (a.value); }"},
      problems);
  const StructureMap maps[] = {map.value()};
  const auto program = compile_maps(maps, test::r4(), problems);
  for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
  const auto document = fhir::read_json(response_with(items)).value();
  Arena arena;
  const World world = test::plain_world();
  Executor executor(*program, world, arena);
  const Input input{"", &document->root(), nullptr};
  const auto output = executor.run(program->maps.front(), {&input, 1});
  EXPECT_TRUE(output.ok()) << output.error().message;
  return {executor.steps(), arena.reserved_bytes(), output->root.find("name")->elements().size()};
}

TEST(Linear, TenTimesTheElementsTakeTenTimesTheStepsAndMemory) {
  const Cost small = cost_of(1'000);
  const Cost large = cost_of(10'000);
  EXPECT_EQ(small.made, 1'000u);
  EXPECT_EQ(large.made, 10'000u);
  EXPECT_LE(large.steps, 10 * small.steps);
  EXPECT_LE(large.bytes, 12 * small.bytes);
}

// The shape on which the Java reference engine was quadratic (100,000 elements took it 5,316 s).
Cost cost_of_flat_list(std::size_t entries) {
  std::vector<Diagnostic> problems;
  const auto map = parse_fml({"list.map",
                              "map \"http://example.org/list\" = \"list\"\n"
                              "group List(source from : Bundle, target to : Bundle) {\n"
                              "  from.entry as entry -> to.entry as made then Entry(entry, made);\n}\n"
                              "group Entry(source from, target to) {\n"
                              "  from.fullUrl as url -> to.fullUrl = url;\n"
                              "  from.request as request -> to.request as made then { request.url as url -> made.url = "
                              "url; };\n}\n"},
                             problems);
  const StructureMap maps[] = {map.value()};
  const auto program = compile_maps(maps, test::r4(), problems);
  for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
  std::string text = R"({"resourceType":"Bundle","entry":[)";
  for (std::size_t i = 0; i < entries; ++i) {
    text += std::string(i == 0 ? "" : ",") + R"({"fullUrl":"urn:oid:1.2","request":{"url":"Patient/1"}})";
  }
  const auto document = fhir::read_json(text + "]}").value();
  Arena arena;
  const World world;
  Executor executor(*program, world, arena);
  const Input input{"", &document->root(), nullptr};
  const auto output = executor.run(program->maps.front(), {&input, 1});
  EXPECT_TRUE(output.ok()) << output.error().message;
  return {executor.steps(), arena.reserved_bytes(), output->root.find("entry")->elements().size()};
}

TEST(Linear, AFlatListOfAHundredThousandTakesAHundredTimesTheStepsOfAThousand) {
  const Cost small = cost_of_flat_list(1'000);
  const Cost large = cost_of_flat_list(100'000);
  EXPECT_EQ(small.made, 1'000u);
  EXPECT_EQ(large.made, 100'000u);
  EXPECT_LE(large.steps, 100 * small.steps);
  EXPECT_LE(large.bytes, 120 * small.bytes);
}

}  // namespace
}  // namespace bhi::mapping
