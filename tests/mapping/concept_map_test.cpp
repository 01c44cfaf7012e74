// Codes translated: by concept maps in the map, contained in a StructureMap, and loaded beside it, R4 and R5 form.
#include "mapping/fml_writer.h"
#include "mapping/structure_map_json.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

constexpr const char* kR4 =
    R"({"resourceType":"ConceptMap","id":"r4","url":"http://example.org/cm","version":"1","status":"active",
  "group":[{"source":"urn:s","target":"urn:t","element":[
    {"code":"a","display":"Source A","target":[{"code":"A","display":"The A","equivalence":"equivalent","comment":"why"}]},
    {"code":"b","target":[{"code":"B","equivalence":"wider"}]},
    {"code":"c","target":[{"code":"C","equivalence":"narrower"}]},
    {"code":"d","target":[{"code":"D1","equivalence":"equal"},{"code":"D2","equivalence":"relatedto"}]},
    {"code":"e","target":[{"equivalence":"unmatched"}]},
    {"code":"f","target":[{"code":"F","equivalence":"disjoint"}]}],
   "unmapped":{"mode":"fixed","code":"other","display":"Something else"}}]})";

constexpr const char* kR5 = R"({"resourceType":"ConceptMap","id":"r5","url":"http://example.org/cm","status":"active",
  "group":[{"source":"urn:s|2","target":"urn:t","element":[
    {"code":"a","target":[{"code":"A","display":"The A","relationship":"equivalent"}]},
    {"code":"b","target":[{"code":"B","relationship":"source-is-narrower-than-target"}]},
    {"code":"c","target":[{"code":"C","relationship":"source-is-broader-than-target"}]},
    {"code":"e","noMap":true}],
   "unmapped":{"mode":"use-source-code"}}]})";

std::string source(const std::string& code, const std::string& system = "urn:s") {
  return R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":")" + system + R"(","code":")" +
         code + R"("}]}})";
}

std::string map_with(const std::string& output, const std::string& element = "tgt.language",
                     const std::string& url = "http://example.org/cm") {
  return "map \"http://example.org/map\" = \"M\"\ngroup g(source s : Observation, target tgt : Basic) { s.code as c "
         "-> " +
         element + " = translate(c, '" + url + "'" + (output.empty() ? "" : ", '" + output + "'") + "); }";
}

test::Ran translated(const std::string& map, const std::string& input, const std::vector<std::string>& concept_maps) {
  std::vector<MapText> texts = {{"m.map", map}};
  for (const std::string& one : concept_maps) texts.push_back({"cm.json", one});
  const auto library = Library::compile(texts, test::r4());
  if (library) return test::run(**library, test::kUrl, {input});
  test::Ran ran;
  ran.error = library.error().message;
  return ran;
}

std::string result(const std::string& json) {
  constexpr std::string_view kStart = R"({"resourceType":"Basic")";
  return json.size() > kStart.size() + 1 ? json.substr(kStart.size() + 1, json.size() - kStart.size() - 2) : "";
}

std::string made(const std::string& output, const std::string& code, const char* concept_map,
                 const std::string& element = "tgt.language") {
  const test::Ran ran = translated(map_with(output, element), source(code), {concept_map});
  return ran.error.empty() ? result(ran.json) : ran.error;
}

TEST(ConceptMap, GivesEveryOutput) {
  EXPECT_EQ(made("code", "a", kR4), R"("language":"A")");
  EXPECT_EQ(made("string", "a", kR4), R"("language":"A")");
  EXPECT_EQ(made("system", "a", kR4, "tgt.implicitRules"), R"("implicitRules":"urn:t")");
  EXPECT_EQ(made("uri", "a", kR4, "tgt.implicitRules"), R"("implicitRules":"urn:t")");
  EXPECT_EQ(made("display", "a", kR4, "tgt.code.text"), R"("code":{"text":"The A"})");
  EXPECT_EQ(made("display", "b", kR4, "tgt.code.text"), "");
  EXPECT_EQ(made("Coding", "a", kR4, "tgt.code.coding"),
            R"("code":{"coding":[{"system":"urn:t","code":"A","display":"The A"}]})");
  EXPECT_EQ(made("CodeableConcept", "a", kR5, "tgt.code"),
            R"("code":{"coding":[{"system":"urn:t","code":"A","display":"The A"}]})");
}

