// What a profile asks, one rule a case: the smallest profile that has it, and records that keep to it and do not.
#include "profile/profiles.h"

#include "fhir/json.h"
#include "fhir/terminology.h"

#include <gtest/gtest.h>

namespace bhi::profile {
namespace {

constexpr std::string_view kUrl = "http://example.org/profile";

fhir::DocumentPtr parsed(const std::string& text) {
  auto document = fhir::read_json(text);
  EXPECT_TRUE(document.ok()) << text << (document.ok() ? "" : document.error().message);
  return *document;
}

// A profile by differential.
std::string profile(const std::string& elements, const std::string& type = "Observation",
                    const std::string& url = std::string(kUrl), const std::string& base = "") {
  const std::string own = base.empty() ? "http://hl7.org/fhir/StructureDefinition/" + type : base;
  return R"({"resourceType":"StructureDefinition","url":")" + url + R"(","version":"1.2","kind":"resource","type":")" +
         type + R"(","baseDefinition":")" + own + R"(","derivation":"constraint","differential":{"element":[)" +
         elements + "]}}";
}

std::string observation(const std::string& more) {
  return R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]})" +
         (more.empty() ? "" : "," + more) + "}";
}

// "" conforms; "path: text" of the first problem; "? ..." undecided.
std::string verdict(const std::vector<std::string>& definitions, const std::string& record,
                    std::string_view canonical = kUrl) {
  std::vector<fhir::DocumentPtr> documents;
  std::vector<const fhir::Node*> roots;
  for (const auto& one : definitions) {
    documents.push_back(parsed(one));
    roots.push_back(&documents.back()->root());
  }
  auto types = fhir::Types::with(roots);
  if (!types.ok()) return types.error().message;
  const auto profiles = Profiles::with(roots, *types);
  const auto document = parsed(record);
  const auto item = fhirpath::root_item(document->root(), **types);
  fhirpath::Environment environment;
  environment.types = types->get();
  fhirpath::answer_from(fhir::Terminology::r4(), environment);
  const auto found = profiles->check(item, canonical, environment);
  if (!found.ok()) return found.error().message;
  if (!found->problems.empty()) return found->problems[0].path + ": " + found->problems[0].text;
  if (!found->undecided.empty()) return "? " + found->undecided[0].path + ": " + found->undecided[0].text;
  return "";
}

