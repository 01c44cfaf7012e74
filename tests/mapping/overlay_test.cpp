// Layers: what an overlay replaces, extends and inherits, and what it is told when it does nothing.
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

using test::r4;
using test::run;

constexpr const char* kUrl = "http://example.org/StructureMap/person";
constexpr const char* kSource = R"({"resourceType":"Patient","id":"p1","gender":"male"})";

const std::string kHead =
    "uses \"http://hl7.org/fhir/StructureDefinition/Patient\" alias Patient as source\n"
    "uses \"http://hl7.org/fhir/StructureDefinition/Person\" alias Person as target\n";

const std::string kCore = "/// url = 'http://example.org/StructureMap/person'\n" + kHead +
                          "conceptmap \"genders\" {\n"
                          "  prefix a = \"x\"\n"
                          "  prefix b = \"y\"\n"
                          "  a:male == b:other\n"
                          "}\n"
                          "group Main(source src : Patient, target tgt : Person) {\n"
                          "  src -> tgt then Name(src, tgt) \"name\";\n"
                          "  src.gender as g -> tgt.gender = translate(g, '#genders', 'code') \"gender\";\n"
                          "}\n"
                          "group Name(source src, target tgt) {\n"
                          "  src -> tgt.name as n, n.text = 'core' \"text\";\n"
                          "}\n";

const std::string kOver = "/// url = 'http://example.org/StructureMap/person'\n" + kHead +
                          "imports 'http://example.org/StructureMap/person'\n";

Result<std::shared_ptr<const Library>> layered(std::vector<MapText> more) {
  more.insert(more.begin(), MapText{"core.map", kCore});
  return Library::compile(more, r4());
}

std::string ran(std::vector<MapText> more) {
  const auto library = layered(std::move(more));
  if (!library) return library.error().message;
  const auto result = run(**library, kUrl, {kSource});
  return result.error.empty() ? result.json : result.error;
}

TEST(Overlay, ReplacesOneGroupAndInheritsTheRest) {
  EXPECT_EQ(
      ran({{"epic.map", kOver + "group Name(source a, target b) { a -> b.name as n, n.text = 'epic'; }", "epic"}}),
      R"({"resourceType":"Person","name":[{"text":"epic"}],"gender":"other"})");
}

TEST(Overlay, ExtendsAGroupThatThenRunsFirst) {
  EXPECT_EQ(ran({{"epic.map", kOver + "group Name(source src, target tgt) extends Name { src.id as i -> tgt.id = i; }",
                  "epic"}}),
            R"({"resourceType":"Person","id":"p1","name":[{"text":"core"}],"gender":"other"})");
}

TEST(Overlay, ReplacesTheGroupThatARunBeginsWith) {
  EXPECT_EQ(ran({{"epic.map",
                  kOver + "group Main(source s : Patient, target t : Person) extends Main {"
                          "  s -> t then Extra(s, t) \"extra\"; }"
                          "group Extra(source s, target t) { s -> t.active = true; }",
                  "epic"}}),
            R"({"resourceType":"Person","name":[{"text":"core"}],"gender":"other","active":true})");
}

TEST(Overlay, ReplacesACodeTableForTheRulesBelowToo) {
  EXPECT_EQ(ran({{"epic.map",
                  kOver + "conceptmap \"genders\" { prefix a = \"x\" prefix b = \"y\" a:male == b:male }"
                          "group Name(source s, target t) extends Name {}",
                  "epic"}}),
            R"({"resourceType":"Person","name":[{"text":"core"}],"gender":"male"})");
}

TEST(Overlay, UsesTheTablesAndGroupsBelow) {
  EXPECT_EQ(
      ran({{"epic.map",
            kOver + "group Name(source s, target t) { s.gender as g -> t.id = translate(g, '#genders', 'code'); }",
            "epic"}}),
      R"({"resourceType":"Person","id":"other","gender":"other"})");
}

TEST(Overlay, ReplacesAWholeMapThatItDoesNotImport) {
  EXPECT_EQ(ran({{"epic.map",
                  "/// url = 'http://example.org/StructureMap/person'\n" + kHead +
                      "group Other(source s : Patient, target t : Person) { s.id as i -> t.id = i; }",
                  "epic"}}),
            R"({"resourceType":"Person","id":"p1"})");
}

