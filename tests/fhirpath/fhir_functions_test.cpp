// FHIR's own functions: over documents, and those that ask a terminology or a profile.
#include "fhir/terminology.h"
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <map>

namespace bhi::fhirpath::test {
namespace {

std::string checked(std::string_view div) {
  return evaluate("text.`div`.htmlChecks()",
                  R"({"resourceType":"Patient","text":{"status":"generated","div":")" + std::string(div) + "\"}}");
}

TEST(HtmlChecks, AllowFormattingOnly) {
  const auto body = [](std::string_view inside) {
    return checked("<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">" + std::string(inside) + "</div>");
  };
  for (const std::string_view good :
       {"text", "<p class='a' style='color: red'>a<br/>b</p>", "<a href='https://a.example'>a</a>",
        "<table><tbody><tr><td colspan='2'>x</td></tr></tbody></table>", "<img src='a.png' alt='a'/>", "&amp; &#160; x",
        "<p xml:lang='de' lang='de'>x</p>"}) {
    EXPECT_EQ(body(good), "[true]") << good;
  }
  for (const std::string_view bad :
       {"", "  ", "<p/>", "<img alt='x'/>", "<script>x</script>", "<p onclick='x()'>x</p>", "<form>x</form>",
        "<iframe>x</iframe>", "<style>p {}</style>x", "<a href='javascript:x()'>x</a>",
        "<a href=' Java&#10;Script:x()'>x</a>", "<p>x", "x</div><div>", "<P>x</P>", "&nbsp;x", "<object>x</object>",
        "<p xmlns=''>x</p>", "<input value='1'/>x", "<p x:href='a' xmlns:x='urn:x'>x</p>"}) {
    EXPECT_EQ(body(bad), "[false]") << bad;
  }
}

TEST(HtmlChecks, WantOneDivOfXhtml) {
  EXPECT_EQ(checked("<div>x</div>"), "[false]");
  EXPECT_EQ(checked("<p xmlns=\\\"http://www.w3.org/1999/xhtml\\\">x</p>"), "[false]");
  EXPECT_EQ(checked("text"), "[false]");
  EXPECT_EQ(checked("<!DOCTYPE div><div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">x</div>"), "[false]");
  EXPECT_EQ(evaluate("name.family.htmlChecks()", kPatient), "[]");
  EXPECT_EQ(evaluate("text.`div`.htmlChecks()", kPatient), "[]");
}

TEST(CheckModifiers, PassesTheNamedOnes) {
  constexpr std::string_view kWith =
      R"({"resourceType":"Patient","id":"p","modifierExtension":[{"url":"u:1","valueBoolean":true}],
          "contact":[{"modifierExtension":[{"url":"u:2","valueBoolean":true}],"gender":"male"}]})";
  EXPECT_EQ(evaluate("checkModifiers('u:1').id", kWith), R"(["p"])");
  EXPECT_EQ(evaluate("checkModifiers('u:0', 'u:1').id", kWith), R"(["p"])");
  EXPECT_EQ(evaluate("contact.checkModifiers('u:2').gender", kWith), R"(["male"])");
  EXPECT_EQ(evaluate("name.checkModifiers()", kWith), "[]");
  EXPECT_EQ(evaluate("checkModifiers().id", kWith),
            "evaluate: 1:1: expected no modifierExtension but those that checkModifiers() names, found another in "
            "Patient");
  EXPECT_EQ(evaluate("contact.checkModifiers('u:1').gender", kWith),
            "evaluate: 1:9: expected no modifierExtension but those that checkModifiers() names, found another in "
            "Patient.contact");
}

constexpr std::string_view kBundle = R"({"resourceType":"Bundle","type":"collection","entry":[
  {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a","gender":"female",
    "contained":[{"resourceType":"Organization","id":"o","name":"first"}],
    "managingOrganization":{"reference":"#o"}}},
  {"fullUrl":"https://x.example/Patient/b","resource":{"resourceType":"Patient","id":"b","gender":"male",
    "contained":[{"resourceType":"Organization","id":"o","name":"second"}],
    "managingOrganization":{"reference":"#o"},"link":[{"other":{"reference":"urn:uuid:1"},"type":"seealso"}]}},
  {"resource":{"resourceType":"Observation","id":"c","subject":{"reference":"Patient/b"},
    "performer":[{"reference":"https://x.example/Patient/b"},{"reference":"Practitioner/none"},{"reference":"#o"}]}}]})";