TEST(ConceptMap, GivesWhatTheElementWantsWhenNoOutputIsSaid) {
  EXPECT_EQ(made("", "b", kR4), R"("language":"B")");
  EXPECT_EQ(made("", "b", kR4, "tgt.code"), R"("code":{"coding":[{"system":"urn:t","code":"B"}]})");
  EXPECT_EQ(made("", "b", kR4, "tgt.code.coding"), R"("code":{"coding":[{"system":"urn:t","code":"B"}]})");
}

// A target that claims more than the source says is not taken.
TEST(ConceptMap, TakesOnlyUsableTargets) {
  for (const char* map : {kR4, kR5}) {
    EXPECT_EQ(made("code", "b", map), R"("language":"B")");
    EXPECT_EQ(made("code", "c", map), "");
    EXPECT_EQ(made("code", "e", map), "");
  }
  EXPECT_EQ(made("code", "f", kR4), "");
  const test::Ran ran = translated(map_with("code"), source("c"), {kR4});
  ASSERT_EQ(ran.issues.size(), 1u);
  EXPECT_EQ(ran.issues[0].code, "code-invalid");
}

TEST(ConceptMap, RefusesToChooseAmongSeveral) {
  EXPECT_NE(made("code", "d", kR4).find("expected one translation by concept map 'r4', found several"),
            std::string::npos);
}

TEST(ConceptMap, KnowsWhatToDoWithUnmappedCodes) {
  EXPECT_EQ(made("code", "z", kR4), R"("language":"other")");
  EXPECT_EQ(made("Coding", "z", kR4, "tgt.code.coding"),
            R"("code":{"coding":[{"system":"urn:t","code":"other","display":"Something else"}]})");
  EXPECT_EQ(made("code", "z", kR5), R"("language":"z")");
  // Another system is no code of the group, so it is not unmapped either.
  EXPECT_EQ(result(translated(map_with("code"), source("z", "urn:else"), {kR4}).json), "");
  const std::string other =
      R"({"resourceType":"ConceptMap","id":"o","url":"http://example.org/first","status":"active","group":[{"source":"urn:s",
          "target":"urn:t","element":[{"code":"x","target":[{"code":"X","equivalence":"equal"}]}],
          "unmapped":{"mode":"other-map","url":"http://example.org/cm|1"}}]})";
  const std::string map = map_with("code", "tgt.language", "http://example.org/first");
  EXPECT_EQ(result(translated(map, source("x"), {kR4, other}).json), R"("language":"X")");
  EXPECT_EQ(result(translated(map, source("a"), {kR4, other}).json), R"("language":"A")");
  EXPECT_NE(translated(map, source("a"), {other}).error.find("http://example.org/cm|1"), std::string::npos);
}

TEST(ConceptMap, MapsThatNameEachOtherForEverAreAnError) {
  const std::string self =
      R"({"resourceType":"ConceptMap","id":"o","url":"http://example.org/cm","status":"active","group":[{"source":"urn:s",
          "unmapped":{"mode":"other-map","url":"http://example.org/cm"}}]})";
  EXPECT_NE(translated(map_with("code"), source("a"), {self}).error.find("that name each other"), std::string::npos);
}

