// A part of a plan at an EHR that keeps no identifiers: is it the one that we sent?
#include "flow/alike.h"
#include "tests/flow/support/fake_ehr.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

Likeness between(const std::string& ours, const std::string& theirs) {
  return likeness(test::document(ours)->root(), test::document(theirs)->root());
}

const std::string kRequest =
    R"({"resourceType":"ServiceRequest","status":"active","intent":"plan","category":[{"text":"Behavioral health care plan"}],
        "code":{"text":"Call the patient"},"subject":{"reference":"Patient/1"},"occurrenceDateTime":"2026-12-01"})";
const std::string kCondition =
    R"({"resourceType":"Condition","category":[{"coding":[{"system":"c","code":"health-concern"}]}],
        "code":{"coding":[{"system":"http://snomed.info/sct","code":"370143000"}],"text":"Major depression"},
        "subject":{"reference":"Patient/1"}})";
const std::string kGoal =
    R"({"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"PHQ-9 below 10"},
        "subject":{"reference":"Patient/1"},"target":[{"measure":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},
        "dueDate":"2026-12-01"}]})";

std::string with(std::string resource, const std::string& from, const std::string& to) {
  return resource.replace(resource.find(from), from.size(), to);
}

TEST(AlikeParts, AreToldByTheirWordsCodesAndDates) {
  for (const std::string& one : {kRequest, kCondition, kGoal}) EXPECT_EQ(between(one, one), Likeness::Alike) << one;
  EXPECT_EQ(between(kRequest, with(kRequest, "\"active\"", "\"completed\"")), Likeness::Alike);  // moved on there
}

TEST(AlikeParts, AreNotTakenForOthers) {
  EXPECT_EQ(between(kRequest, with(kRequest, "Call the patient", "Sleep diary")), Likeness::Other);
  EXPECT_EQ(between(kRequest, with(kRequest, "2026-12-01", "2026-12-20")), Likeness::Other);
  EXPECT_EQ(between(kRequest, with(kRequest, "Patient/1", "Patient/2")), Likeness::Other);
  EXPECT_EQ(between(kCondition, with(kCondition, "370143000", "197480006")), Likeness::Other);
  EXPECT_EQ(between(kCondition, with(kCondition, "health-concern", "problem-list-item")), Likeness::Other);
  EXPECT_EQ(between(kGoal, with(kGoal, "below 10", "below 5")), Likeness::Other);
}

TEST(AlikeParts, AreForAPersonWhereNotEnoughIsSaid) {
  EXPECT_EQ(between(kRequest, with(kRequest, ",\"occurrenceDateTime\":\"2026-12-01\"", "")), Likeness::Doubtful);
  EXPECT_EQ(between(kCondition, with(kCondition, ",\"text\":\"Major depression\"", "")), Likeness::Doubtful);
  EXPECT_EQ(between(kRequest, with(kRequest, "\"active\"", "\"entered-in-error\"")), Likeness::Doubtful);
}

TEST(AlikeParts, AreSearchedByPatient) {
  TypeCapability type;
  type.search = true;
  type.search_params = {"patient"};
  for (const std::string& one : {kRequest, kCondition, kGoal}) {
    EXPECT_EQ(searches_for(test::document(one)->root(), "Patient/1", type), std::vector<std::string>{"patient=1"});
  }
}

}  // namespace
}  // namespace bhi::flow
