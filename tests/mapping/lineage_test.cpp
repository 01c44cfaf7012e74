// Where what a map made came from, and what became of an answer.
#include "mapping/lineage.h"

#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

using test::map_of;

const std::string kResponse =
    R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","authored":"2026-11-22T09:30:00Z",
  "subject":{"reference":"Patient/p1"},
  "item":[{"linkId":"a","text":"A","answer":[{"valueInteger":2}]},
          {"linkId":"b","text":"B","answer":[{"valueCoding":{"system":"s","code":"c","display":"d"}}]}]})";

Lineage lineage_of_map(const std::string& map, World world = test::plain_world()) {
  Lineage lineage;
  world.lineage = &lineage;
  const auto ran = test::run_map(map, {kResponse}, test::r4(), world);
  EXPECT_EQ(ran.error, "");
  return lineage;
}

// "copied <- QuestionnaireResponse/r1 QuestionnaireResponse.item[0].linkId"
std::string sources_of(const Lineage& lineage, std::string_view target) {
  std::string text;
  for (const LineageEntry& entry : lineage_of(lineage, target)) {
    text += (text.empty() ? "" : "; ") + std::string(name(entry.kind)) + " <-";
    for (const LineageSource& source : entry.sources) text += " " + source.document + " " + source.path;
  }
  return text;
}

TEST(Lineage, NamesTheSourceElementOfACopyWithItsIndices) {
  const Lineage lineage =
      lineage_of_map(map_of("src.item as i -> tgt.name as n then { i.linkId as l -> n.family = l; };"));
  EXPECT_EQ(sources_of(lineage, "Patient.name[1].family"),
            "copied <- QuestionnaireResponse/r1 QuestionnaireResponse.item[1].linkId");
  EXPECT_EQ(sources_of(lineage, "Patient.name[2].family"), "");
}

TEST(Lineage, LeadsIntoAValueThatWasCopiedAsAWhole) {
  const Lineage lineage = lineage_of_map(
      map_of("src.item as i, i.answer as a, a.value : Coding as v -> tgt.maritalStatus as m, m.coding = v;"));
  EXPECT_EQ(sources_of(lineage, "Patient.maritalStatus.coding[0].code"),
            "copied <- QuestionnaireResponse/r1 QuestionnaireResponse.item[1].answer[0].valueCoding.code");
}

TEST(Lineage, NamesWhatAnExpressionWasComputedFrom) {
  const Lineage lineage = lineage_of_map(
      map_of("src.item as i where linkId = 'a' -> tgt.name as n, n.family = (%i.linkId & '-' & %i.text), n.text = "
             "(%i.answer.value.first().toString());"
             "src.item as i where linkId = 'b' -> tgt.gender = (%i.answer.value.code);"));
  EXPECT_EQ(sources_of(lineage, "Patient.name[0].family"),
            "computed <- QuestionnaireResponse/r1 QuestionnaireResponse.item[0]");
  EXPECT_EQ(sources_of(lineage, "Patient.gender"),
            "copied <- QuestionnaireResponse/r1 QuestionnaireResponse.item[1].answer[0].valueCoding.code");
}

TEST(Lineage, FollowsAValueThroughAVariableAndAGroup) {
  const Lineage lineage =
      lineage_of_map(map_of("src.item first as i -> evaluate(i, linkId & '!') as x then part(x, tgt);") +
                     "group part(source s, target t) { s -> t.name as n, n.family = s; }");
  EXPECT_EQ(sources_of(lineage, "Patient.name[0].family"),
            "computed <- QuestionnaireResponse/r1 QuestionnaireResponse.item[0]");
}

