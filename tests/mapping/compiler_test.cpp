// What compiling finds without any data, and how it says so.
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

using test::compile_error;
using test::map_of;

TEST(Compiler, NamesAnUnknownElementOfASourceOrTarget) {
  EXPECT_EQ(
      compile_error(map_of("src.itm as i -> tgt.active = true;")),
      "test.map:4:1: rule 'itm': expected an element of QuestionnaireResponse, found 'itm' (did you mean `item`?)");
  EXPECT_EQ(compile_error(map_of("src -> tgt.activ = true;")),
            "test.map:4:8: rule 'src': expected an element of Patient, found 'activ' (did you mean `active`?)");
  EXPECT_EQ(compile_error(map_of("src.item as i -> tgt.name as n then { i.answr as a -> n.family = 'x'; };")),
            "test.map:4:39: rule 'answr': expected an element of QuestionnaireResponse.item, found 'answr' (did you "
            "mean `answer`?)");
}

TEST(Compiler, NamesAnUnknownElementInsideAnExpression) {
  const std::string error = compile_error(map_of("src.item as i where linkid = 'a' -> tgt.active = true;"));
  EXPECT_TRUE(error.starts_with("test.map:4:21: rule 'item': ")) << error;
  EXPECT_NE(error.find("linkId"), std::string::npos) << error;
}

TEST(Compiler, NamesUnknownVariablesGroupsTypesAndCodeTables) {
  EXPECT_EQ(compile_error(map_of("source.id as i -> tgt.id = i;")),
            "test.map:4:1: rule 'id': expected a variable in scope, found 'source' (did you mean `src`?)");
  EXPECT_EQ(compile_error(map_of("src -> target.id = 'x';")),
            "test.map:4:8: rule 'src': expected a target variable in scope, found 'target' (did you mean `tgt`?)");
  EXPECT_EQ(compile_error(map_of("src -> src.id = 'x';")),
            "test.map:4:8: rule 'src': expected a target variable in scope, found source 'src'");
  EXPECT_EQ(compile_error(map_of("src -> tgt then par(src, tgt);") + "group part(source s, target t) {}"),
            "test.map:4:17: rule 'src': expected a group, found 'par' (did you mean `part`?)");
  EXPECT_EQ(compile_error(map_of("src -> tgt.contained = create('Patiend');")),
            "test.map:4:31: rule 'src': expected a type, found 'Patiend' (did you mean `Patient`?)");
  EXPECT_EQ(compile_error(map_of("src.id as i -> tgt.gender = translate(i, '#gone', 'code');")),
            "test.map:4:42: rule 'id': expected a concept map of this map or of one it imports, found '#gone'");
}

TEST(Compiler, ChecksParametersOfGroups) {
  const std::string part = "group part(source s, target t) {}";
  EXPECT_EQ(compile_error(map_of("src -> tgt then part(src);") + part),
            "test.map:4:17: rule 'src': expected 2 parameters of group 'part', found 1");
  EXPECT_EQ(compile_error(map_of("src -> tgt then part(tgt, src);") + part),
            "test.map:4:27: rule 'src': expected a target variable for 't', found 'src'");
}

TEST(Compiler, KeepsTheVariablesOfARuleWithinIt) {
  EXPECT_EQ(compile_error(map_of("src.id as i -> tgt.id = i; src -> tgt.language = i;")),
            "test.map:4:50: rule 'src': expected a variable in scope, found 'i'");
}

TEST(Compiler, ChecksTheFormatsAndOutputsOfTransforms) {
  EXPECT_NE(
      compile_error(map_of("src.id as a -> tgt.id = escape(a, 'x', 'xml');"))
          .find("test.map:4:35: rule 'id': expected plain, json, java, xml or html as a format of escape(), found 'x'"),
      std::string::npos);
  const std::string codes = "conceptmap \"#m\" { prefix s = \"s\" s:a - s:b }\n";
  EXPECT_NE(
      compile_error(codes + map_of("src.id as a -> tgt.id = translate(a, '#m', 'Quantity');")).find("found 'Quantity'"),
      std::string::npos);
}

