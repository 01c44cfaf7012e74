// Expressions made to never end, to fill the memory or to take a second a step: each ends by its budget, soon, and says
// which one it was.
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace bhi::fhirpath::test {
namespace {

struct Case {
  std::string expression;
  std::string_view part;  // of the answer
};

// `text` as an expression that makes 2^doublings copies of a letter.
std::string long_text(int doublings) {
  std::string text = "'a'";
  for (int i = 0; i < doublings; ++i) text += ".select($this + $this)";
  return text;
}

TEST(Budget, EndsWhatWouldNotEnd) {
  Environment environment;
  environment.budget.max_steps = 100'000;
  std::string doubled = "name.given";
  for (int i = 0; i < 40; ++i) doubled += ".select($this.combine($this))";
  for (const Case& one : std::to_array<Case>({
           {"repeatAll($this)", "steps, found more"},
           {"repeat(%resource.descendants() | $this & 'a')", "expected"},
           {"repeat(iif($this is String, $this & 'x', 'x'))", "steps, found more"},
           {"repeatAll(%resource | %resource)", "steps, found more"},
           {"repeat($this.descendants() | $this.toString())", "["},
           {"(1 | 2).repeat($this + 1)", "steps, found more"},
           {"descendants().select(%resource.descendants().select(%resource.descendants()))", "steps, found more"},
           {"descendants().aggregate($total | $this.descendants() | $total, {}).count()", "["},
           {doubled, "expected"},
           {long_text(40), "of at most"},
           {long_text(16) + ".toChars().select($this & 'b').distinct().count()", "of at most"},
       })) {
    const auto start = std::chrono::steady_clock::now();
    const std::string answer = evaluate(one.expression, kPatient, environment);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << one.expression;
    EXPECT_NE(answer.find(one.part), std::string::npos) << one.expression << "\n" << answer.substr(0, 300);
  }
}

TEST(Budget, BoundsEachTextThatIsMade) {
  Environment environment;
  environment.budget.max_text_bytes = 1 << 16;
  const std::string text = long_text(12);
  constexpr std::string_view kLimit = "expected a text of at most 65536 bytes, found more";
  for (const std::string& expression :
       {text + ".replace('', " + text + ")", text + ".replace('a', " + text + ")",
        text + ".replaceMatches('a', " + text + ")",
        text + ".replaceMatches('.*', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0')",
        text + ".toChars().select(" + text + ").join()",
        text + ".select($this & $this & $this & $this & $this & $this & "
               "$this & $this & $this & $this & $this & $this & $this & $this & $this & $this & $this)",
        long_text(17)}) {
    EXPECT_NE(evaluate(expression, kPatient, environment).find(kLimit), std::string::npos) << expression;
  }
  EXPECT_EQ(evaluate(text + ".replace('a', 'bc').length()", kPatient, environment), "[8192]");
  EXPECT_EQ(evaluate(text + ".replaceMatches('a', 'bc').length()", kPatient, environment), "[8192]");
  EXPECT_EQ(evaluate(text + ".replaceMatches('a+', 'bc')", kPatient, environment), R"(["bc"])");
}

// What is quadratic or worse in other hands: patterns, searching, comparing long texts over and over.
TEST(Budget, LetsNoStepTakeLong) {
  const auto start = std::chrono::steady_clock::now();
  Environment environment;
  environment.budget.max_steps = 200'000;
  const std::string text = "(" + long_text(20) + ")";
  const std::string half = "(" + long_text(19) + ")";
  for (const Case& one : std::to_array<Case>({
           {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')", "[false]"},
           {"(" + long_text(14) + " & 'b').matches('^(a|aa|a*)*$')", "[false]"},
           {text + ".matches('(x+x+)+y')", "[false]"},
           {"'x'.matches('((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100})')", "expected"},
           {text + ".contains(" + half + " & 'b')", "[false]"},
           {text + ".indexOf(" + half + " & 'b' & " + half + ")", "[-1]"},
           {text + ".lastIndexOf('b' & " + half + ")", "[-1]"},
           {text + ".split(" + half + " & 'b').count()", "[1]"},
           {text + ".replace(" + half + " & 'b', 'c').length()", "[1048576]"},
           {"(" + text + ").select(%resource.descendants().select(%context).where(" + text + " = " + text + "))",
            "steps, found more"},
           {text + ".defineVariable('t').toChars().where(%t = %t & '')", "of at most"},
       })) {
    const std::string answer = evaluate(one.expression, kPatient, environment);
    EXPECT_NE(answer.find(one.part), std::string::npos) << one.expression << "\n" << answer.substr(0, 300);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace bhi::fhirpath::test
