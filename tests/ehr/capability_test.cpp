// What a CapabilityStatement declares, and what it does not.
#include "ehr/capability.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace bhi::ehr {
namespace {

Result<flow::Capabilities> read(std::string text) {
  const auto document = fhir::read_json(std::move(text));
  EXPECT_TRUE(document.ok());
  return capabilities_from((*document)->root());
}

TEST(Capability, IsWhatIsDeclaredForTheServer) {
  const auto found = read(R"({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
    "software": {"name": "Sim", "version": "2"},
    "rest": [
      {"mode": "client", "resource": [{"type": "Patient", "interaction": [{"code": "delete"}]}]},
      {"mode": "server", "searchParam": [{"name": "_lastUpdated"}], "resource": [
        {"type": "CarePlan", "interaction": [{"code": "read"}, {"code": "update"}, {"code": "vread"}],
         "conditionalCreate": true, "searchParam": [{"name": "patient"}]},
        {"type": "Observation", "interaction": [{"code": "create"}, {"code": "search-type"}]}]}]})");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->fhir_version, "4.0.1");
  EXPECT_EQ(found->software, "Sim 2");
  ASSERT_EQ(found->types.size(), 2u);
  const flow::TypeCapability* plan = found->of("CarePlan");
  ASSERT_NE(plan, nullptr);
  EXPECT_TRUE(plan->read && plan->update && plan->conditional_create);
  EXPECT_FALSE(plan->create || plan->search);
  EXPECT_EQ(plan->search_params, (std::vector<std::string>{"patient", "_lastUpdated"}));
  const flow::TypeCapability* observation = found->of("Observation");
  ASSERT_NE(observation, nullptr);
  EXPECT_TRUE(observation->create && observation->search);
  EXPECT_FALSE(observation->conditional_create);
  EXPECT_EQ(found->of("Patient"), nullptr);
}

TEST(Capability, OfAnotherVersionIsRefusedByName) {
  for (const std::string version : {"3.0.2", "5.0.0", "1.0.2", "4.1.0", "4.00.1"}) {
    const auto found = read(R"({"resourceType": "CapabilityStatement", "fhirVersion": ")" + version + "\"}");
    ASSERT_FALSE(found.ok()) << version;
    EXPECT_EQ(found.error().kind, Kind::Unsupported);
    EXPECT_EQ(found.error().message, "metadata: expected fhirVersion 4.0.x or 4.3.x, found " + version);
  }
  EXPECT_TRUE(read(R"({"resourceType": "CapabilityStatement", "fhirVersion": "4.3.0"})").ok());
  EXPECT_EQ(read(R"({"resourceType": "CapabilityStatement"})").error().message,
            "metadata: expected fhirVersion 4.0.x or 4.3.x, found none");
}

TEST(Capability, IsNothingElseThanACapabilityStatement) {
  EXPECT_EQ(read(R"({"resourceType": "OperationOutcome"})").error().message,
            "metadata: expected a CapabilityStatement, found OperationOutcome");
  EXPECT_EQ(read(R"({"a": 1})").error().kind, Kind::Incorrect);
}

// Captured from real systems; the counts are those of the survey (fixtures/capability_statements).
TEST(Capability, IsReadFromCapturedStatementsOfRealSystems) {
  const char* set = std::getenv("BHI_FIXTURES");
  const std::filesystem::path folder =
      std::filesystem::path(set != nullptr ? set : BHI_SOURCE_DIR "/../shared/fixtures") / "capability_statements";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "capability_statements: not at hand";
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto document = fhir::read_json(text.str());
    ASSERT_TRUE(document.ok()) << file.path();
    if (fhir::resource_type((*document)->root()) != "CapabilityStatement") continue;
    const auto found = capabilities_from((*document)->root());
    ASSERT_TRUE(found.ok()) << file.path() << found.error().message;
    ASSERT_NE(found->of("CarePlan"), nullptr) << file.path();
    EXPECT_TRUE(found->of("CarePlan")->read) << file.path();
    EXPECT_FALSE(found->of("CarePlan")->update) << file.path();
    ++count;
  }
  EXPECT_GE(count, 1u);
}

}  // namespace
}  // namespace bhi::ehr
