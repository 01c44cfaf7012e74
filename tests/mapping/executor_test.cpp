// Running maps: one small map for each thing the language promises.
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

using test::map_of;
using test::Ran;
using test::run_map;

const std::string kResponse =
    R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","authored":"2026-11-22T09:30:00Z",
  "subject":{"reference":"Patient/p1"},
  "item":[{"linkId":"a","text":"A","answer":[{"valueInteger":2}]},
          {"linkId":"b","text":"B","answer":[{"valueCoding":{"system":"s","code":"c","display":"d"}}]},
          {"linkId":"c","answer":[{"valueString":"x"},{"valueString":"y"}]}]})";

std::string made(const std::string& rules, const std::string& target = "Patient") {
  const Ran ran = run_map(map_of(rules, target), {kResponse});
  EXPECT_EQ(ran.error, "");
  return ran.json;
}

std::string failed(const std::string& rules, const std::string& target = "Patient") {
  const Ran ran = run_map(map_of(rules, target), {kResponse});
  EXPECT_EQ(ran.json, "");
  return ran.error;
}

TEST(Executor, SetsLiteralsAndCopiesElements) {
  EXPECT_EQ(made("src.id as id -> tgt.id = id; src -> tgt.gender = 'female', tgt.active = true;"),
            R"({"resourceType":"Patient","id":"r1","active":true,"gender":"female"})");
}

TEST(Executor, AppliesARuleOnceForEachElement) {
  EXPECT_EQ(made("src.item as i -> tgt.name as n then { i.linkId as l -> n.family = l; };"),
            R"({"resourceType":"Patient","name":[{"family":"a"},{"family":"b"},{"family":"c"}]})");
}

TEST(Executor, AppliesARuleToEveryCombinationOfItsSources) {
  EXPECT_EQ(made("src.item as i, i.answer as a -> tgt.name as n, n.family = (i.linkId);"),
            R"({"resourceType":"Patient","name":[{"family":"a"},{"family":"b"},{"family":"c"},{"family":"c"}]})");
  EXPECT_EQ(made("src.item as i, src.basedOn as b -> tgt.name as n, n.family = 'never';"),
            R"({"resourceType":"Patient"})");
}

TEST(Executor, FiltersWithWhereOnFocusVariableAndPercentName) {
  for (const std::string condition :
       {"linkId = 'b'", "i.linkId = 'b'", "%i.linkId = 'b'", "(src.status = 'completed' and $this.linkId = 'b')"}) {
    EXPECT_EQ(made("src.item as i where " + condition + " -> tgt.name as n, n.family = (i.text);"),
              R"({"resourceType":"Patient","name":[{"family":"B"}]})")
        << condition;
  }
}

TEST(Executor, TakesOnlyElementsOfAType) {
  EXPECT_EQ(made("src.item as i, i.answer as a, a.value : Coding as v -> tgt.maritalStatus as m, m.coding = v;"),
            R"({"resourceType":"Patient","maritalStatus":{"coding":[{"system":"s","code":"c","display":"d"}]}})");
}

TEST(Executor, AppliesOnlyTheRuleOfTheExactType) {
  EXPECT_EQ(run_map("map \"http://example.org/map\" = \"t\"\ngroup main(source src : Basic, target tgt : Patient) {"
                    " src.extension as e then { e.value : string as v -> tgt.id = 'string'; e.value : code as v -> "
                    "tgt.language = v; }; }",
                    {R"({"resourceType":"Basic","extension":[{"url":"u","valueCode":"c"}]})"})
                .json,
            R"({"resourceType":"Patient","language":"c"})");
}

