// Reading the text of maps: the real ones of others, and each form of the grammar.
#include "mapping/parser.h"

#include "tests/mapping/support/fixtures.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace bhi::mapping {
namespace {

namespace files = std::filesystem;

StructureMap parsed(std::string text) {
  std::vector<Diagnostic> problems;
  auto map = parse_fml({"test.map", std::move(text)}, problems);
  for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
  return map.value_or(StructureMap{});
}

std::string problem_of(std::string text) {
  std::vector<Diagnostic> problems;
  EXPECT_FALSE(parse_fml({"test.map", std::move(text)}, problems).has_value());
  return problems.empty() ? std::string{} : to_text(problems.front());
}

Rule only_rule(const std::string& rule) {
  const StructureMap map = parsed("group g(source src, target tgt) {\n" + rule + "\n}");
  if (map.groups.size() != 1 || map.groups[0].rules.size() != 1) {
    ADD_FAILURE() << "expected one rule";
    return {};
  }
  return map.groups[0].rules[0];
}

TEST(Parser, ReadsEveryRealMapOfTheCorpus) {
  const files::path folder = test::fixtures() / "fml-parse-corpus";
  if (!files::exists(folder)) GTEST_SKIP() << "no fixtures: fml-parse-corpus";
  std::size_t read = 0;
  std::size_t maps = 0;
  for (const auto& entry : files::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".map" && entry.path().extension() != ".fml") continue;
    ++maps;
    std::vector<Diagnostic> problems;
    const auto map = parse_fml({entry.path().filename().string(), test::read_file(entry.path())}, problems);
    for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
    if (!map) continue;
    EXPECT_FALSE(map->groups.empty());
    EXPECT_FALSE(map->url.empty());
    ++read;
  }
  EXPECT_EQ(read, maps);
  EXPECT_GE(maps, 90u);
}

