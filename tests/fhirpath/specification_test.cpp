// Nothing of the specifications is forgotten: every function by chapter, every operator and standard variable.
#include "fhirpath/functions.h"
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

namespace bhi::fhirpath::test {
namespace {

struct ChapterOf {
  std::string_view title;
  std::string_view functions;
};

// https://hl7.org/fhirpath/, its STU additions, and https://hl7.org/fhir/R4/fhirpath.html (R5 adds none that R4 lacks
// but lowBoundary, highBoundary and comparable).
constexpr std::array kChapters = std::to_array<ChapterOf>({
    {"existence",
     "empty exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf count distinct isDistinct not"},
    {"filtering and projection", "where select repeat repeatAll ofType aggregate sort"},
    {"subsetting", "single first last tail skip take intersect exclude"},
    {"combining", "union combine coalesce"},
    {"conversion",
     "iif toBoolean convertsToBoolean toInteger convertsToInteger toLong convertsToLong toDate convertsToDate "
     "toDateTime convertsToDateTime toDecimal convertsToDecimal toQuantity convertsToQuantity toString "
     "convertsToString toTime convertsToTime"},
    {"strings",
     "indexOf lastIndexOf substring startsWith endsWith contains upper lower replace matches matchesFull "
     "replaceMatches length toChars encode decode escape unescape trim split join"},
    {"math", "abs ceiling exp floor ln log power round sqrt truncate"},
    {"tree navigation", "children descendants"},
    {"utility", "trace now timeOfDay today defineVariable lowBoundary highBoundary precision comparable"},
    {"components", "yearOf monthOf dayOf hourOf minuteOf secondOf millisecondOf timezoneOffsetOf dateOf timeOf"},
    {"types", "is as type"},
    {"FHIR",
     "extension hasValue getValue resolve elementDefinition slice checkModifiers conformsTo memberOf subsumes "
     "subsumedBy htmlChecks"},
    {"the tutorial of the mapping language, not the specification", "isInteger"},
});

TEST(Specification, HasNoFunctionThatWeLack) {
  std::size_t total = 0;
  for (const ChapterOf& chapter : kChapters) {
    std::istringstream names{std::string(chapter.functions)};
    for (std::string name; names >> name; ++total) {
      EXPECT_NE(find_function(name), nullptr) << chapter.title << ": " << name;
    }
  }
  EXPECT_EQ(function_names().size(), total) << "a function of ours is in no chapter";
}

struct Case {
  std::string_view expression;
  std::string_view answer;
};

void check(std::span<const Case> cases) {
  Environment environment;
  environment.utc_offset_minutes = 90;
  environment.now = Instant{std::chrono::milliseconds(1'772'360'123'456)};  // 2026-03-01T10:15:23.456Z
  for (const Case& one : cases)
    EXPECT_EQ(evaluate(one.expression, kPatient, environment), one.answer) << one.expression;
}

TEST(Specification, HasNoOperatorThatWeLack) {
  check(std::to_array<Case>({
      {"1 = 1.0", "[true]"},
      {"'a' ~ 'A'", "[true]"},
      {"1 != 2", "[true]"},
      {"'a' !~ 'b'", "[true]"},
      {"1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3", "[true]"},
      {"1 is Integer", "[true]"},
      {"(1 as Integer) + 1", "[2]"},
      {"(1 | 2 | 1).count()", "[2]"},
      {"1 in (1 | 2)", "[true]"},
      {"(1 | 2) contains 2", "[true]"},
      {"true and false or true xor false", "[true]"},
      {"false implies {}", "[true]"},
      {"7 div 2 + 7 mod 2 - 1 * 2 / 4", "[3.5]"},
      {"'a' & {} & 'b'", R"(["ab"])"},
      {"-(-1) + +1", "[2]"},
      {"(1 | 2)[1]", "[2]"},
      {"(5 | 6).select($this + $index)", "[5,7]"},
      {"(1 | 2 | 3).aggregate($this + $total, 0)", "[6]"},
      {"(1 | 2 | 3).aggregate(iif($total.empty() or $this > $total, $this, $total))", "[3]"},
      {"1 : 2", "compile: 1:3: expected an operator or the end, found ':', which is no part of the language"},
  }));
}

TEST(Specification, HasNoVariableThatWeLack) {
  check(std::to_array<Case>({
      {"%ucum | %sct | %loinc", R"(["http://unitsofmeasure.org","http://snomed.info/sct","http://loinc.org"])"},
      {"%resource.id | %context.id | %rootResource.id", R"(["p1"])"},
      {"%`vs-x` | %`ext-y`", R"(["http://hl7.org/fhir/ValueSet/x","http://hl7.org/fhir/StructureDefinition/y"])"},
      {"now()", R"(["2026-03-01T11:45:23.456+01:30"])"},
      {"today()", R"(["2026-03-01"])"},
      {"timeOfDay()", R"(["11:45:23.456"])"},
  }));
}

TEST(Specification, ReflectsTypes) {
  check(std::to_array<Case>({
      {"1.type().name", R"(["Integer"])"},
      {"1.type().namespace", R"(["System"])"},
      {"active.type().name", R"(["boolean"])"},
      {"active.type().namespace", R"(["FHIR"])"},
      {"Patient.type().name", R"(["Patient"])"},
      {"name.type().name.distinct()", R"(["HumanName"])"},
      {"active.is(boolean) and active.is(FHIR.boolean) and (active is Boolean).not()", "[true]"},
      {"id.is(string) and id.is(id) and (id is markdown).not()", "[true]"},
  }));
}

TEST(Specification, TakesDatesAndTimesApart) {
  check(std::to_array<Case>({
      {"@2014-03-05T10:20:30.400+01:30.select(yearOf() | monthOf() | dayOf() | hourOf() | minuteOf())",
       "[2014,3,5,10,20]"},
      {"@2014-03-05T10:20:30.400+01:30.select(secondOf() | millisecondOf())", "[30,400]"},
      {"@2014-03-05T10:20:30.400+01:30.timezoneOffsetOf()", "[1.5]"},
      {"@2014-03-05T10:20:30.400+01:30.dateOf()", R"(["2014-03-05"])"},
      {"@2014-03-05T10:20:30.400+01:30.timeOf()", R"(["10:20:30.400"])"},
      {"@2014-03.dayOf()", "[]"},
      {"birthDate.yearOf()", "[1974]"},
      {"@T10:20.hourOf() + @T10:20.minuteOf()", "[30]"},
      {"@2014.precision() | @2014-03-05T10:20.precision() | @T10:20.precision() | 1.50.precision()", "[4,12,2]"},
      {"1.5 'mg'.lowBoundary().value", "[1.45000000]"},
      {"@2014-02.highBoundary()", R"(["2014-02-28"])"},
      {"@T10.lowBoundary()", R"(["10:00:00.000"])"},
  }));
}

TEST(Specification, DefinesVariablesForWhatFollows) {
  check(std::to_array<Case>({
      {"defineVariable('n', name.given).select(%n.count())", "[4]"},
      {"name.defineVariable('n').first().select(%n.count())", "[2]"},
      {"name.select(defineVariable('f', family).given.select(%f & $this)).first()", R"(["ChalmersPeter"])"},
      {"name.trace('names', given).count()", "[2]"},
  }));
}

}  // namespace
}  // namespace bhi::fhirpath::test
