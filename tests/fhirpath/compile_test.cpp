// What is refused, when, and in which words; and the bounds of an evaluation.
#include "tests/fhirpath/support/evaluate.h"

#include <gtest/gtest.h>

#include <array>

namespace bhi::fhirpath::test {
namespace {

struct Case {
  std::string_view expression;
  std::string_view message;
};

TEST(Compile, SaysWhereWhatIsWrong) {
  for (const Case& one : std::to_array<Case>({
           {"authoredOn",
            "compile: 1:1: expected an element of QuestionnaireResponse, found `authoredOn` (did you mean "
            "`authored`?)"},
           {"item.\n linkID",
            "compile: 2:2: expected an element of QuestionnaireResponse.item, found `linkID` (did you mean `linkId`?)"},
           {"item.wher(true)", "compile: 1:6: expected a known function, found `wher()` (did you mean `where`?)"},
           {"item.where()", "compile: 1:6: expected 1 argument of where(), found 0"},
           {"item.substring(1, 2, 3)", "compile: 1:6: expected 1 to 2 arguments of substring(), found 3"},
           {"item.answer.valueCoding",
            "compile: 1:13: expected a choice element by its own name, found `valueCoding` (write `value`, or "
            "`value.ofType(Coding)`)"},
           {"Patient.name",
            "compile: 1:1: expected an element of QuestionnaireResponse, found type `Patient`, which the focus is not"},
           {"item.answer.value.ofType(Codding)",
            "compile: 1:26: expected the name of a type, found `Codding` (did you mean `Coding`?)"},
           {"%resorce.id", "compile: 1:1: expected a known variable, found `%resorce` (did you mean `resource`?)"},
           {"item.where(linkId = '1'", "compile: 1:24: expected ')', found the end"},
           {"item 5", "compile: 1:6: expected an operator or the end, found '5'"},
           {"1 +", "compile: 1:4: expected an expression, found the end"},
           {"'abc", "compile: 1:1: expected an expression, found a quotation without end"},
           {"@2026-02-30", "compile: 1:1: expected a date of the calendar, found '2026-02-30'"},
           {"3000000000", "compile: 1:1: expected an Integer of at most 2147483647, found '3000000000'"},
           {"item.linkId.given", "compile: 1:13: expected an element of string, found `given`"},
           {"defineVariable('a').defineVariable('a')",
            "compile: 1:21: expected a new name of a variable, found %a again"},
           {"select(defineVariable('a', 1)) | %a", "compile: 1:34: expected a known variable, found `%a`"},
           {"", "compile: 1:1: expected an expression, found the end"},
       })) {
    EXPECT_EQ(evaluate(one.expression, kResponse), one.message);
  }
}

TEST(Compile, RefusesTypesThatCannotFit) {
  for (const Case& one : std::to_array<Case>({
           {"birthDate + 7", "compile: 1:11: expected values that '+' can work on, found date and Integer"},
           {"birthDate + 1 year - 'x'", "compile: 1:20: expected values that '-' can work on, found Date and String"},
           {"gender > 5", "compile: 1:8: expected values that can be compared, found code and Integer"},
           {"-name", "compile: 1:1: expected a number behind '-', found HumanName"},
           {"gender & active", "compile: 1:10: expected a String beside '&', found boolean (use toString())"},
           {"iif(gender, 1, 2)", "compile: 1:5: expected a Boolean criterion, found code"},
           {"name.where(use)", "compile: 1:12: expected a Boolean criterion, found code"},
           {"name.all(given | family)", "compile: 1:16: expected a Boolean criterion, found string"},
           {"name.exists(1 + 1)", "compile: 1:15: expected a Boolean criterion, found Integer"},
           {"birthDate.substring(1)", "compile: 1:11: expected a String before substring(), found date"},
           {"name.matches('x')", "compile: 1:6: expected a String before matches(), found HumanName"},
           {"gender.startsWith(1)", "compile: 1:19: expected a String, found Integer"},
           {"gender.substring('1')", "compile: 1:18: expected an Integer, found String"},
           {"gender.round()", "compile: 1:8: expected a number before round(), found code"},
           {"gender.lowBoundary()",
            "compile: 1:8: expected a number, Quantity, Date, DateTime or Time before lowBoundary(), found code"},
           {"active.yearOf()", "compile: 1:8: expected a Date, DateTime or Time before yearOf(), found boolean"},
           {"gender.allTrue()", "compile: 1:8: expected Booleans before allTrue(), found code"},
           {"extension('u').valu",
            "compile: 1:16: expected an element of Extension, found `valu` (did you mean `value`?)"},
           {"name[gender]", "compile: 1:6: expected an Integer, found code"},
       })) {
    EXPECT_EQ(evaluate(one.expression, kPatient), one.message);
  }
}

// One possible type that fits is enough; nothing known of a type is, too.
TEST(Compile, PassesTypesThatMayFit) {
  EXPECT_EQ(evaluate("deceased or multipleBirth.exists()", kPatient), "[true]");
  EXPECT_EQ(evaluate("iif(deceased, 1, 2)", kPatient), "[2]");
  EXPECT_EQ(evaluate("multipleBirth + 1", kPatient), "[3]");
  EXPECT_EQ(evaluate("(name | 'x').where($this is String).upper()", kPatient), R"(["X"])");
  EXPECT_EQ(evaluate("contained.where(active)", kPatient), "[]");
  EXPECT_EQ(evaluate("iif(false, name, 'a') & 'b'", kPatient), R"(["ab"])");
  EXPECT_EQ(evaluate("{} + 1", kPatient), "[]");
  EXPECT_EQ(evaluate("name.given.sort(-$this).last()", kPatient), R"(["James"])");
  CompileOptions loose;
  loose.strict = false;
  EXPECT_EQ(evaluate("gender + 1", kPatient, {}, loose),
            "evaluate: 1:8: expected values that '+' can work on, found code and Integer");
}

TEST(Compile, AllowsWhatMayBeThere) {
  EXPECT_EQ(evaluate("contained.whatever", kPatient), "[]");
  EXPECT_EQ(evaluate("repeat(item | answer.item).count()", kResponse), "[6]");
  CompileOptions loose;
  loose.strict = false;
  EXPECT_EQ(evaluate("nothing.such", kPatient, {}, loose), "[]");
  EXPECT_EQ(evaluate("valueQuantity.code", kObservation, {}, loose), R"(["kg"])");
}

TEST(Evaluate, RefusesWrongTypesWithoutTellingTheirValues) {
  for (const Case& one : std::to_array<Case>({
           {"%context.birthDate + 7", "evaluate: 1:20: expected values that '+' can work on, found date and Integer"},
           {"%context.birthDate.substring(1)", "evaluate: 1:20: expected a String before substring(), found date"},
           {"name.given.substring(1)", "evaluate: 1:12: expected at most one item before substring(), found 4 items"},
           {"%context.gender > 5", "evaluate: 1:17: expected values that can be compared, found code and Integer"},
           {"name.single()", "evaluate: 1:6: expected at most one item before single(), found 2 items"},
           {"%context.name.where(given)", "evaluate: 1:21: expected one Boolean, found 2 items"},
           {"iif(%context.gender, 1, 2)", "evaluate: 1:14: expected a Boolean criterion, found code"},
       })) {
    EXPECT_EQ(evaluate(one.expression, kPatient), one.message);
  }
}

TEST(Compile, RefusesEndlessNesting) {
  const std::string deep = std::string(100'000, '(') + "1" + std::string(100'000, ')');
  EXPECT_NE(evaluate(deep, kPatient).find("levels of nesting"), std::string::npos);
  std::string path = "name";
  for (int i = 0; i < 100'000; ++i) path += ".first()";
  EXPECT_NE(evaluate(path, kPatient).find("levels of nesting"), std::string::npos);
  EXPECT_NE(evaluate(std::string(100'000, '-') + "1", kPatient).find("levels of nesting"), std::string::npos);
  std::string wide = "1";
  for (int i = 0; i < 5'000; ++i) wide += " + 1";
  EXPECT_EQ(evaluate(wide, kPatient), "[5001]");
}

TEST(Evaluate, EndsAtTheBudget) {
  Environment environment;
  environment.budget.max_steps = 1000;
  EXPECT_NE(evaluate("repeatAll($this)", kPatient, environment).find("steps, found more"), std::string::npos);
  EXPECT_NE(evaluate("repeat('a' & $this.toString())", R"({"resourceType":"Patient"})", environment).size(), 0U);
  environment.budget = Budget{};
  EXPECT_NE(
      evaluate(
          "(1|2|3|4|5|6|7|8|9|10).select($index).aggregate(iif($total.empty(), 'abcdefgh', $total & $total & $total & "
          "$total & $total & $total & $total & $total & $total & $total))",
          kPatient, environment)
          .find("a text of at most 4194304 bytes, found more"),
      std::string::npos);
  EXPECT_NE(evaluate("repeatAll(%resource | $this).select($this = %resource)", kPatient, environment)
                .find("steps, found more"),
            std::string::npos);
  environment.budget = Budget{};
  environment.budget.max_items = 3;
  EXPECT_NE(evaluate("name.given", kPatient, environment).find("at most 3 items"), std::string::npos);
  environment.budget = Budget{};
  environment.budget.max_depth = 2;
  EXPECT_NE(evaluate("name.given.first()", kPatient, environment).find("at most 2 levels"), std::string::npos);
}

TEST(Expression, IsReadFromTheMiddleOfAMap) {
  Lexer lexer("src.item as i where linkId = '1' and answer.exists() -> tgt.x = i", Dialect::Mapping);
  while (!lexer.peek().is("where")) lexer.take();
  lexer.take();
  const auto expression = Expression::compile_from(lexer, {});
  ASSERT_TRUE(expression.ok()) << expression.error().message;
  EXPECT_EQ(expression->text(), "linkId = '1' and answer.exists()");
  EXPECT_EQ(lexer.peek().text, "->");
}

TEST(Expression, NamesThePlaceInTheWholeFile) {
  Lexer lexer("map \"x\"\n  where lnkId = '1'", Dialect::Mapping);
  lexer.take();
  lexer.take();
  lexer.take();
  const fhir::Types& types = fhir::Types::r4();
  CompileOptions options;
  options.types = &types;
  options.context = types.find("QuestionnaireResponse")->element(fhir::intern("item"))->types[0];
  const auto expression = Expression::compile_from(lexer, options);
  ASSERT_FALSE(expression.ok());
  EXPECT_EQ(expression.error().message,
            "2:9: expected an element of QuestionnaireResponse.item, found `lnkId` (did you mean `linkId`?)");
}

TEST(Singletons, ReadAsTruthAndText) {
  const fhir::Node text = fhir::Node::string("x");
  const fhir::Node no = fhir::Node::boolean(false);
  const std::array both = {Item{&text, nullptr, nullptr}, Item{&no, nullptr, nullptr}};
  const Collection all = both;
  EXPECT_EQ(*as_boolean({}), std::nullopt);
  EXPECT_EQ(*as_boolean(all.first(1)), true);
  EXPECT_EQ(*as_boolean(all.last(1)), false);
  EXPECT_FALSE(as_boolean(all).ok());
  EXPECT_EQ(*as_text(all.first(1)), "x");
  EXPECT_EQ(*as_text(all.last(1)), "false");
  EXPECT_FALSE(as_text(all).ok());
}

}  // namespace
}  // namespace bhi::fhirpath::test
