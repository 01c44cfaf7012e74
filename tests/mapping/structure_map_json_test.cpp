// StructureMap resources in R4 and R5 form give what the text gives.
#include "mapping/structure_map_json.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace bhi::mapping {
namespace {

const std::string kResponse =
    R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","item":[{"linkId":"a"},{"linkId":"b"}]})";

std::string map_with(const std::string& dependent, const std::string& source_more = "") {
  return R"({"resourceType":"StructureMap","url":"http://example.org/map","name":"t","const":[{"name":"k","value":"'en'"}],
    "structure":[{"url":"http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse","mode":"source","alias":"QR"}],
    "group":[{"name":"main","typeMode":"none","input":[{"name":"src","type":"QR","mode":"source"},{"name":"tgt","type":"Patient","mode":"target"}],
      "rule":[{"name":"r","source":[{"context":"src","element":"item","variable":"i","condition":"linkId != 'a'")" +
         source_more + R"(}],
        "target":[{"context":"tgt","contextType":"variable","element":"name","variable":"n"},
                  {"context":"tgt","element":"language","transform":"evaluate","parameter":[{"valueString":"k"}]}],
        "dependent":[)" +
         dependent + R"(]}]},
     {"name":"part","typeMode":"none","input":[{"name":"s","mode":"source"},{"name":"t","mode":"target"}],
      "rule":[{"name":"f","source":[{"context":"s"}],"target":[{"context":"t","element":"family","transform":"copy","parameter":[{"valueString":"F"}]}]}]}]})";
}

TEST(StructureMapJson, ReadsTheNamesOfR4AndTheParametersOfR5) {
  const std::string expected = R"({"resourceType":"Patient","language":"en","name":[{"family":"F"}]})";
  for (const std::string dependent : {R"({"name":"part","variable":["i","n"]})",
                                      R"({"name":"part","parameter":[{"valueId":"i"},{"valueId":"n"}]})"}) {
    const test::Ran ran = test::run_map(map_with(dependent), {kResponse});
    EXPECT_EQ(ran.json + ran.error, expected);
  }
}

TEST(StructureMapJson, RefusesAMemberThatItWouldLose) {
  EXPECT_EQ(test::compile_error(map_with("", R"(,"sortBy":"linkId")")),
            "test.map:1:1: rule 'r': expected a known element of StructureMap.group.rule.source, found 'sortBy'");
}

// No text can be written of a group without an input, and the standard asks for one.
TEST(StructureMapJson, RefusesAGroupWithoutAnInput) {
  EXPECT_EQ(test::compile_error(R"({"resourceType":"StructureMap","url":"http://example.org/map","name":"t",
              "group":[{"name":"main","typeMode":"none"}]})"),
            "test.map:1:1: rule 'main': expected an input in StructureMap.group.input, found none");
}

TEST(StructureMapJson, ReadsEveryStructureMapOfTheFixtures) {
  namespace files = std::filesystem;
  if (!files::exists(test::fixtures())) GTEST_SKIP() << "no fixtures";
  std::size_t read = 0;
  for (const std::string folder : {"sdc/examples", "fml-parse-corpus", "fml-matchbox", "r4-examples"}) {
    if (!files::exists(test::fixtures() / folder)) continue;
    for (const auto& entry : files::recursive_directory_iterator(test::fixtures() / folder)) {
      if (entry.path().extension() != ".json") continue;
      const std::string text = test::read_file(entry.path());
      const auto document = fhir::read_json(text);
      if (!document || fhir::resource_type((*document)->root()) != "StructureMap") continue;
      std::vector<Diagnostic> problems;
      EXPECT_TRUE(parse_structure_map({entry.path().filename().string(), text}, problems).has_value());
      for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
      ++read;
    }
  }
  EXPECT_GE(read, 20u);
}

}  // namespace
}  // namespace bhi::mapping
