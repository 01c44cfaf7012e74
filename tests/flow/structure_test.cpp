#include "flow/structure.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

Issues check(std::string json) {
  const auto document = fhir::read_json(std::move(json));
  if (!document.ok()) return {{Severity::Fatal, "structure", "", document.error().message}};
  return check_structure((*document)->root(), fhir::Types::r4());
}

struct Case {
  std::string json;
  std::string path;
  std::string text;  // a part of it
};

class Structure : public ::testing::TestWithParam<Case> {};

TEST_P(Structure, NamesThePlaceAndWhatWasExpected) {
  const Issues issues = check(GetParam().json);
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].path, GetParam().path);
  EXPECT_NE(issues[0].text.find(GetParam().text), std::string::npos) << issues[0].text;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Structure,
    ::testing::Values(
        Case{R"({"resourceType":"Patient","birthDate":19800101})", "Patient.birthDate", "a date"},
        Case{R"({"resourceType":"Patient","birthDate":"1980-13-01"})", "Patient.birthDate", "a date"},
        Case{R"({"resourceType":"Patient","active":"yes"})", "Patient.active", "true or false"},
        Case{R"({"resourceType":"Patient","name":{"family":"A"}})", "Patient.name", "a list"},
        Case{R"({"resourceType":"Patient","name":[{"given":["A",7]}]})", "Patient.name[0].given[1]", "a string"},
        Case{R"({"resourceType":"Patient","gender":["female"]})", "Patient.gender", "a single value"},
        Case{R"({"resourceType":"Patient","multipleBirthInteger":1.5})", "Patient.multipleBirthInteger",
             "a whole number"},
        Case{R"({"resourceType":"Patient","colour":"red"})", "Patient.colour", "unknown element"},
        Case{R"({"resourceType":"Patient","contact":[{"name":"x"}]})", "Patient.contact[0].name", "an object"},
        Case{R"({"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","answer":[{"valueCoding":"LA1"}]}]})",
             "QuestionnaireResponse.item[0].answer[0].valueCoding", "an object"},
        Case{R"({"resourceType":"Spaceship"})", "", "known resourceType"}));

TEST(StructureCheck, LooksNotIntoWhatR4bAddedOrWroteAnew) {
  EXPECT_TRUE(check(R"({"resourceType":"NutritionProduct","code":7})").empty());
  EXPECT_TRUE(
      check(R"({"resourceType":"Evidence","variableDefinition":[{"variableRole":{}}],"certainty":"x"})").empty());
  EXPECT_TRUE(check(R"({"resourceType":"Patient","contained":[{"resourceType":"Ingredient","id":"i"}]})").empty());
  EXPECT_FALSE(check(R"({"resourceType":"Patient","contained":[{"resourceType":"Transport","id":"i"}]})").empty());
}

TEST(StructureCheck, AcceptsPrimitivesWithExtensionsAndContainedResources) {
  EXPECT_TRUE(
      check(
          R"({"resourceType":"Patient","id":"a-1","birthDate":"1980-02","_birthDate":{"extension":[{"url":"u","valueCode":"x"}]},
    "name":[{"given":["A",null],"_given":[null,{"id":"g"}]}],"contained":[{"resourceType":"Organization","id":"o","active":true}],
    "deceasedDateTime":"2020-01-01T10:00:00+01:00"})")
          .empty());
}

TEST(StructureCheck, TreatsUnknownElementsAsWarningsOnly) {
  const Issues issues = check(R"({"resourceType":"Patient","vendorThing":{"a":1}})");
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].severity, Severity::Warning);
}

}  // namespace
}  // namespace bhi::flow
