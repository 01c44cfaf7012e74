// Which of the documents at hand a reference means.
#include "flow/nearby.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

TEST(Nearby, FindsByTypeAndIdByUrlAndContained) {
  const auto one = fhir::read_json(
      R"({"resourceType":"MedicationRequest","id":"r","contained":[{"resourceType":"Medication","id":"m"}]})");
  const auto bundle = fhir::read_json(
      R"({"resourceType":"Bundle","type":"collection","entry":[)"
      R"({"fullUrl":"urn:uuid:0a8ae0fe-6a4a-4b68-9b9a-3c3ac0f0b6f1","resource":{"resourceType":"Goal","lifecycleStatus":"active"}},)"
      R"({"resource":{"resourceType":"Questionnaire","id":"q","url":"http://example.org/q"}}]})");
  ASSERT_TRUE(one.ok() && bundle.ok());
  Nearby nearby;
  nearby.add((*one)->root());
  nearby.add((*bundle)->root());
  const auto type = [&nearby](std::string_view reference) {
    const auto* found = nearby.resolve(reference);
    return found == nullptr ? std::string() : std::string(fhir::resource_type(*found));
  };
  EXPECT_EQ(type("#m"), "Medication");
  EXPECT_EQ(type("MedicationRequest/r"), "MedicationRequest");
  EXPECT_EQ(type("https://ehr.example/fhir/MedicationRequest/r/_history/2"), "MedicationRequest");
  EXPECT_EQ(type("urn:uuid:0a8ae0fe-6a4a-4b68-9b9a-3c3ac0f0b6f1"), "Goal");
  EXPECT_EQ(type("http://example.org/q|1.0"), "Questionnaire");
  EXPECT_EQ(type("Medication/m"), "") << "what is contained is found from inside alone";
  EXPECT_EQ(type("Patient/r"), "");
  EXPECT_EQ(type(""), "");
}

}  // namespace
}  // namespace bhi::flow