TEST(Resolve, FindsEntriesOfTheBundle) {
  EXPECT_EQ(evaluate("entry.resource.ofType(Observation).subject.resolve().gender", kBundle), R"(["male"])");
  EXPECT_EQ(evaluate("entry.resource.ofType(Observation).performer.resolve().gender", kBundle), R"(["male"])");
  EXPECT_EQ(evaluate("entry.resource.ofType(Patient).link.other.resolve().gender", kBundle), R"(["female"])");
  EXPECT_EQ(evaluate("entry.fullUrl.resolve().ofType(Patient).id", kBundle), R"(["a","b"])");
}

TEST(Resolve, FindsTheContainedOfTheSameEntry) {
  EXPECT_EQ(evaluate("entry.resource.managingOrganization.resolve().name", kBundle), R"(["first","second"])");
}

TEST(Resolve, AsksTheEnvironmentForTheRest) {
  Environment environment;
  const fhir::Node other = fhir::Node::object({});
  environment.resolve = [&](std::string_view reference) { return reference == "Practitioner/none" ? &other : nullptr; };
  EXPECT_EQ(evaluate("entry.resource.ofType(Observation).performer.resolve().count()", kBundle, environment), "[2]");
  EXPECT_EQ(evaluate("managingOrganization.resolve().name", kPatient, environment), R"(["Clinic"])");
}

Environment terminology() {
  Environment environment;
  environment.member_of = [](std::string_view value_set, std::string_view system,
                             std::string_view code) -> std::optional<bool> {
    if (value_set != "u:vs") return std::nullopt;
    if (system == "u:unknown") return std::nullopt;
    return (system.empty() || system == "http://loinc.org") && (code == "44261-6" || code == "male");
  };
  environment.subsumes = [](std::string_view system, std::string_view above,
                            std::string_view below) -> std::optional<bool> {
    if (system != "u:tree") return std::nullopt;
    return below.starts_with(above);
  };
  return environment;
}

// As many steps as there are entries and references, not their product.
TEST(Resolve, ManyReferencesInABundleCostNoMoreThanTheyAreMany) {
  constexpr int kPatients = 3000;
  std::string bundle = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  for (int i = 0; i < kPatients; ++i) {
    const std::string id = std::to_string(i);
    bundle += (i == 0 ? "" : ",") + (R"({"resource":{"resourceType":"Patient","id":"p)" + id + R"("}},)") +
              (R"({"fullUrl":"urn:o:)" + id + R"(","resource":{"resourceType":"Observation","subject":{"reference":)" +
               (R"("Patient/p)" + id + R"("}}})"));
  }
  Environment environment;
  environment.budget.max_steps = 40 * kPatients;
  EXPECT_EQ(evaluate("entry.resource.ofType(Observation).subject.resolve().count()", bundle + "]}", environment),
            "[" + std::to_string(kPatients) + "]");
}

TEST(MemberOf, AsksTheTerminology) {
  const Environment environment = terminology();
  EXPECT_EQ(evaluate("gender.memberOf('u:vs')", kPatient, environment), "[true]");
  EXPECT_EQ(evaluate("code.memberOf('u:vs')", kObservation, environment), "[true]");
  EXPECT_EQ(evaluate("code.coding.memberOf('u:vs')", kObservation, environment), "[true]");
  EXPECT_EQ(evaluate("status.memberOf('u:vs')", kObservation, environment), "[false]");
  EXPECT_EQ(evaluate("bodySite.memberOf('u:vs')", kObservation, environment), "[]");
  EXPECT_EQ(evaluate("status.memberOf('u:other')", kObservation, environment),
            "evaluate: 1:8: expected a known value set whose members can be told, found u:other");
  EXPECT_EQ(evaluate("status.memberOf('u:vs')", kObservation),
            "evaluate: 1:8: memberOf() needs a terminology, and none is at hand");
}

TEST(MemberOf, KnowsTheListsOfR4) {
  Environment environment;
  answer_from(fhir::Terminology::r4(), environment);
  EXPECT_EQ(evaluate("gender.memberOf(%`vs-administrative-gender`)", kPatient, environment), "[true]");
  EXPECT_EQ(evaluate("gender.memberOf('http://hl7.org/fhir/ValueSet/observation-status')", kPatient, environment),
            "[false]");
  EXPECT_EQ(
      evaluate("%`vs-administrative-gender` | %`ext-patient-birthTime` | %`cs-administrative-gender`", kPatient),
      R"(["http://hl7.org/fhir/ValueSet/administrative-gender",)"
      R"("http://hl7.org/fhir/StructureDefinition/patient-birthTime","http://hl7.org/fhir/administrative-gender"])");
  EXPECT_EQ(evaluate("birthDate.extension(%`ext-patient-birthTime`).value.exists()", kPatient), "[true]");
}

// Yes of one coding is yes whatever is not known of the others; no needs all.
TEST(MemberOf, IsNoOnlyWhenAllCodingsAreKnown) {
  const Environment environment = terminology();
  constexpr std::string_view kTwo = R"({"resourceType":"Observation","code":{"coding":[
      {"system":"u:unknown","code":"1"},{"system":"http://loinc.org","code":"44261-6"}]},
      "category":[{"coding":[{"system":"u:unknown","code":"1"},{"system":"http://loinc.org","code":"9"}]}]})";
  EXPECT_EQ(evaluate("code.memberOf('u:vs')", kTwo, environment), "[true]");
  EXPECT_NE(evaluate("category.memberOf('u:vs')", kTwo, environment).find("members can be told"), std::string::npos);
}