TEST(Compiler, TellsThatAnExpressionStandsInParentheses) {
  EXPECT_EQ(compile_error(map_of("src -> tgt.active = iif(true, true, false);")),
            "test.map:4:21: rule 'main': expected a transform, found FHIRPath's iif(); an expression stands in "
            "parentheses: = (iif(...))");
}

TEST(Compiler, RefusesCirclesOfConstantsAndOfGroupsThatExtendEachOther) {
  EXPECT_NE(compile_error("let a = b;\nlet b = a;\n" + map_of(""))
                .find("expected a constant that does not need itself, found 'a'"),
            std::string::npos);
  EXPECT_NE(compile_error("group a(source s, target t) extends b {}\ngroup b(source s, target t) extends a {}")
                .find("expected groups that extend each other in one direction"),
            std::string::npos);
}

TEST(Compiler, FollowsImportsWithAWildcard) {
  const std::vector<MapText> maps = {
      {"main.map",
       "map \"http://example.org/map\" = \"m\"\nimports \"http://example.org/part*\"\n"
       "group main(source src : QuestionnaireResponse, target tgt : Patient) { src -> tgt then part(src, tgt); }"},
      {"part.map",
       "map \"http://example.org/part1\" = \"p\"\ngroup part(source src, target tgt) { src.id as i -> tgt.id = i; }"}};
  const auto library = Library::compile(maps, test::r4());
  ASSERT_TRUE(library.ok()) << library.error().message;
  EXPECT_TRUE((*library)->has("http://example.org/part1|1.0"));
  EXPECT_EQ(test::run(**library, test::kUrl, {R"({"resourceType":"QuestionnaireResponse","id":"a"})"}).json,
            R"({"resourceType":"Patient","id":"a"})");
  EXPECT_EQ(test::run(**library, "http://example.org/none", {}).kind, Kind::NotFound);
}

TEST(Compiler, NamesAGroupThatTwoImportsDeclare) {
  const std::string part = "group part(source s, target t) {}";
  const std::vector<MapText> maps = {{"main.map",
                                      "map \"http://a/main\" = \"m\"\nimports \"http://a/p*\"\ngroup main(source s, "
                                      "target t) { s -> t then part(s, t); }"},
                                     {"one.map", "map \"http://a/p1\" = \"p\"\n" + part},
                                     {"two.map", "map \"http://a/p2\" = \"p\"\n" + part}};
  const auto library = Library::compile(maps, test::r4());
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(
      library.error().message,
      "main.map:3:46: rule 's': expected one group 'part' among the imported maps, found it in one.map and two.map");
}

TEST(Compiler, CompilesAllOrNothingAndNamesEveryMistake) {
  const std::vector<MapText> maps = {
      {"good.map", "map \"http://a/1\" = \"g\"\ngroup g(source s, target t) {}"},
      {"bad.map", "map \"http://a/2\" = \"b\"\ngroup g(source s, target t) { x.a -> t.a; y.b -> t.b; }"}};
  const auto library = Library::compile(maps, test::r4());
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().message,
            "bad.map:2:31: rule 'a': expected a variable in scope, found 'x' (did you mean `s`?)\n"
            "bad.map:2:43: rule 'b': expected a variable in scope, found 'y' (did you mean `s`?)");
}

TEST(Compiler, WarnsOfATypeWhoseDefinitionIsNotLoaded) {
  const auto library = test::compile(
      "uses \"http://example.org/Unknown\" alias U as source\n"
      "map \"http://a/1\" = \"g\"\ngroup g(source s : U, target t : Patient) { s.x as x -> t.id = x; }");
  ASSERT_TRUE(library.ok()) << library.error().message;
  ASSERT_EQ((*library)->diagnostics().size(), 1u);
  EXPECT_EQ(to_text((*library)->diagnostics().front()),
            "test.map:3:9: warning: rule 'g': expected the definition of 'http://example.org/Unknown' (type 'U'), "
            "found none that is "
            "loaded; 's' is not checked");
}

}  // namespace
}  // namespace bhi::mapping