TEST(Lineage, TellsAConstantAndWhyItsRuleApplied) {
  const Lineage lineage = lineage_of_map(map_of("src.item as i where linkId = 'b' -> tgt.gender = 'female' \"sex\";"));
  const auto found = lineage_of(lineage, "Patient.gender");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, LineageKind::Constant);
  EXPECT_TRUE(found[0].sources.empty());
  EXPECT_EQ(found[0].because, (LineageSource{"QuestionnaireResponse/r1", "QuestionnaireResponse.item[1]"}));
  EXPECT_EQ(to_text(found[0].rule), "test.map:4:37 rule 'sex' of main");
  EXPECT_EQ(found[0].rule.map, "http://example.org/map");
  EXPECT_EQ(found[0].rule.hash.size(), 64u);
}

TEST(Lineage, TellsTheTranslationOfACode) {
  const Lineage lineage =
      lineage_of_map("conceptmap \"codes\" {\n prefix a = \"s\"\n prefix b = \"t\"\n a:c == b:d\n}\n" +
                     map_of("src.item as i, i.answer as a, a.value : Coding as v -> tgt.gender = "
                            "translate(v, '#codes', 'code');"));
  const auto found = lineage_of(lineage, "Patient.gender");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, LineageKind::Translated);
  EXPECT_EQ(found[0].translation, "#codes: c -> t|d");
  EXPECT_EQ(sources_of(lineage, "Patient.gender"),
            "translated <- QuestionnaireResponse/r1 QuestionnaireResponse.item[1].answer[0].valueCoding");
}

TEST(Lineage, NamesAResolvedResourceAsADocumentOfItsOwn) {
  const auto patient = fhir::read_json(R"({"resourceType":"Patient","id":"p1","name":[{"family":"F"}]})").value();
  World world = test::plain_world();
  world.resolve = [&](std::string_view) { return &patient->root(); };
  const Lineage lineage = lineage_of_map(
      map_of(
          "src.subject as s -> evaluate(s, resolve()) as p then { p -> tgt.name as n, n.family = (%p.name.family); };"),
      world);
  EXPECT_EQ(sources_of(lineage, "Patient.name[0].family"), "copied <- Patient/p1 Patient.name[0].family");
}

TEST(Lineage, GroupsCalledByDefaultKeepTheSourceOfWhatCalledThem) {
  const Lineage lineage = lineage_of_map(
      map_of(
          "src.item as i, i.answer as a -> tgt.maritalStatus as m then { a.value : Coding as v -> m.coding = v; };") +
      "group Codes(source c : Coding, target d : Coding) <<type+>> { c.code as x -> d.code = x; }");
  EXPECT_EQ(sources_of(lineage, "Patient.maritalStatus.coding[0].code"),
            "copied <- QuestionnaireResponse/r1 QuestionnaireResponse.item[1].answer[0].valueCoding.code");
}

TEST(Lineage, AnswersWhatBecameOfAnAnswer) {
  const Lineage lineage =
      lineage_of_map(map_of("src.item as i -> tgt.name as n then { i.linkId as l -> n.family = l, n.text = l; i.text "
                            "as t -> n.given = t; };"));
  std::vector<std::string> targets;
  for (const LineageEntry* entry :
       targets_of(lineage, "QuestionnaireResponse/r1", "QuestionnaireResponse.item[1].linkId"))
    targets.push_back(entry->target);
  EXPECT_EQ(targets, (std::vector<std::string>{"Patient.name[1].text", "Patient.name[1].family"}));
  EXPECT_TRUE(targets_of(lineage, "QuestionnaireResponse/r2", "QuestionnaireResponse.item[1].linkId").empty());
}

TEST(Lineage, IsNotKeptUnlessAskedFor) {
  const auto with = test::run_map(map_of("src.id as i -> tgt.id = i;"), {kResponse});
  Lineage lineage;
  World world = test::plain_world();
  world.lineage = &lineage;
  const auto without = test::run_map(map_of("src.id as i -> tgt.id = i;"), {kResponse}, test::r4(), world);
  EXPECT_EQ(with.json, without.json);
  EXPECT_EQ(lineage.entries.size(), 1u);
}

}  // namespace
}  // namespace bhi::mapping