TEST(Executor, KnowsTheListModesOfSources) {
  const auto families = [](const std::string& mode) {
    return made("src.item " + mode + " as i -> tgt.name as n, n.family = (i.linkId);");
  };
  EXPECT_EQ(families("first"), R"({"resourceType":"Patient","name":[{"family":"a"}]})");
  EXPECT_EQ(families("not_first"), R"({"resourceType":"Patient","name":[{"family":"b"},{"family":"c"}]})");
  EXPECT_EQ(families("last"), R"({"resourceType":"Patient","name":[{"family":"c"}]})");
  EXPECT_EQ(families("not_last"), R"({"resourceType":"Patient","name":[{"family":"a"},{"family":"b"}]})");
  EXPECT_EQ(failed("src.item only_one as i -> tgt.name as n;"),
            "test.map:4:1: rule 'item': source QuestionnaireResponse: expected only one value, found 3");
}

TEST(Executor, UsesADefaultWhenThereIsNoValue) {
  EXPECT_EQ(made("src.language default ('en') as l -> tgt.language = l;"),
            R"({"resourceType":"Patient","language":"en"})");
  EXPECT_EQ(made("src.status default ('none') as l -> tgt.id = l;"), R"({"resourceType":"Patient","id":"completed"})");
}

TEST(Executor, ChecksCardinalityAndConditions) {
  EXPECT_EQ(failed("src.item 0..2 as i -> tgt.name as n;"),
            "test.map:4:1: rule 'item': source QuestionnaireResponse: expected 0..2 values, found 3");
  EXPECT_EQ(failed("src.item as i check (i.text.exists()) -> tgt.name as n;"),
            "test.map:4:1: rule 'item': source QuestionnaireResponse.item[2]: check failed: expected i.text.exists()");
}

TEST(Executor, LogsWhatPasses) {
  const Ran ran =
      run_map(map_of("src.item as i where linkId = 'c' log ('seen ' & linkId) -> tgt.active = true;"), {kResponse});
  ASSERT_EQ(ran.issues.size(), 1u);
  EXPECT_EQ(ran.issues[0].text, "seen c");
  EXPECT_EQ(ran.issues[0].path, "QuestionnaireResponse.item[2]");
}

TEST(Executor, CallsGroupsWithParametersInOrder) {
  EXPECT_EQ(
      run_map(map_of("src.item as i -> tgt.name as n then part(i, n), other(n, i);") +
                  "group part(source s, target t) { s.linkId as l -> t.family = l; }\n"
                  "group other(target t, source s) { s.text as x -> t.text = x; }\n",
              {kResponse})
          .json,
      R"({"resourceType":"Patient","name":[{"text":"A","family":"a"},{"text":"B","family":"b"},{"family":"c"}]})");
}

TEST(Executor, RunsTheExtendedGroupFirst) {
  EXPECT_EQ(run_map("map \"http://example.org/map\" = \"t\"\n"
                    "group main(source src : QuestionnaireResponse, target tgt : Patient) extends base { src -> "
                    "tgt.gender = 'male'; }\n"
                    "group base(target tgt, source src) { src -> tgt.gender = 'female', tgt.active = true; }\n",
                    {kResponse})
                .json,
            R"({"resourceType":"Patient","active":true,"gender":"male"})");
}

TEST(Executor, ChoosesTheTypeOfAChoiceFromTheValue) {
  EXPECT_EQ(made("src.item as i, i.answer as a where %i.linkId = 'a' -> tgt.value = (%a.value);", "Observation"),
            R"({"resourceType":"Observation","valueInteger":2})");
  EXPECT_EQ(made("src.authored as d -> tgt.value = d;", "Observation"),
            R"({"resourceType":"Observation","valueDateTime":"2026-11-22T09:30:00Z"})");
  EXPECT_EQ(made("src -> tgt.value = create('Quantity') as q, q.value = 5, q.unit = 'mg';", "Observation"),
            R"({"resourceType":"Observation","valueQuantity":{"value":5,"unit":"mg"}})");
  EXPECT_EQ(made("src -> tgt.valueQuantity = create('Quantity') as q, q.value = 5;", "Observation"),
            R"({"resourceType":"Observation","valueQuantity":{"value":5}})");
}

