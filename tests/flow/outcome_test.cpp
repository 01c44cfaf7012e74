// OperationOutcomes as answers.
#include "flow/outcome.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

TEST(Outcome, NamesEveryIssueWithItsPlace) {
  EXPECT_EQ(operation_outcome(Issues{{Severity::Error, "value", "Patient.birthDate", "expected a date, found \"x\""},
                                     {Severity::Warning, "", "", ""}}),
            R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value",)"
            R"("diagnostics":"expected a date, found \"x\"","expression":["Patient.birthDate"]},)"
            R"({"severity":"warning","code":"processing"}]})");
}

TEST(Outcome, HasAnIssueEvenWhenThereIsNone) {
  EXPECT_EQ(operation_outcome(Issues{}), R"({"resourceType":"OperationOutcome","issue":[{"severity":"information",)"
                                         R"("code":"informational","diagnostics":"no issues"}]})");
}

TEST(Outcome, OfAnErrorSaysItsKindAsAnIssueType) {
  EXPECT_EQ(
      operation_outcome(Error{Kind::Busy, "later"}),
      R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled","diagnostics":"later"}]})");
  EXPECT_NE(operation_outcome(Error{Kind::Conflict, "x"}).find("\"conflict\""), std::string::npos);
}

TEST(Outcome, IsReadableWhateverTheTextHolds) {
  const std::string text =
      operation_outcome(Issues{{Severity::Fatal, "structure", "a\"b", "line\nbreak \x01 \xc3\xa9 <>&"}});
  const auto document = fhir::read_json(text);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ((*document)->root().find("issue")->elements()[0].text_of("diagnostics"), "line\nbreak \x01 \xc3\xa9 <>&");
}

}  // namespace
}  // namespace bhi::flow