TEST(Subsumes, GoesByTheHierarchyOfTheSystem) {
  const Environment environment = terminology();
  constexpr std::string_view kTree = R"({"resourceType":"Observation",
      "code":{"coding":[{"system":"u:tree","code":"a.b"}]},
      "category":[{"coding":[{"system":"u:tree","code":"a"}]},{"coding":[{"system":"u:tree","code":"a.b.c"}]},
                  {"coding":[{"system":"u:tree","code":"x"}]},{"coding":[{"system":"u:else","code":"a.b"}]},
                  {"coding":[{"system":"u:else","code":"y"}]}]})";
  EXPECT_EQ(evaluate("code.subsumes(%context.category[0])", kTree, environment), "[false]");
  EXPECT_EQ(evaluate("code.subsumedBy(%context.category[0])", kTree, environment), "[true]");
  EXPECT_EQ(evaluate("code.coding.subsumes(%context.category[1].coding)", kTree, environment), "[true]");
  EXPECT_EQ(evaluate("code.subsumes(%context.category[2])", kTree, environment), "[false]");
  EXPECT_EQ(evaluate("code.subsumes(%context.category[3])", kTree, environment), "[]");
  EXPECT_EQ(evaluate("code.subsumes(%context.code)", kTree), "[true]");
  EXPECT_EQ(evaluate("code.subsumes(%context.category[1])", kTree),
            "evaluate: 1:6: subsumes() needs the hierarchy of the code system, and it is not at hand");
  EXPECT_EQ(evaluate("category[3].subsumedBy(%context.category[4])", kTree, environment),
            "evaluate: 1:13: subsumedBy() needs the hierarchy of the code system, and it is not at hand");
}

TEST(ConformsTo, GoesByTheTypeForBaseDefinitions) {
  EXPECT_EQ(evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", kPatient), "[true]");
  EXPECT_EQ(evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient|4.0.1')", kPatient), "[true]");
  EXPECT_EQ(evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')", kPatient), "[true]");
  EXPECT_EQ(evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", kPatient), "[false]");
  EXPECT_EQ(evaluate("name.first().conformsTo('http://hl7.org/fhir/StructureDefinition/HumanName')", kPatient),
            "[true]");
  for (const std::string_view url :
       {"http://hl7.org/fhir/StructureDefinition/SimpleQuantity", "http://a.example/profile", "Patient"}) {
    EXPECT_EQ(
        evaluate("conformsTo('" + std::string(url) + "')", kPatient),
        "evaluate: 1:1: expected the canonical of a definition that can be checked here, found " + std::string(url));
  }
}

TEST(ConformsTo, AsksWhoKnowsProfiles) {
  Environment environment;
  environment.conforms_to = [](const Item&, std::string_view url) -> Result<std::optional<bool>> {
    if (url == "u:yes") return std::optional(true);
    if (url == "u:no") return std::optional(false);
    if (url == "u:hard") return Error{Kind::Unsupported, "cannot be decided"};
    return std::optional<bool>();
  };
  EXPECT_EQ(evaluate("conformsTo('u:yes')", kPatient, environment), "[true]");
  EXPECT_EQ(evaluate("conformsTo('u:no')", kPatient, environment), "[false]");
  EXPECT_EQ(evaluate("conformsTo('u:hard')", kPatient, environment), "evaluate: 1:1: cannot be decided");
  EXPECT_EQ(evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", kPatient, environment), "[false]");
}

TEST(Profiles, AreNeededForSlicesAndElementDefinitions) {
  EXPECT_EQ(evaluate("elementDefinition()", kPatient),
            "evaluate: 1:1: elementDefinition() needs the profile of its input, and none is at hand");
  EXPECT_EQ(evaluate("slice('a', 'b')", kPatient),
            "evaluate: 1:1: slice() needs the profile of its input, and none is at hand");
}

}  // namespace
}  // namespace bhi::fhirpath::test