TEST(Parser, ReadsHeaderUsesImportsConstantsAndGroups) {
  const StructureMap map = parsed(R"(
    /// url = 'http://example.org/map'
    /// name = 'Example'
    /// description = """
    Some *markdown* that // is no comment
    """
    /// status = draft
    uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Pat as source // documentation
    uses 'http://hl7.org/fhir/StructureDefinition/Basic' as produced
    imports "http://example.org/*"
    let loinc = 'http://loinc.org';
    group first(source src : Pat, source other, target tgt : Basic) extends base <<type+>> { }
    group second(source src, target tgt) <<types>> { src -> tgt : a, b; }
  )");
  EXPECT_EQ(map.url, "http://example.org/map");
  EXPECT_EQ(map.name, "Example");
  ASSERT_EQ(map.metadata.size(), 2u);
  EXPECT_EQ(map.metadata[0].value, "Some *markdown* that // is no comment");
  ASSERT_EQ(map.uses.size(), 2u);
  EXPECT_EQ(map.uses[0].alias, "Pat");
  EXPECT_EQ(map.uses[1].mode, ModelMode::Produced);
  EXPECT_EQ(map.imports.at(0).url, "http://example.org/*");
  EXPECT_EQ(map.constants.at(0).value.text, "'http://loinc.org'");
  ASSERT_EQ(map.groups.size(), 2u);
  EXPECT_EQ(map.groups[0].parameters.size(), 3u);
  EXPECT_EQ(map.groups[0].extends, "base");
  EXPECT_EQ(map.groups[0].type_mode, TypeMode::TypeAndTypes);
  EXPECT_EQ(map.groups[1].type_mode, TypeMode::Types);
  ASSERT_EQ(map.groups[1].rules.size(), 2u);
  EXPECT_TRUE(map.groups[1].rules[1].simple_copy);
  EXPECT_EQ(map.groups[1].rules[1].targets[0].path[0], "b");
}

TEST(Parser, ReadsAllPartsOfASource) {
  const Rule rule = only_rule(
      "src.value : integer 0..* default (10) first as vs where (value >= 10) check (value <= 100) log (value),"
      " src.`group` 1..2 as other -> tgt.x = vs \"named\";");
  ASSERT_EQ(rule.sources.size(), 2u);
  const RuleSource& source = rule.sources[0];
  EXPECT_EQ(source.type, "integer");
  EXPECT_TRUE(source.has_cardinality);
  EXPECT_EQ(source.max, RuleSource::kUnbounded);
  EXPECT_EQ(source.default_value.text, "10");
  EXPECT_EQ(source.list_mode, SourceListMode::First);
  EXPECT_EQ(source.variable, "vs");
  EXPECT_EQ(source.where.text, "value >= 10");
  EXPECT_EQ(source.check.text, "value <= 100");
  EXPECT_EQ(source.log.text, "value");
  EXPECT_EQ(rule.sources[1].path.at(0), "group");
  EXPECT_EQ(rule.sources[1].min, 1u);
  EXPECT_EQ(rule.sources[1].max, 2u);
  EXPECT_EQ(rule.name, "named");
}

TEST(Parser, ReadsConditionsWithoutParenthesesUpToTheArrow) {
  const Rule rule = only_rule("src.a as a where a.matches('[0-9]+').not() and src.b - 1 < 2 -> tgt.a = 0;");
  EXPECT_EQ(rule.sources[0].where.text, "a.matches('[0-9]+').not() and src.b - 1 < 2");
  EXPECT_EQ(rule.targets.at(0).transform, Transform::Copy);
  EXPECT_EQ(rule.targets[0].parameters.at(0).kind, Parameter::Kind::Integer);
  EXPECT_EQ(rule.name, "a");
}

TEST(Parser, ReadsTargetsTransformsAndListModes) {
  const Rule rule = only_rule(
      "src -> tgt.a.b = create('Basic') as x share me, tgt.c = (x & 'y'), (src.z) as z, evaluate(src, resolve()) as r,"
      " tgt.d = append(z, ' ', src.q) last, other(z, tgt), tgt as same then g(src, same), h(src, x) { src.k -> x.k; "
      "};");
  ASSERT_EQ(rule.targets.size(), 7u);
  EXPECT_EQ(rule.targets[0].path, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rule.targets[0].list_mode, TargetListMode::Share);
  EXPECT_EQ(rule.targets[0].share_id, "me");
  EXPECT_EQ(rule.targets[1].transform, Transform::Evaluate);
  EXPECT_EQ(rule.targets[1].parameters.at(0).text, "x & 'y'");
  EXPECT_TRUE(rule.targets[2].context.empty());
  EXPECT_EQ(rule.targets[3].parameters.at(1).kind, Parameter::Kind::Expression);
  EXPECT_EQ(rule.targets[4].parameters.at(2).kind, Parameter::Kind::Expression);
  EXPECT_EQ(rule.targets[4].list_mode, TargetListMode::Last);
  EXPECT_EQ(rule.targets[5].invocation->group, "other");
  EXPECT_EQ(rule.targets[6].variable, "same");
  EXPECT_EQ(rule.dependents.size(), 2u);
  EXPECT_EQ(rule.rules.size(), 1u);
}

TEST(Parser, ReadsCodeMappingsWithTheirSystems) {
  const StructureMap map = parsed(R"(
    conceptmap "#codes" {
      prefix s = "http://a"
      prefix t = "http://b"
      s:one - t:"two words"
      s:'three' == t:four
      s:five >- t:six
    }
    group g(source a, target b) {}
  )");
  ASSERT_EQ(map.concept_maps.at(0).mappings.size(), 3u);
  EXPECT_EQ(map.concept_maps[0].id, "codes");
  EXPECT_EQ(map.concept_maps[0].mappings[0].target_code, "two words");
  EXPECT_EQ(map.concept_maps[0].mappings[0].source_system, "http://a");
  EXPECT_EQ(map.concept_maps[0].mappings[2].relation, Relation::Specializes);
}

TEST(Parser, SaysWhereWhatWasExpectedAndWhatWasFound) {
  EXPECT_EQ(problem_of("group g(source src, target tgt) {\n  src.a as a -> tgt.b = truncat(a, 5);\n}"),
            "test.map:2:25: rule 'g': expected a transform, found 'truncat' (did you mean `truncate`?)");
  EXPECT_EQ(problem_of("group g(source src, target tgt) {\n  src.a as a -> tgt.b = truncate(a);\n}"),
            "test.map:2:25: rule 'g': expected 2 parameters of truncate(), found 1");
  EXPECT_EQ(problem_of("group g(source src, target tgt) {\n  src.a -> tgt.b\n}"),
            "test.map:3:1: rule 'g': expected ';', found '}'");
}

TEST(Parser, NamesEveryRuleThatCannotBeRead) {
  std::vector<Diagnostic> problems;
  parse_fml({"test.map", "group g(source s, target t) { s.a as -> t.a; s.b -> t.b; s.c : -> t.c; }"}, problems);
  EXPECT_EQ(problems.size(), 2u);
}

TEST(Parser, RefusesRulesNestedWithoutEnd) {
  std::string text = "group g(source s, target t) {";
  for (int i = 0; i < 5000; ++i) text += "s then {";
  EXPECT_NE(problem_of(text).find("nested less deep"), std::string::npos);
}

TEST(Parser, RefusesBytesThatAreNoText) {
  for (const std::string& bad : {std::string("\x92"), std::string(1, '\0'), std::string("\xC3")}) {
    std::vector<Diagnostic> problems;
    EXPECT_FALSE(parse_fml({"m.map", "group g(source \xC3\xA4" + bad}, problems).has_value());
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(to_text(problems[0]), "m.map:1:17: expected text in UTF-8 without NUL, found another byte");
  }
}

TEST(Parser, TakesForMetadataOnlyWhatNamesElements) {
  std::vector<Diagnostic> problems;
  const auto map = parse_fml({"m.map",
                              "/// url = 'u'\n/// a ~ b = c\n/// group = 'x'\n/// title = \"it's \\\"so\\\"\"\n"
                              "/// jurisdiction.coding.code = 'US'\ngroup g(source a, target b) { }"},
                             problems);
  ASSERT_TRUE(map.has_value());
  const std::vector<Metadata> expected = {{"title", "it's \"so\""},
                                          {"jurisdiction", ""},
                                          {"jurisdiction.coding", ""},
                                          {"jurisdiction.coding.code", "US"},
                                          {"status", "draft"}};
  EXPECT_EQ(map->metadata, expected);
}

TEST(Parser, TakesCommentsForDocumentation) {
  std::vector<Diagnostic> problems;
  const auto map = parse_fml({"m.map", R"(
    // The group,
    /* in two lines */
    group g(source a, target b /* the target */) { // and behind
      // A rule.
      a.x as x -> b.y = x; // indeed

      a.x as x -> b.y = x // lost
        , b.z = x; /// a line of three slashes
      // lost, too
    })"},
                             problems);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->groups[0].documentation, "The group,\nin two lines\nand behind");
  EXPECT_EQ(map->groups[0].parameters[1].documentation, "the target");
  EXPECT_EQ(map->groups[0].rules[0].documentation, "A rule.\nindeed");
  EXPECT_EQ(map->groups[0].rules[1].documentation, "a line of three slashes");
}

}  // namespace
}  // namespace bhi::mapping