TEST(Executor, RefusesAnAutomaticElementOfAChoice) {
  EXPECT_NE(failed("src -> tgt.value as v;", "Observation").find("expected create() with a type for Observation.value"),
            std::string::npos);
}

TEST(Executor, ConvertsPrimitivesAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(made("src -> tgt.birthDate = '2026-11-22T09:30:00Z';"),
            R"({"resourceType":"Patient","birthDate":"2026-11-22"})");
  EXPECT_EQ(made("src -> tgt.multipleBirth = cast('3', 'integer');"),
            R"({"resourceType":"Patient","multipleBirthInteger":3})");
  EXPECT_EQ(failed("src.item as i where linkId = 'c' -> tgt.birthDate = ('soon');"),
            "test.map:4:37: rule 'item': source QuestionnaireResponse.item[2]: expected date, a date (YYYY, YYYY-MM or "
            "YYYY-MM-DD), found String of 4 characters (for Patient.birthDate)");
}

TEST(Executor, CopiesAValueOfTheSameTypeAsItIs) {
  EXPECT_EQ(
      run_map("map \"http://example.org/map\" = \"t\"\ngroup main(source src : QuestionnaireResponse, target tgt : "
              "Observation) {"
              " src.authored as a -> tgt.effective = create('dateTime') as e, e.value = a; src.authored as a -> "
              "tgt.value = a; }",
              {R"({"resourceType":"QuestionnaireResponse","authored":"2026-11-22T09:30:00"})"})
          .json,
      R"({"resourceType":"Observation","effectiveDateTime":"2026-11-22T09:30:00","valueDateTime":"2026-11-22T09:30:00"})");
}

TEST(Executor, EvaluatesEveryValueIntoAList) {
  EXPECT_EQ(made("src -> tgt.name as n, n.given = (src.item.linkId);"),
            R"({"resourceType":"Patient","name":[{"given":["a","b","c"]}]})");
  EXPECT_NE(
      failed("src -> tgt.gender = (src.item.linkId);").find("expected one value for Patient.gender, found 3 values"),
      std::string::npos);
  EXPECT_EQ(made("src -> tgt.gender = (src.item.prefix);"), R"({"resourceType":"Patient"})");
  EXPECT_EQ(made("src.subject as s -> tgt.id = evaluate(s, reference.substring(8));"),
            R"({"resourceType":"Patient","id":"p1"})");
}

TEST(Executor, TakesDoubleQuotesForTextInsideExpressions) {
  EXPECT_EQ(made("src -> tgt.id = evaluate(src, iif(id = \"r1\", \"yes\", 'no')) \"named\";"),
            R"({"resourceType":"Patient","id":"yes"})");
}

TEST(Executor, SeesTheDocumentAsResource) {
  EXPECT_EQ(made("src.item as i where linkId = 'a' -> tgt.id = (%resource.id);"),
            R"({"resourceType":"Patient","id":"r1"})");
}

TEST(Executor, ReadsATargetInFhirPathAsItIsAtThatMoment) {
  EXPECT_EQ(made("src -> tgt.name as n, n.family = 'F', n.text = (n.family & '!'), tgt.gender = "
                 "(iif(tgt.name.exists(), 'male', 'female'));"),
            R"({"resourceType":"Patient","name":[{"text":"F!","family":"F"}],"gender":"male"})");
}

TEST(Executor, CopiesDeeply) {
  EXPECT_EQ(
      made("src.item as i where linkId = 'b' -> tgt.maritalStatus as m then {"
           " i.answer as a -> m.coding = (a.value) as c1; i.answer as a -> m.coding = (a.value) as c2, c2.code = "
           "'other'; };"),
      R"({"resourceType":"Patient","maritalStatus":{"coding":[{"system":"s","code":"c","display":"d"},{"system":"s","code":"other","display":"d"}]}})");
}