TEST(ConceptMap, RefusesWhatItCannotHonour) {
  for (const char* extra : {R"("dependsOn":[{"property":"p","value":"v"}])",
                            R"("product":[{"property":"p","value":"v"}])", R"("valueSet":"http://vs")"}) {
    const std::string text =
        R"({"resourceType":"ConceptMap","id":"x","url":"http://example.org/cm","group":[{"source":"urn:s","element":[{"code":"a",
            "target":[{"code":"A","equivalence":"equal",)" +
        std::string(extra) + "}]}]}]}";
    const std::string error = translated(map_with("code"), source("a"), {text}).error;
    EXPECT_NE(error.find("cm.json:1:1: concept map 'x': expected no '"), std::string::npos) << error;
    EXPECT_NE(error.find("not supported: a translation that ignores it would be wrong"), std::string::npos) << error;
  }
  EXPECT_NE(translated(map_with("code"), source("a"), {}).error.find("expected the url of a ConceptMap that is loaded"),
            std::string::npos);
  EXPECT_NE(translated(map_with("code"), source("a"), {kR4, kR5}).error.find("a url of its own"), std::string::npos);
  EXPECT_NE(translated(map_with("code"), source("a"), {R"({"resourceType":"Patient"})"}).error.find("found 'Patient'"),
            std::string::npos);
}

TEST(ConceptMap, IsFoundInAConstant) {
  const std::string map = R"(map "http://example.org/map" = "M"
    let cm = 'http://example.org/cm';
    group g(source s : Observation, target tgt : Basic) { s.code as c -> tgt.language = translate(c, cm, 'code'); })";
  EXPECT_EQ(result(translated(map, source("a"), {kR4}).json), R"("language":"A")");
}

TEST(ConceptMap, TextLeavesUnmappedCodesAsTheyAre) {
  const std::string map = R"(map "http://example.org/map" = "M"
    conceptmap "#m" {
      prefix s = "urn:s"
      prefix t = "urn:t"
      unmapped for s = provided
      s:a == t:"A 1"  // why
      s:"in-progress" - t:B
      s:z --
    }
    group g(source s : Observation, target tgt : Basic) { s.code as c -> tgt.language = translate(c, '#m', 'code'); })";
  EXPECT_EQ(result(translated(map, source("a"), {}).json), R"("language":"A 1")");
  EXPECT_EQ(result(translated(map, source("in-progress"), {}).json), R"("language":"B")");
  EXPECT_EQ(result(translated(map, source("y"), {}).json), R"("language":"y")");
  EXPECT_EQ(result(translated(map, source("z"), {}).json), "");
}

// A StructureMap with the concept map contained, in R4 and R5 form, gives the same concept map back.
TEST(ConceptMap, ContainedComesBackFromEachForm) {
  for (const char* contained : {kR4, kR5}) {
    const std::string json =
        R"({"resourceType":"StructureMap","url":"http://example.org/map","name":"M","status":"draft","contained":[)" +
        std::string(contained) + R"(],"group":[{"name":"g","typeMode":"none","input":[
        {"name":"s","type":"Observation","mode":"source"},{"name":"tgt","type":"Basic","mode":"target"}],
        "rule":[{"name":"r","source":[{"context":"s","element":"code","variable":"c"}],"target":[{"context":"tgt",
        "contextType":"variable","element":"language","transform":"translate","parameter":[{"valueId":"c"},
        {"valueString":")" +
        (contained == kR4 ? "#r4" : "#r5") + R"("},{"valueString":"code"}]}]}]}]})";
    EXPECT_EQ(result(translated(json, source("a"), {}).json), R"("language":"A")");
    std::vector<Diagnostic> problems;
    const auto map = parse_structure_map({"m.json", json}, problems);
    ASSERT_TRUE(map.has_value());
    for (const ResourceForm form : {ResourceForm::R4, ResourceForm::R5}) {
      const auto written = write_structure_map(*map, form);
      ASSERT_TRUE(written.ok()) << written.error().message;
      const auto again = parse_structure_map({"m.json", *written}, problems);
      ASSERT_TRUE(again.has_value()) << *written;
      EXPECT_TRUE(same_map(*map, *again)) << *written;
    }
  }
}

TEST(ConceptMap, IsNotWrittenAsTextThatMeansSomethingElse) {
  std::vector<Diagnostic> problems;
  const std::string json = R"({"resourceType":"StructureMap","url":"u","name":"M","status":"draft","contained":[)" +
                           std::string(kR4) + R"(],"group":[{"name":"g","input":[{"name":"s","mode":"source"}],
                           "rule":[{"name":"r","source":[{"context":"s"}]}]}]})";
  const auto map = parse_structure_map({"m.json", json}, problems);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(write_fml(*map).error().kind, Kind::Unsupported);
}

}  // namespace
}  // namespace bhi::mapping