TEST(Overlay, LiesUponAnotherOverlay) {
  const MapText epic{"epic.map",
                     kOver + "group Name(source src, target tgt) extends Name { src.id as i -> tgt.id = i; }", "epic"};
  EXPECT_EQ(
      ran({epic,
           {"site.map", kOver + "group Name(source s, target t) extends Name { s -> t.active = true; }", "site"}}),
      R"({"resourceType":"Person","id":"p1","name":[{"text":"core"}],"gender":"other","active":true})");
  EXPECT_EQ(ran({epic, {"site.map", kOver + "group Name(source s, target t) { s -> t.active = true; }", "site"}}),
            R"({"resourceType":"Person","gender":"other","active":true})");
}

TEST(Overlay, LeavesMapsWithAnotherUrlAsTheyAre) {
  const auto library = layered({{"more.map",
                                 "/// url = 'http://example.org/StructureMap/more'\n" + kHead +
                                     "imports 'http://example.org/StructureMap/person'\n"
                                     "group More(source s : Patient, target t : Person) {"
                                     "  s -> t then Name(s, t) \"own\"; }"
                                     "group Name(source s, target t) { s -> t.active = true; }",
                                 "site"}});
  ASSERT_TRUE(library) << library.error().message;
  EXPECT_EQ(run(**library, kUrl, {kSource}).json,
            R"({"resourceType":"Person","name":[{"text":"core"}],"gender":"other"})");
  EXPECT_EQ(run(**library, "http://example.org/StructureMap/more", {kSource}).json,
            R"({"resourceType":"Person","active":true})");
  EXPECT_TRUE((*library)->diagnostics().empty());
}

TEST(Overlay, IsToldOfAGroupThatReplacesNothing) {
  EXPECT_EQ(ran({{"epic.map", kOver + "group Nam(source s, target t) { s -> t.active = true; }", "epic"}}),
            "epic.map:5:1: rule 'Nam': expected a group of core.map, or one that is called here, found 'Nam' (did you "
            "mean `Name`?)");
  EXPECT_EQ(
      ran({{"epic.map", kOver + "group Nam(source s, target t) extends Nam { s -> t.active = true; }", "epic"}}),
      "epic.map:5:1: rule 'Nam': expected a group of core.map, or one that is called here, found 'Nam' (did you mean "
      "`Name`?)");
}

TEST(Overlay, IsToldOfParametersThatDiffer) {
  EXPECT_EQ(ran({{"epic.map", kOver + "group Name(source s, source u, target t) { s -> t.active = true; }", "epic"}}),
            "epic.map:5:1: rule 'Name': expected the parameters of the group in core.map, (source, target), found "
            "(source, source, target)");
}

TEST(Overlay, IsWarnedOfAUrlThatIsNearlyOneBelow) {
  const auto library = layered({{"epic.map",
                                 "/// url = 'http://example.org/StructureMap/persn'\n" + kHead +
                                     "group Other(source s : Patient, target t : Person) {}",
                                 "epic"}});
  ASSERT_TRUE(library) << library.error().message;
  ASSERT_EQ((*library)->diagnostics().size(), 1u);
  EXPECT_EQ(to_text((*library)->diagnostics()[0]),
            "epic.map:1:1: warning: the url 'http://example.org/StructureMap/persn' is not one of the maps below, so "
            "this changes none (did you mean `person`?)");
}

TEST(Library, DescribesItsMapsAndHidesTheirParts) {
  const auto library =
      layered({{"epic.map", kOver + "group Name(source a, target b) { a -> b.active = true; }", "epic"}});
  ASSERT_TRUE(library) << library.error().message;
  EXPECT_EQ((*library)->urls(), std::vector<std::string>{kUrl});
  const MapInfo* map = (*library)->find(std::string(kUrl) + "|1.0");
  ASSERT_NE(map, nullptr);
  ASSERT_EQ(map->parameters.size(), 2u);
  EXPECT_EQ(map->parameters[0].name + ":" + map->parameters[0].type, "src:Patient");
  EXPECT_TRUE(map->parameters[0].source);
  EXPECT_FALSE(map->parameters[1].source);
  EXPECT_EQ(map->file, "core.map");
}

}  // namespace
}  // namespace bhi::mapping