TEST(Executor, PutsAMadeNodeItselfAndASecondTimeAsACopy) {
  EXPECT_EQ(
      made("src -> create('Patient') as p, p.id = 'x', tgt.contained = p, p.gender = 'male', tgt.contained = p, "
           "p.active = true;"),
      R"({"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"x","active":true,"gender":"male"},)"
      R"({"resourceType":"Patient","id":"x","gender":"male"}]})");
}

TEST(Executor, RefersToResourcesAndGivesThemAnId) {
  EXPECT_EQ(made("src -> tgt.contact as c, c.organization as o, o.reference = reference(src);"),
            R"({"resourceType":"Patient","contact":[{"organization":{"reference":"QuestionnaireResponse/r1"}}]})");
  EXPECT_EQ(
      made("src -> create('Organization') as org, tgt.managingOrganization as o, o.reference = reference(org), "
           "tgt.contained = org;"),
      R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"00000000-0000-4000-8000-000000000001"}],)"
      R"("managingOrganization":{"reference":"Organization/00000000-0000-4000-8000-000000000001"}})");
}

TEST(Executor, TakesAnAbsentSourceAsEmpty) {
  const std::string map =
      "map \"http://example.org/map\" = \"t\"\n"
      "group main(source response : QuestionnaireResponse, source form : Questionnaire, target tgt : Patient) {\n"
      "  response.id as id -> tgt.id = id;\n  form.title as t -> tgt.gender = 'male';\n  form then { response -> "
      "tgt.active = true; };\n"
      "  response.item as i where form.item.where(linkId = i.linkId).empty() -> tgt.name as n, n.family = "
      "(i.linkId);\n}";
  EXPECT_EQ(run_map(map, {kResponse, ""}).json,
            R"({"resourceType":"Patient","id":"r1","name":[{"family":"a"},{"family":"b"},{"family":"c"}]})");
  EXPECT_EQ(
      run_map(map, {kResponse, R"({"resourceType":"Questionnaire","title":"T","item":[{"linkId":"b"}]})"}).json,
      R"({"resourceType":"Patient","id":"r1","active":true,"name":[{"family":"a"},{"family":"c"}],"gender":"male"})");
  EXPECT_NE(run_map(map, {kResponse}).error.find("expected an input for source 'form', found none"), std::string::npos);
  EXPECT_NE(run_map(map, {kResponse, R"({"resourceType":"Patient"})"})
                .error.find("expected Questionnaire for source 'form', found Patient"),
            std::string::npos);
}

TEST(Executor, MakesEveryTargetOfTheFirstGroup) {
  const Ran ran = run_map(
      "map \"http://example.org/map\" = \"t\"\n"
      "group main(source src : QuestionnaireResponse, target a : Patient, target b : Basic) { src.id as i -> a.id = i, "
      "b.id = i; }",
      {kResponse});
  EXPECT_EQ(ran.json, R"({"resourceType":"Patient","id":"r1"})");
  EXPECT_EQ(ran.more, (std::vector<std::string>{R"({"resourceType":"Basic","id":"r1"})"}));
}

TEST(Executor, CopiesSimplyAndThroughDefaultGroups) {
  EXPECT_EQ(made("src.id -> tgt.id; src.identifier -> tgt.identifier; src.subject -> tgt.managingOrganization;"),
            R"({"resourceType":"Patient","id":"r1","managingOrganization":{"reference":"Patient/p1"}})");
  EXPECT_EQ(run_map(map_of("src.subject -> tgt.maritalStatus;") +
                        "group ref(source s : Reference, target t : CodeableConcept) <<types>> { s.reference as r -> "
                        "t.text = r; }",
                    {kResponse})
                .json,
            R"({"resourceType":"Patient","maritalStatus":{"text":"Patient/p1"}})");
  EXPECT_NE(failed("src.subject -> tgt.maritalStatus;").find("expected CodeableConcept, found Reference"),
            std::string::npos);
}