struct Case {
  std::string name;
  std::string elements;
  std::string record;
  std::string expected;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Rule : public testing::TestWithParam<Case> {};

TEST_P(Rule, IsAsked) { EXPECT_EQ(verdict({profile(GetParam().elements)}, GetParam().record), GetParam().expected); }

const std::string kComponents =
    R"({"id":"Observation.component","path":"Observation.component","slicing":{"discriminator":[{"type":"pattern","path":"code"}],"rules":"open"}},
       {"id":"Observation.component:one","path":"Observation.component","sliceName":"one","min":1,"max":"1"},
       {"id":"Observation.component:one.code","path":"Observation.component.code","patternCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"1"}]}},
       {"id":"Observation.component:one.value[x]","path":"Observation.component.value[x]","min":1,"type":[{"code":"Quantity"}]})";

std::string component(const std::string& code, const std::string& value) {
  return R"({"code":{"coding":[{"system":"http://loinc.org","code":")" + code + R"(","display":"d"}]},)" + value + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Elements, Rule,
    testing::Values(
        Case{"minimum_kept", R"({"path":"Observation.subject","min":1})",
             observation(R"("subject":{"reference":"Patient/1"})"), ""},
        Case{"minimum_missed", R"({"path":"Observation.subject","min":1})", observation(""),
             "Observation.subject: expected at least 1, found 0"},
        Case{"maximum_missed", R"({"path":"Observation.category","max":"1"})",
             observation(R"("category":[{"text":"a"},{"text":"b"}])"),
             "Observation.category: expected at most 1, found 2"},
        Case{"forbidden", R"({"path":"Observation.dataAbsentReason","max":"0"})",
             observation(R"("dataAbsentReason":{"text":"a"})"),
             "Observation.dataAbsentReason: expected at most 0, found 1"},
        Case{"fixed_kept", R"({"path":"Observation.status","fixedCode":"final"})", observation(""), ""},
        Case{"fixed_missed", R"({"path":"Observation.status","fixedCode":"amended"})", observation(""),
             "Observation.status: expected the fixed value"},
        Case{
            "pattern_kept",
            R"({"path":"Observation.code","patternCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]}})",
            observation(""), ""},
        Case{
            "pattern_missed",
            R"({"path":"Observation.code","patternCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"70274-6"}]}})",
            observation(""), "Observation.code: expected the pattern"},
        Case{"type_kept", R"({"path":"Observation.value[x]","type":[{"code":"Quantity"}]})",
             observation(R"("valueQuantity":{"value":1})"), ""},
        Case{"type_missed", R"({"path":"Observation.value[x]","type":[{"code":"Quantity"}]})",
             observation(R"("valueString":"x")"), "Observation.value: expected Quantity, found string"},
        Case{"choice_by_its_own_name", R"({"path":"Observation.valueQuantity","min":1})",
             observation(R"("valueString":"x")"),
             "Observation.value: expected at least 1 of slice valueQuantity, found 0"},
        Case{
            "target_kept",
            R"({"path":"Observation.subject","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]})",
            observation(R"("subject":{"reference":"Patient/1"})"), ""},
        Case{
            "target_missed",
            R"({"path":"Observation.subject","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]})",
            observation(R"("subject":{"reference":"https://ehr.example.org/Group/1"})"),
            "Observation.subject: expected a reference to http://hl7.org/fhir/StructureDefinition/Patient, found one "
            "to Group"},
        Case{"least_kept", R"({"path":"Observation.value[x]","minValueInteger":0,"maxValueInteger":27})",
             observation(R"("valueInteger":27)"), ""},
        Case{"most_missed", R"({"path":"Observation.value[x]","minValueInteger":0,"maxValueInteger":27})",
             observation(R"("valueInteger":28)"), "Observation.value: expected maxValue to hold"},
        Case{
            "least_missed_in_another_unit",
            R"({"path":"Observation.value[x]","minValueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"g"}})",
            observation(R"("valueQuantity":{"value":500,"system":"http://unitsofmeasure.org","code":"mg"})"),
            "Observation.value: expected minValue to hold"},
        Case{"length_in_characters", R"({"path":"Observation.value[x]","maxLength":3})",
             observation("\"valueString\":\"\u00e4\u00f6\u00fc\""), ""},
        Case{"length_missed", R"({"path":"Observation.value[x]","maxLength":3})",
             observation(R"("valueString":"abcd")"), "Observation.value: expected at most 3 characters, found 4"},
        Case{
            "binding_missed",
            R"({"path":"Observation.category","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/observation-category"}})",
            observation(R"("category":[{"coding":[{"system":"http://example.org","code":"survey"}]}])"),
            "Observation.category: expected a code of http://hl7.org/fhir/ValueSet/observation-category, found "
            "another"},
        Case{"binding_unknown",
             R"({"path":"Observation.code","binding":{"strength":"required","valueSet":"http://example.org/none"}})",
             observation(""), "? Observation.code: the codes of http://example.org/none are not at hand"},
        Case{
            "constraint_kept",
            R"j({"path":"Observation","constraint":[{"key":"x-1","severity":"error","expression":"value.exists() or dataAbsentReason.exists()"}]})j",
            observation(R"("valueInteger":1)"), ""},
        Case{
            "constraint_missed",
            R"j({"path":"Observation","constraint":[{"key":"x-1","severity":"error","expression":"value.exists() or dataAbsentReason.exists()"}]})j",
            observation(""), "Observation: expected x-1 to hold"},
        Case{"warning_decides_nothing",
             R"({"path":"Observation","constraint":[{"key":"x-1","severity":"warning","expression":"false"}]})",
             observation(""), ""},
        Case{"constraint_unreadable",
             R"({"path":"Observation","constraint":[{"key":"x-1","severity":"error","expression":"value.exists("}]})",
             observation(""), "? Observation: x-1: 1:14: expected an expression, found the end"},
        Case{"base_type_missed", "", R"({"resourceType":"Observation","status":"final"})",
             "Observation.code: expected 1..1 by its type, found 0"},
        Case{"unknown_element", "", observation(R"("colour":"red")"),
             "Observation: expected an element of Observation, found another"},
        Case{"another_type", "", R"({"resourceType":"Patient"})", "Observation: expected Observation, found Patient"},
        Case{"slice_kept", kComponents,
             observation("\"component\":[" + component("2", "\"valueString\":\"x\"") + "," +
                         component("1", "\"valueQuantity\":{\"value\":1}") + "]"),
             ""},
        Case{"slice_missing", kComponents,
             observation("\"component\":[" + component("2", "\"valueString\":\"x\"") + "]"),
             "Observation.component: expected at least 1 of slice one, found 0"},
        Case{"slice_twice", kComponents,
             observation("\"component\":[" + component("1", "\"valueQuantity\":{\"value\":1}") + "," +
                         component("1", "\"valueQuantity\":{\"value\":1}") + "]"),
             "Observation.component: expected at most 1 of slice one, found 2"},
        Case{"rule_of_a_slice_missed", kComponents,
             observation("\"component\":[" + component("1", "\"valueString\":\"x\"") + "]"),
             "Observation.component.value: expected Quantity, found string"}),
    [](const auto& one) { return one.param.name; });

