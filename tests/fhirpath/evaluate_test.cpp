// Expressions with their results: paths, types, choices, companions, variables, references.
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <array>

namespace bhi::fhirpath::test {
namespace {

struct Case {
  std::string_view expression;
  std::string_view input;
  std::string_view expected;
};

void check(std::span<const Case> cases) {
  for (const Case& one : cases) EXPECT_EQ(evaluate(one.expression, one.input), one.expected) << one.expression;
}

TEST(Paths, FollowElementsAndFlattenLists) {
  check(std::to_array<Case>({
      {"name.given", kPatient, R"(["Peter","James","Jim",null])"},
      {"Patient.name.family", kPatient, R"(["Chalmers"])"},
      {"name[1].given[0]", kPatient, R"(["Jim"])"},
      {"name[7]", kPatient, "[]"},
      {"contained.name", kPatient, R"(["Clinic"])"},
      {"Resource.id", kPatient, R"(["p1"])"},
      {"name.where(use = 'usual').given.first()", kPatient, R"(["Jim"])"},
      {"name.select(given.first() & '!')", kPatient, R"(["Peter!","Jim!"])"},
      {"`name`.`given`.count()", kPatient, "[4]"},
  }));
}

TEST(Paths, GoByTheBaseNameOfAChoice) {
  check(std::to_array<Case>({
      {"value.unit", kObservation, R"(["kilogram"])"},
      {"value.value", kObservation, "[12.50]"},
      {"Observation.value is Quantity", kObservation, "[true]"},
      {"component.value.ofType(integer)", kObservation, "[1]"},
      {"component.value.ofType(string)", kObservation, R"(["two"])"},
      {"(value as Quantity).code", kObservation, R"(["kg"])"},
      {"value.as(string).empty()", kObservation, "[true]"},
      {"deceased", kPatient, "[false]"},
      {"multipleBirth + 1", kPatient, "[3]"},
      {"effective > @2026-02-28", kObservation, "[true]"},
  }));
}

TEST(Paths, KeepWhatStandsBesideAPrimitive) {
  check(std::to_array<Case>({
      {"birthDate.extension('http://hl7.org/fhir/StructureDefinition/patient-birthTime').value", kPatient,
       R"(["1974-12-25T14:35:45-05:00"])"},
      {"birthDate.extension(%`ext-patient-birthTime`).exists()", kPatient, "[true]"},
      {"name.given.extension('u').value", kPatient, R"(["x"])"},
      {"name.given.id", kPatient, R"(["g2"])"},
      {"name.given.select(hasValue())", kPatient, "[true,true,true,false]"},
      {"name.given.where(hasValue()).count()", kPatient, "[3]"},
      {"name.given.exists($this = 'x')", kPatient, "[false]"},
  }));
}

TEST(Types, AreThoseOfFhirAndOfTheSystem) {
  check(std::to_array<Case>({
      {"gender is code", kPatient, "[true]"},
      {"gender is string", kPatient, "[true]"},
      {"gender.ofType(string)", kPatient, "[]"},
      {"gender is System.String", kPatient, "[false]"},
      {"'a' is String", kPatient, "[true]"},
      {"active.type().name", kPatient, R"(["boolean"])"},
      {"Patient is DomainResource", kPatient, "[true]"},
      {"4 days is Quantity", kPatient, "[true]"},
      {"4 days is System.Quantity", kPatient, "[true]"},
      {"contained.ofType(Organization).id", kPatient, R"(["o1"])"},
  }));
}

TEST(Comparison, TakesPrimitivesAsTheirSystemValues) {
  check(std::to_array<Case>({
      {"birthDate = @1974-12-25", kPatient, "[true]"},
      {"birthDate < @1975", kPatient, "[true]"},
      {"birthDate = @1974-12", kPatient, "[]"},
      {"gender = 'male'", kPatient, "[true]"},
      {"gender ~ 'MALE'", kPatient, "[true]"},
      {"value.value = 12.5", kObservation, "[true]"},
      {"value > 12 'kg'", kObservation, "[true]"},
      {"value = 12500 'g'", kObservation, "[true]"},
      {"value = 12500 'mL'", kObservation, "[]"},
      {"status in ('final' | 'amended')", kObservation, "[true]"},
      {"name.given contains 'Jim'", kPatient, "[true]"},
      {"name.first() = name.last()", kPatient, "[false]"},
  }));
}

TEST(Trees, AreWalkedByRepeatAndDescendants) {
  check(std::to_array<Case>({
      {"repeat(item).linkId", kResponse, R"(["1","2","3","1.1","1.2"])"},
      {"repeat(item | answer.item).linkId", kResponse, R"(["1","2","3","1.1","1.2","2.1"])"},
      {"repeat(item|answer.item).answer.value.ofType(integer).aggregate($this + $total, 0)", kResponse, "[6]"},
      {"descendants().where(linkId = '2.1').answer.value", kResponse, R"(["x"])"},
      {"item.where(linkId='1').item.where(linkId='1.2').answer.value.code", kResponse, R"(["LA6570-1"])"},
      {"item.children().count()", kResponse, "[7]"},
      {"repeat('same')", kResponse, R"(["same"])"},
  }));
}

TEST(Variables, NameTheResourceAndItsSurroundings) {
  check(std::to_array<Case>({
      {"name.select(%resource.id)", kPatient, R"(["p1","p1"])"},
      {"name.select(%context.gender)", kPatient, R"(["male","male"])"},
      {"%ucum", kPatient, R"(["http://unitsofmeasure.org"])"},
      {"name.given.select($index)", kPatient, "[0,1,2,3]"},
      {"name.defineVariable('n', given.first()).select(family & %n)", kPatient, R"(["ChalmersPeter","Peter"])"},
      {"name.first().defineVariable('n').select(%n.family)", kPatient, R"(["Chalmers"])"},
      {"name.first().defineVariable('a', 1).defineVariable('b', %a + 1).select(%b)", kPatient, "[2]"},
  }));
}

TEST(Variables, OfTheCallerWinOverElements) {
  const fhir::Node text = fhir::Node::string("outer");
  const std::array value = {Item{&text, nullptr, nullptr}};
  const std::array given = {Variable{"gender", value}, Variable{"unbound", {}}};
  constexpr std::array<std::string_view, 2> kNames = {"gender", "unbound"};
  Environment environment;
  environment.variables = given;
  CompileOptions options;
  options.variables = kNames;
  EXPECT_EQ(evaluate("gender & %gender", kPatient, environment, options), R"(["outerouter"])");
  EXPECT_EQ(evaluate("Patient.gender", kPatient, environment, options), R"(["male"])");
  EXPECT_EQ(evaluate("unbound.exists()", kPatient, environment, options), "[false]");
}

TEST(References, AreResolvedInsideAndOutside) {
  const fhir::Node practitioner = fhir::Node::object({});
  Environment environment;
  std::string asked;
  environment.resolve = [&](std::string_view reference) {
    asked = reference;
    return &practitioner;
  };
  EXPECT_EQ(evaluate("managingOrganization.resolve().name", kPatient, environment), R"(["Clinic"])");
  EXPECT_EQ(asked, "");
  EXPECT_EQ(evaluate("generalPractitioner.resolve().count()", kPatient, environment), "[1]");
  EXPECT_EQ(asked, "Practitioner/9");
  EXPECT_EQ(evaluate("generalPractitioner.resolve()", kPatient), "[]");
}

TEST(Terminology, IsAskedForMembership) {
  Environment environment;
  environment.member_of = [](std::string_view set, std::string_view system, std::string_view code) {
    return set == "vs" ? std::optional(system == "http://loinc.org" && code == "44261-6") : std::nullopt;
  };
  EXPECT_EQ(evaluate("code.memberOf('vs')", kObservation, environment), "[true]");
  EXPECT_EQ(evaluate("status.memberOf('vs')", kObservation, environment), "[false]");
  EXPECT_NE(evaluate("code.memberOf('other')", kObservation, environment).find("known value set"), std::string::npos);
  EXPECT_NE(evaluate("code.memberOf('vs')", kObservation).find("terminology"), std::string::npos);
}

TEST(Clock, IsTheOneThatWasPassedIn) {
  Environment environment;
  environment.now = Instant(std::chrono::milliseconds(1'772'361'000'123));  // 2026-03-01T10:30:00.123Z
  environment.utc_offset_minutes = -5 * 60;
  EXPECT_EQ(evaluate("now()", kPatient, environment), R"(["2026-03-01T05:30:00.123-05:00"])");
  EXPECT_EQ(evaluate("today()", kPatient, environment), R"(["2026-03-01"])");
  EXPECT_EQ(evaluate("timeOfDay()", kPatient, environment), R"(["05:30:00.123"])");
}

TEST(Children, AreGivenToTheMappingLanguageTheSameWay) {
  const auto document = fhir::read_json(std::string(kPatient));
  const fhir::Types& types = fhir::Types::r4();
  const Item root = root_item((*document)->root(), types);
  std::vector<Item> found;
  children(root, fhir::intern("deceased"), types, found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].type->name, "boolean");
  found.clear();
  children(root, fhir::intern("birthDate"), types, found);
  ASSERT_EQ(found.size(), 1U);
  ASSERT_NE(found[0].companion, nullptr);
  std::vector<Item> extensions;
  children(found[0], fhir::intern("extension"), types, extensions);
  ASSERT_EQ(extensions.size(), 1U);
  EXPECT_EQ(extensions[0].type->name, "Extension");
}

}  // namespace
}  // namespace bhi::fhirpath::test