TEST(Executor, SharesOneTargetAmongRules) {
  EXPECT_EQ(made("src.id as i -> tgt.name as n share one, n.family = i; src.status as s -> tgt.name as n share one, "
                 "n.text = s;"
                 "src.item as i -> tgt.contact as c single, c.gender = 'male';"),
            R"({"resourceType":"Patient","name":[{"text":"completed","family":"r1"}],"contact":[{"gender":"male"}]})");
}

TEST(Executor, TranslatesThroughAConceptMapOfTheMap) {
  const std::string codes = "conceptmap \"g\" { prefix s = \"a\" prefix t = \"b\" s:completed - t:female }\n";
  EXPECT_EQ(
      run_map(codes + map_of("src.status as s -> tgt.gender = translate(s, '#g', 'code'), tgt.maritalStatus = "
                             "translate(s, '#g', 'CodeableConcept');"),
              {kResponse})
          .json,
      R"({"resourceType":"Patient","gender":"female","maritalStatus":{"coding":[{"system":"b","code":"female"}]}})");
  const Ran unknown = run_map(codes + map_of("src.id as s -> tgt.gender = translate(s, '#g', 'code');"), {kResponse});
  EXPECT_EQ(unknown.json, R"({"resourceType":"Patient"})");
  ASSERT_EQ(unknown.issues.size(), 1u);
  EXPECT_EQ(unknown.issues[0].path, "QuestionnaireResponse.id");
}

TEST(Executor, ReadsConstantsLazily) {
  EXPECT_EQ(
      run_map("map \"http://example.org/map\" = \"t\"\nlet a = 'x' & b;\nlet b = 'y';\nlet never = (1 | 2).single();\n"
              "group main(source src : QuestionnaireResponse, target tgt : Patient) { src -> tgt.id = (a), "
              "tgt.language = b; }",
              {kResponse})
          .json,
      R"({"resourceType":"Patient","id":"xy","language":"y"})");
}

TEST(Executor, KeepsPrimitiveExtensions) {
  const std::string patient =
      R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueCode":"unknown"}]},"name":[{"given":["A",null],"_given":[null,{"id":"g"}]}]})";
  EXPECT_EQ(
      run_map("map \"http://example.org/map\" = \"t\"\ngroup main(source src : Patient, target tgt : Patient) {"
              " src.birthDate -> tgt.birthDate; src.name as n -> tgt.name as m then { n.given -> m.given; }; }",
              {patient})
          .json,
      R"({"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"g"}]}],"_birthDate":{"extension":[{"url":"u","valueCode":"unknown"}]}})");
}

TEST(Executor, AddsToACopiedValueWithoutLosingWhatItHolds) {
  const std::string patient =
      R"({"resourceType":"Patient","name":[{"given":["A"],"_given":[{"id":"g"}],"period":{"start":"2020"}}]})";
  EXPECT_EQ(
      run_map("map \"http://example.org/map\" = \"t\"\ngroup main(source src : Patient, target tgt : Patient) {"
              " src.name as n -> tgt.name = n as m, m.given = 'B', m.period as p, p.end = '2021'; }",
              {patient})
          .json,
      R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[{"id":"g"},null],"period":{"start":"2020","end":"2021"}}]})");
}

TEST(Executor, ResolvesReferencesInsideTheSourceAndOutside) {
  World world = test::plain_world();
  auto outside = fhir::read_json(R"({"resourceType":"Patient","id":"p1","gender":"other"})");
  world.resolve = [&](std::string_view reference) -> const fhir::Node* {
    return reference == "Patient/p1" ? &(*outside)->root() : nullptr;
  };
  const Ran ran =
      run_map(map_of("src.subject as s -> evaluate(s, resolve()) as p then { p.gender as g -> tgt.gender = g; };"),
              {kResponse}, test::r4(), world);
  EXPECT_EQ(ran.json + ran.error, R"({"resourceType":"Patient","gender":"other"})");
}