const std::string kClosed =
    R"({"id":"Observation.category","path":"Observation.category","slicing":{"discriminator":[{"type":"value","path":"coding.code"}],"rules":"closed"}},
       {"id":"Observation.category:s","path":"Observation.category","sliceName":"s","patternCodeableConcept":{"coding":[{"code":"survey"}]}})";
const std::string kByType =
    R"({"id":"Observation.value[x]","path":"Observation.value[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"open"}},
       {"id":"Observation.value[x]:valueQuantity","path":"Observation.value[x]","sliceName":"valueQuantity","type":[{"code":"Quantity"}]},
       {"id":"Observation.value[x]:valueQuantity.code","path":"Observation.value[x].code","min":1})";
const std::string kByExistence =
    R"({"id":"Observation.component","path":"Observation.component","slicing":{"discriminator":[{"type":"exists","path":"value"}],"rules":"open"}},
       {"id":"Observation.component:with","path":"Observation.component","sliceName":"with","max":"1"},
       {"id":"Observation.component:with.value[x]","path":"Observation.component.value[x]","min":1},
       {"id":"Observation.component:without","path":"Observation.component","sliceName":"without","max":"0"},
       {"id":"Observation.component:without.value[x]","path":"Observation.component.value[x]","max":"0"})";
const std::string kByTarget =
    R"j({"id":"Observation.hasMember","path":"Observation.hasMember","slicing":{"discriminator":[{"type":"type","path":"resolve()"}],"rules":"open"}},
       {"id":"Observation.hasMember:q","path":"Observation.hasMember","sliceName":"q","min":1,
        "type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse"]}]})j";
const std::string kOrdered =
    R"({"id":"Observation.category","path":"Observation.category","slicing":{"discriminator":[{"type":"value","path":"text"}],"ordered":true,"rules":"open"}},
       {"id":"Observation.category:a","path":"Observation.category","sliceName":"a"},
       {"id":"Observation.category:a.text","path":"Observation.category.text","fixedString":"a"},
       {"id":"Observation.category:b","path":"Observation.category","sliceName":"b"},
       {"id":"Observation.category:b.text","path":"Observation.category.text","fixedString":"b"})";

