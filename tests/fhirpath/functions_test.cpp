// Functions and operators, chapter by chapter of the specification; the input hardly matters.
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <array>

namespace bhi::fhirpath::test {
namespace {

struct Case {
  std::string_view expression;
  std::string_view expected;
};

void check(std::span<const Case> cases) {
  for (const Case& one : cases) EXPECT_EQ(evaluate(one.expression, kPatient), one.expected) << one.expression;
}

TEST(Operators, BindAsTheSpecificationSays) {
  check(std::to_array<Case>({
      {"1 + 2 * 3 - 4", "[3]"},
      {"-1 + 2", "[1]"},
      {"7 - 2 - 1", "[4]"},
      {"2 * 3 / 4", "[1.5]"},
      {"1 | 2 = 1 | 2", "[true]"},
      {"true or false and false", "[true]"},
      {"1 = 1 is Boolean", "[false]"},
      {"'a' & 'b' + 'c'", R"(["abc"])"},
      {"true implies false or true", "[true]"},
  }));
}

TEST(Logic, HasThreeValuesAndStopsEarly) {
  check(std::to_array<Case>({
      {"true and {}", "[]"},
      {"false and {}", "[false]"},
      {"{} or true", "[true]"},
      {"{} implies true", "[true]"},
      {"false implies {}", "[true]"},
      {"true xor {}", "[]"},
      {"false and (1 | 2 | 3)", "[false]"},
      {"true and 'text'", "[true]"},
      {"{}.not()", "[]"},
  }));
}

TEST(Arithmetic, KeepsDigitsAndRanges) {
  check(std::to_array<Case>({
      {"0.1 + 0.2", "[0.3]"},
      {"1.50 + 1", "[2.50]"},
      {"1 / 3 * 3 > 0.99", "[true]"},
      {"1 / 0", "[]"},
      {"7 div 2", "[3]"},
      {"-7 mod 2", "[-1]"},
      {"2147483647 + 1", "[]"},
      {"2147483647L + 1", "[2147483648]"},
      {"1 + {}", "[]"},
      {"-{}", "[]"},
  }));
}

TEST(Dates, MoveByTheCalendar) {
  check(std::to_array<Case>({
      {"@2026-01-31 + 1 month", R"(["2026-02-28"])"},
      {"@2024-02-29 - 1 year", R"(["2023-02-28"])"},
      {"@2026-03-01T10:00:00Z - 90 minutes", R"(["2026-03-01T08:30:00Z"])"},
      {"@T23:30 + 1 hour", R"(["00:30"])"},
      {"@2026-03-01 < @2026-03", "[]"},
      {"@2026-03-01T10:00:00Z = @2026-03-01T05:00:00-05:00", "[true]"},
      {"@2026-03-01T10:00:00Z = @2026-03-01T10:00:00", "[]"},
      {"@2026-03-01T10:00:00Z > @2026-02-01T10:00:00", "[true]"},
      {"@2026-03-01.yearOf() + @2026-03-01.monthOf()", "[2029]"},
      {"@2026-03-01T10:30:00+05:30.timezoneOffsetOf()", "[5.5]"},
      {"@2026-03.lowBoundary()", R"(["2026-03-01"])"},
      {"@2026-02.highBoundary()", R"(["2026-02-28"])"},
  }));
}

TEST(Quantities, ConvertWhereUnitsDo) {
  check(std::to_array<Case>({
      {"1 'g' + 500 'mg'", R"([{"value":1.5,"unit":"g","system":"http://unitsofmeasure.org","code":"g"}])"},
      {"1 'h' = 60 'min'", "[true]"},
      {"7 days = 1 week", "[true]"},
      {"1 year = 1 'a'", "[]"},
      {"1 year ~ 1 'a'", "[true]"},
      {"12 months = 1 year", "[true]"},
      {"5 'mg/dL' = 50 'mg/L'", "[true]"},
      {"98 'mm[Hg]' > 12 'kPa'", "[true]"},
      {"10 '10*3/uL' = 10 '10*9/L'", "[true]"},
      {"1 'kg' > 1 'm'", "[]"},
      {"3 '{score}' = 3 '1'", "[true]"},
      {"37 'Cel' = 37 'Cel'", "[true]"},
      {"37 'Cel' = 310.15 'K'", "[true]"},
      {"98.6 '[degF]' = 37 'Cel'", "[true]"},
      {"100.4 '[degF]' > 37.9 'Cel'", "[true]"},
      {"100.3 '[degF]' >= 38 'Cel'", "[false]"},
      {"99 '[degF]' ~ 37.2 'Cel'", "[true]"},
      {"-40 'Cel' = -40 '[degF]'", "[true]"},
      {"38 'Cel'.toQuantity('[degF]').value", "[100.40]"},
      {"37 'Cel{oral}' = 37 'Cel'", "[true]"},
      {"37 'Cel' + 0.5 'Cel' = 37.5 'Cel'", "[true]"},
      {"37 'Cel' + 1 'K'", "[]"},
      {"37 'Cel' = 37 'Cel/h'", "[]"},
      {"1 'atm' = 101325 'Pa'", "[true]"},
      {"30 '[in_i\\'Hg]' > 760 'mm[Hg]'", "[true]"},
      {"1 '[Cal]' = 1 'kcal'", "[true]"},
      {"2 '[lb_av]' > 900 'g'", "[true]"},
      {"1 '[tsp_us]' < 5 'mL'", "[true]"},
      {"5.5 'mmol/L' = 5500 'umol/L'", "[true]"},
      {"1 'mol' > 1 'mmol'", "[true]"},
      {"1 'kg'.toQuantity('g').value", "[1000]"},
      {"'4 days'.toQuantity().unit", R"(["days"])"},
      {"2 'cm' * 2 'm' = 0.04 'm2'", "[true]"},
      {"1 'wk'.toString()", R"(["1 'wk'"])"},
  }));
}

TEST(Strings, AreCountedInCodePoints) {
  check(std::to_array<Case>({
      {"contact.name.family.length()", "[9]"},
      {"contact.name.family.upper()", R"(["DU MARCHÉ"])"},
      {"'aé😀b'.substring(2, 1)", R"(["😀"])"},
      {"'aé😀b'.indexOf('b')", "[3]"},
      {"'abcabc'.lastIndexOf('b')", "[4]"},
      {"'abc'.substring(3)", "[]"},
      {"'abc'.substring(1, 0)", R"([""])"},
      {"'a,b,,c'.split(',')", R"(["a","b","","c"])"},
      {"'abc'.toChars()", R"(["a","b","c"])"},
      {"name.given.join('-')", R"(["Peter-James-Jim"])"},
      {"'abc'.replace('b', '')", R"(["ac"])"},
      {"'ab'.replace('', '-')", R"(["-a-b-"])"},
      {"'  x '.trim()", R"(["x"])"},
      {"'a b' ~ 'A  B'", "[true]"},
      {"'test'.encode('base64')", R"(["dGVzdA=="])"},
      {"'dGVzdA=='.decode('base64')", R"(["test"])"},
      {"'test'.encode('hex').decode('hex')", R"(["test"])"},
      {"'<a&\"b\">'.escape('html')", R"(["&lt;a&amp;&quot;b&quot;&gt;"])"},
      {"'&lt;a&gt;'.unescape('html')", R"(["<a>"])"},
  }));
}

TEST(Patterns, AreThoseOfRe2) {
  check(std::to_array<Case>({
      {"'2026-03-01'.matches('^\\\\d{4}-\\\\d\\\\d')", "[true]"},
      {"'abc'.matches('b')", "[true]"},
      {"'abc'.matchesFull('b')", "[false]"},
      {"'Practitioner/9'.replaceMatches('^.*/', '')", R"(["9"])"},
      {"'11/30/1972'.replaceMatches('\\\\b(?<month>\\\\d{1,2})/(?<day>\\\\d{1,2})/(?<year>\\\\d{2,4})\\\\b', "
       "'${day}-${month}-${year}')",
       R"(["30-11-1972"])"},
      {"'ab'.replaceMatches('(a)(b)', '$2$1\\\\')", R"(["ba\\"])"},
      {"'x'.matches({})", "[]"},
  }));
  EXPECT_NE(evaluate("'x'.matches('(')", kPatient).find("1:13: expected a regular expression"), std::string::npos);
  EXPECT_NE(evaluate("'x'.matches('(?=x)')", kPatient).find("look-around"), std::string::npos);
}

TEST(Collections, AreCombinedAndCut) {
  check(std::to_array<Case>({
      {"(1 | 2 | 2.0 | 3)", "[1,2,3]"},
      {"(1 | 2).combine(2)", "[1,2,2]"},
      {"(1 | 2 | 3).intersect(2 | 3 | 4)", "[2,3]"},
      {"(1 | 2 | 3).exclude(2)", "[1,3]"},
      {"(1 | 2 | 3).skip(1).take(1)", "[2]"},
      {"(1 | 2 | 3).tail().last()", "[3]"},
      {"(1 | 2).subsetOf(1 | 2 | 3)", "[true]"},
      {"(3 | 1 | 2).sort()", "[1,2,3]"},
      {"(3 | 1 | 2).sort(-$this)", "[3,2,1]"},
      {"(true | false).anyTrue()", "[true]"},
      {"{}.allTrue()", "[true]"},
      {"coalesce({}, 2, 3)", "[2]"},
      {"iif(false, 1 / 0, 2)", "[2]"},
      {"name.given.where($this.length() > 3).count()", "[2]"},
      {"name.exists(use = 'usual')", "[true]"},
      {"name.all(given.exists())", "[true]"},
  }));
}

TEST(Conversions, GiveNothingWhereNothingFits) {
  check(std::to_array<Case>({
      {"'12'.toInteger() + 1", "[13]"},
      {"'1.2'.toInteger()", "[]"},
      {"'x'.convertsToDecimal()", "[false]"},
      {"'yes'.toBoolean()", "[true]"},
      {"birthDate.toString().substring(0, 4)", R"(["1974"])"},
      {"'2026-02-30'.toDate()", "[]"},
      {"'2026-03-01T10:00:00Z'.toDate()", R"(["2026-03-01"])"},
      {"name.toString()", "evaluate: 1:6: expected at most one item before toString(), found 2 items"},
  }));
}

TEST(Mathematics, IsExactWhereItCan) {
  check(std::to_array<Case>({
      {"2.power(10)", "[1024]"},
      {"2.5.power(2)", "[6.25]"},
      {"81.sqrt() = 9", "[true]"},
      {"(-1).sqrt()", "[]"},
      {"3.14159.round(2)", "[3.14]"},
      {"(-1.5).truncate()", "[-1]"},
      {"(-1.5).floor()", "[-2]"},
      {"1000.log(10) = 3", "[true]"},
      {"(-5).abs()", "[5]"},
      {"1.587.lowBoundary(2)", "[1.58]"},
      {"1.587.highBoundary(2)", "[1.59]"},
  }));
}

}  // namespace
}  // namespace bhi::fhirpath::test