TEST(Executor, NamesTheCircleOfARecursionWithoutEnd) {
  const Ran ran = run_map(map_of("src -> tgt then one(src, tgt);") +
                              "group one(source s, target t) { s then two(s, t); }\n"
                              "group two(source s, target t) { s then one(s, t); }\n",
                          {kResponse});
  EXPECT_EQ(ran.kind, Kind::Busy);
  EXPECT_NE(ran.error.find("expected at most 200 groups within groups, found more: two -> one -> two"),
            std::string::npos)
      << ran.error;
}

TEST(Executor, StopsRulesThatNestThroughARecursion) {
  std::string deep = "s then ";
  for (int i = 0; i < 50; ++i) deep += "{ s then ";
  deep += "one(s, t);";
  for (int i = 0; i < 50; ++i) deep += " };";
  const Ran ran =
      run_map(map_of("src -> tgt then one(src, tgt);") + "group one(source s, target t) { " + deep + " }", {kResponse});
  EXPECT_EQ(ran.kind, Kind::Busy);
  EXPECT_NE(ran.error.find("expected at most 1000 rules within rules, found more: one -> one"), std::string::npos)
      << ran.error;
}

TEST(Executor, WritesLogicalModelsWithoutResourceType) {
  const auto types = test::types_with(
      {R"({"resourceType":"StructureDefinition","url":"http://example.org/care/Screening","name":"Screening",
    "kind":"logical","abstract":false,"type":"Screening","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Element","derivation":"specialization",
    "differential":{"element":[{"id":"Screening","path":"Screening","min":0,"max":"*"},
    {"id":"Screening.id","path":"Screening.id","min":1,"max":"1","type":[{"code":"string"}]},
    {"id":"Screening.items","path":"Screening.items","min":0,"max":"*","type":[{"code":"BackboneElement"}]},
    {"id":"Screening.items.n","path":"Screening.items.n","min":1,"max":"1","type":[{"code":"integer"}]},
    {"id":"Screening.items.score","path":"Screening.items.score","min":0,"max":"1","type":[{"code":"decimal"}]}]}})"});
  const Ran ran = run_map(
      "map \"http://example.org/map\" = \"t\"\nuses \"http://example.org/care/Screening\" alias Screening as target\n"
      "group main(source src : QuestionnaireResponse, target tgt : Screening) { src.id as id -> tgt.id = id;\n"
      " src.item as i -> tgt.items as t then { i.answer as a, a.value : integer as v -> t.n = 1, t.score = v; }; }",
      {kResponse}, types);
  EXPECT_EQ(ran.json + ran.error, R"({"id":"r1","items":[{"n":1,"score":2}]})");
}

TEST(Executor, NamesTheGroupsOfACycleThatLeadsThroughTwoMaps) {
  const std::vector<MapText> maps = {
      {"main.map",
       "map \"http://example.org/map\" = \"m\"\nimports \"http://example.org/other\"\n"
       "group main(source src : QuestionnaireResponse, target tgt : Patient) { src -> tgt then ping(src, tgt); }\n"
       "group ping(source s, target t) { s -> t then pong(s, t); }"},
      {"other.map",
       "map \"http://example.org/other\" = \"o\"\nimports \"http://example.org/map\"\n"
       "group pong(source s, target t) { s -> t then ping(s, t); }"}};
  const auto library = Library::compile(maps, test::r4());
  ASSERT_TRUE(library.ok()) << library.error().message;
  const Ran ran = test::run(**library, test::kUrl, {kResponse});
  EXPECT_EQ(ran.kind, Kind::Busy);
  EXPECT_TRUE(ran.error.ends_with("expected at most 200 groups within groups, found more: pong -> ping -> pong") ||
              ran.error.ends_with("expected at most 200 groups within groups, found more: ping -> pong -> ping"))
      << ran.error;
}

}  // namespace
}  // namespace bhi::mapping