INSTANTIATE_TEST_SUITE_P(
    Slices, Rule,
    testing::Values(
        Case{"closed_kept", kClosed, observation(R"("category":[{"coding":[{"code":"survey"}]}])"), ""},
        Case{"closed_missed", kClosed, observation(R"("category":[{"coding":[{"code":"laboratory"}]}])"),
             "Observation.category: expected one of the slices of Observation.category, found another"},
        Case{"by_type_kept", kByType, observation(R"("valueQuantity":{"value":1,"code":"mg"})"), ""},
        Case{"by_type_missed", kByType, observation(R"("valueQuantity":{"value":1})"),
             "Observation.value.code: expected at least 1, found 0"},
        Case{"by_type_of_another", kByType, observation(R"("valueString":"x")"), ""},
        Case{"by_existence", kByExistence, observation(R"("component":[{"code":{"text":"a"}}])"),
             "Observation.component: expected at most 0 of slice without, found 1"},
        Case{"by_existence_kept", kByExistence, observation(R"("component":[{"code":{"text":"a"},"valueInteger":1}])"),
             ""},
        Case{"by_target_kept", kByTarget, observation(R"("hasMember":[{"reference":"QuestionnaireResponse/1"}])"), ""},
        Case{"by_target_missed", kByTarget, observation(R"("hasMember":[{"reference":"Observation/1"}])"),
             "Observation.hasMember: expected at least 1 of slice q, found 0"},
        Case{"ordered_kept", kOrdered, observation(R"("category":[{"text":"a"},{"text":"x"},{"text":"b"}])"), ""},
        Case{"ordered_missed", kOrdered, observation(R"("category":[{"text":"b"},{"text":"a"}])"),
             "Observation.category[1]: expected slice a before the one before"}),
    [](const auto& one) { return one.param.name; });

const std::string kExtensionUrl = "http://example.org/extension";
const std::string kExtension = profile(R"({"path":"Extension.url","fixedUri":")" + kExtensionUrl +
                                           R"("},{"path":"Extension.value[x]","min":1,"type":[{"code":"code"}]})",
                                       "Extension", kExtensionUrl);
const std::string kWithExtension = profile(
    R"({"id":"Observation.extension:e","path":"Observation.extension","sliceName":"e","min":1,"type":[{"code":"Extension","profile":[")" +
    kExtensionUrl + R"("]}]})");

TEST(Profile, TellsAnExtensionByTheUrlOfItsProfile) {
  EXPECT_EQ(verdict({kExtension, kWithExtension},
                    observation(R"("extension":[{"url":"http://example.org/extension","valueCode":"a"}])")),
            "");
  EXPECT_EQ(verdict({kExtension, kWithExtension}, observation(R"("extension":[{"url":"http://example.org/other"}])")),
            "Observation.extension: expected at least 1 of slice e, found 0");
  EXPECT_EQ(verdict({kExtension, kWithExtension},
                    observation(R"("extension":[{"url":"http://example.org/extension","valueString":"a"}])")),
            "Observation.extension: expected what conforms to http://example.org/extension");
}

TEST(Profile, KnowsSimpleQuantityAsAQuantityWithoutComparator) {
  const auto simple = profile(
      R"({"path":"Observation.value[x]","type":[{"code":"Quantity","profile":["http://hl7.org/fhir/StructureDefinition/SimpleQuantity"]}]})");
  EXPECT_EQ(verdict({simple}, observation(R"("valueQuantity":{"value":1})")), "");
  EXPECT_EQ(verdict({simple}, observation(R"("valueQuantity":{"value":1,"comparator":"<"})")),
            "Observation.value: expected what conforms to http://hl7.org/fhir/StructureDefinition/SimpleQuantity");
}

// As the standard's own snapshots have it.
TEST(Profile, AsksDom3OfR4AsR5Says) {
  const auto definition = profile(
      R"j({"path":"Observation","constraint":[{"key":"dom-3","severity":"error","expression":"contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical))) or descendants().where(reference = '#').exists()).not()).empty()"}]})j");
  const std::string contained = R"("contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#)";
  EXPECT_EQ(verdict({definition}, observation(contained + R"(p"})")), "");
  EXPECT_EQ(verdict({definition}, observation(contained + R"(q"})")), "Observation: expected dom-3 to hold");
}

TEST(Profile, OfATypeThatIsNotLoadedIsUndecided) {
  EXPECT_EQ(verdict({kWithExtension},
                    observation(R"("extension":[{"url":"http://example.org/extension","valueString":"a"}])")),
            "? Observation.extension: expected what conforms to http://example.org/extension, which cannot be told");
}

TEST(Profile, AddsToWhatItsBaseAsks) {
  const auto base = profile(R"({"path":"Observation.subject","min":1})");
  const auto derived =
      profile(R"({"path":"Observation.value[x]","min":1})", "Observation", "http://example.org/d", std::string(kUrl));
  EXPECT_EQ(verdict({base, derived}, observation(R"("valueInteger":1)"), "http://example.org/d"),
            "Observation.subject: expected at least 1, found 0");
  EXPECT_EQ(verdict({derived}, observation(R"("valueInteger":1)"), "http://example.org/d"),
            "? Observation: expected the base definition http://example.org/profile, which is not loaded");
}

TEST(Profile, IsAskedForByUrlAndVersion) {
  const auto one = profile(R"({"path":"Observation.subject","min":1})");
  EXPECT_EQ(verdict({one}, observation(R"("subject":{"reference":"Patient/1"})"), "http://example.org/profile|1.2"),
            "");
  EXPECT_EQ(verdict({one}, observation(""), "http://example.org/profile|2.0"),
            "expected the canonical of a loaded profile, found http://example.org/profile|2.0");
}

TEST(Profile, WithinItselfEnds) {
  const auto loop =
      profile(R"({"path":"Extension.extension","type":[{"code":"Extension","profile":["http://example.org/loop"]}]})",
              "Extension", "http://example.org/loop");
  const auto user = profile(
      R"({"path":"Observation.extension","type":[{"code":"Extension","profile":["http://example.org/loop"]}]})");
  std::string nested = R"({"url":"u","valueCode":"a"})";
  for (int i = 0; i < 20; ++i) nested = R"({"url":"u","extension":[)" + nested + "]}";
  EXPECT_EQ(verdict({loop, user}, observation("\"extension\":[" + nested + "]")), "");
}

TEST(Profile, ThatCannotBeReadSaysSoWhenItIsAskedFor) {
  const auto broken = parsed(profile(R"({"path":"Observation.colour","min":1})"));
  const std::array roots = {&broken->root()};
  const std::shared_ptr<const fhir::Types> types(&fhir::Types::r4(), [](const auto*) {});
  const auto profiles = Profiles::with(roots, types);
  const auto record = parsed(observation(""));
  const auto answer = profiles->conforms(fhirpath::root_item(record->root(), *types), kUrl, {});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, Kind::Unsupported);
  EXPECT_EQ(answer.error().message,
            "StructureDefinition http://example.org/profile: Observation.colour: expected an element of Observation, "
            "found 'colour'");
}

TEST(Profile, AnswersConformsTo) {
  const auto definition = parsed(profile(R"({"path":"Observation.subject","min":1})"));
  const std::array roots = {&definition->root()};
  const auto types = *fhir::Types::with(roots);
  const auto profiles = Profiles::with(roots, types);
  const auto expression = fhirpath::Expression::compile("conformsTo('http://example.org/profile')", {});
  ASSERT_TRUE(expression.ok());
  for (const bool with_subject : {true, false}) {
    const auto record = parsed(observation(with_subject ? R"("subject":{"reference":"Patient/1"})" : ""));
    fhirpath::Environment environment;
    environment.types = types.get();
    environment.conforms_to = [&](const fhirpath::Item& item, std::string_view url) {
      return profiles->conforms(item, url, environment);
    };
    Arena arena;
    const auto found = expression->evaluate(fhirpath::root_item(record->root(), *types), environment, arena);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(*fhirpath::as_boolean(*found), with_subject);
  }
}

}  // namespace
}  // namespace bhi::profile
