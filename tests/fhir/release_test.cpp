// R4 and R4B are taken, R5 is told by what only R5 has; and nothing of R4 is taken for R5.
#include "fhir/release.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/xml.h"
#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

#include <set>

namespace bhi::fhir {
namespace {

// "path: what gave it away"; empty when nothing did.
std::string mark_of(std::string json) {
  const auto document = read_json(std::move(json)).value();
  const auto mark = r5_mark(document->root());
  if (!mark) return {};
  EXPECT_EQ(mark->severity, Severity::Error);
  EXPECT_EQ(mark->code, "not-supported");
  constexpr std::string_view kExpected = "expected FHIR R4 or R4B, found R5: ";
  EXPECT_TRUE(mark->text.starts_with(kExpected)) << mark->text;
  return mark->path + ": " + mark->text.substr(kExpected.size());
}

TEST(Release, R5IsToldByWhatOnlyR5Has) {
  const std::string moved = ": R4 has no element of this name";
  const std::string changed = ": a CodeableReference, which R4 does not have";
  const std::pair<std::string, std::string> cases[] = {
      {R"({"resourceType":"ActorDefinition","id":"a"})",
       "ActorDefinition: only R5 has the resource type 'ActorDefinition'"},
      {R"({"resourceType":"Transport"})", "Transport: only R5 has the resource type 'Transport'"},
      {R"({"resourceType":"MedicationRequest","medication":{"concept":{"text":"x"}}})",
       "MedicationRequest.medication" + changed},
      {R"({"resourceType":"MedicationRequest","medication":{"reference":{"reference":"Medication/1"}}})",
       "MedicationRequest.medication" + changed},
      {R"({"resourceType":"CarePlan","addresses":[{"reference":{"reference":"Condition/1"}}]})",
       "CarePlan.addresses" + changed},
      {R"({"resourceType":"CarePlan","activity":[{"plannedActivityReference":{"reference":"Task/1"}}]})",
       "CarePlan.activity.plannedActivityReference" + moved},
      {R"({"resourceType":"Observation","triggeredBy":[{"type":"reflex"}]})", "Observation.triggeredBy" + moved},
      {R"({"resourceType":"Encounter","actualPeriod":{"start":"2024"}})", "Encounter.actualPeriod" + moved},
      {R"({"resourceType":"Encounter","reason":[{"value":[{"concept":{"text":"x"}}]}]})",
       "Encounter.reason.value" + changed},
      {R"({"resourceType":"Patient","meta":{"profile":["urn:x","http://hl7.org/fhir/StructureDefinition/Patient|5.0.0"]}})",
       "Patient.meta.profile[1]: a profile of the base specification 5.0"},
      {R"({"resourceType":"Patient","meta":{"profile":["http://hl7.org/fhir/5.0/StructureDefinition/Patient"]}})",
       "Patient.meta.profile[0]: a profile of the base specification 5.0"},
      {R"({"resourceType":"CapabilityStatement","fhirVersion":"5.0.0"})", "CapabilityStatement.fhirVersion: version 5"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Goal"},{"resourceType":"NutritionIntake"}]})",
       "Patient.contained[1]: only R5 has the resource type 'NutritionIntake'"},
      {R"({"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}},{"fullUrl":"x"},
           {"resource":{"resourceType":"Encounter","admission":{}}}]})",
       "Bundle.entry[2].resource.admission" + moved},
  };
  for (const auto& [json, expected] : cases) EXPECT_EQ(mark_of(json), expected) << json;
}

TEST(Release, WhatR4MayHaveIsNoMark) {
  for (
      const char* json : {
          R"({"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/1"},"medication":"x"})",
          R"({"resourceType":"CarePlan","addresses":[{"reference":"Condition/1"}],"activity":[{"detail":{}}]})",
          R"({"resourceType":"Encounter","class":[{"code":"AMB"}],"period":{"start":"2024"},"reason":"x"})",
          R"({"resourceType":"Condition","evidence":[{"detail":[{"reference":"Observation/1"}]}]})",
          R"({"resourceType":"Observation","vendorField":[{"triggeredBy":1}]})",
          R"({"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"})",
          R"({"resourceType":"CapabilityStatement","fhirVersion":"4.3.0"})",
          R"({"resourceType":"SubscriptionTopic","id":"t"})",
          R"({"resourceType":"ActorDefinitions"})",
          R"({"resourceType":"Practitioner","communication":[{"coding":[{"code":"en"}]}]})",
          // the version of a guide is not that of FHIR
          R"({"resourceType":"Patient","meta":{"profile":
               ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|5.0.0"]}})",
      }) {
    EXPECT_EQ(mark_of(json), "") << json;
  }
}

TEST(Release, NoDocumentOfR4IsTakenForR5) {
  std::size_t count = 0;
  for (const char* folder : {"r4-examples", "us-core", "us-behavioral-health", "screening", "sdc", "synthea",
                             "fhirpath-r4", "capability_statements"}) {
    BHI_NEEDS_FIXTURES(folder);
    for (const char* extension : {".json", ".xml"}) {
      for (const auto& path : test::files_below(test::fixtures() / folder, extension)) {
        const auto document = read_document(test::read_file(path));
        if (!document.ok()) continue;  // for the corpus tests
        const auto mark = r5_mark((*document)->root());
        EXPECT_FALSE(mark) << path << ": " << mark->path << ": " << mark->text;
        ++count;
      }
    }
  }
  EXPECT_GE(count, 700u);
}

TEST(Release, VersionsAreReadFromFourToBelowFive) {
  for (const char* version : {"4", "4.0", "4.0.1", "4.3", "4.3.0"}) EXPECT_TRUE(is_read_release(version)) << version;
  for (const char* version : {"", "3.0", "5.0", "5.0.0", "40.1", "r4"})
    EXPECT_FALSE(is_read_release(version)) << version;
}

TEST(Release, TypesOfR4bAreTakenAndThoseOfR5RefusedEntryByEntry) {
  const auto document = read_json(R"({"resourceType":"Bundle","type":"collection","entry":[
    {"resource":{"resourceType":"SubscriptionStatus","id":"s"}},
    {"resource":{"resourceType":"NutritionProduct","id":"n"}},
    {"resource":{"resourceType":"InventoryItem","id":"i"}},
    {"resource":{"resourceType":"Encounter","id":"e","actualPeriod":{"start":"2024"}}}]})")
                            .value();
  Arena arena;
  const auto entries = split(document->root(), arena).value();
  ASSERT_EQ(entries.entries.size(), 2u);
  EXPECT_EQ(resource_type(entries.entries[1].resource), "NutritionProduct");
  ASSERT_EQ(entries.issues.size(), 2u);
  EXPECT_EQ(entries.issues[0].path, "Bundle.entry[2].resource");
  EXPECT_EQ(entries.issues[1].path, "Bundle.entry[3].resource.actualPeriod");
  EXPECT_EQ(entries.issues[1].code, "not-supported");
  EXPECT_TRUE(parse_reference("NutritionProduct/n"));
  EXPECT_FALSE(parse_reference("InventoryItem/i"));
}

TEST(Release, AResourceOfR5AloneIsRefused) {
  const auto document = read_json(R"({"resourceType":"Encounter","plannedStartDate":"2024"})").value();
  Arena arena;
  const auto entries = split(document->root(), arena);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().kind, Kind::Unsupported);
  EXPECT_EQ(entries.error().message,
            "Encounter.plannedStartDate: expected FHIR R4 or R4B, found R5: R4 has no element of this name");
}

// Each is refused as a whole, inside a Bundle, too: a sender of R5 is told so once.
TEST(Release, R5IsToldInXmlByItsNames) {
  const std::pair<std::string, std::string> cases[] = {
      {"<ActorDefinition", "/>"},
      {"<Encounter", "><actualPeriod/></Encounter>"},
      {"<MedicationRequest", "><medication><concept/></medication></MedicationRequest>"},
      {"<CarePlan", "><addresses><concept/></addresses></CarePlan>"},
      {"<CarePlan", "><addresses><reference><reference value=\"Condition/1\"/></reference></addresses></CarePlan>"},
      {"<ServiceRequest", "><code><concept/></code></ServiceRequest>"},
      {"<CarePlan", "><activity><performedActivity/></activity></CarePlan>"},
  };
  for (const auto& [begin, end] : cases) {
    const std::string space = " xmlns=\"http://hl7.org/fhir\"";
    const std::string bundle = "<Bundle" + space + "><entry><resource>" + begin + end + "</resource></entry></Bundle>";
    for (const std::string& text : {begin + space + end, bundle}) {
      Issues left_out;
      const auto document = read_xml(text, {}, &left_out);
      ASSERT_FALSE(document.ok()) << text;
      EXPECT_EQ(document.error().kind, Kind::Unsupported) << document.error().message;
      EXPECT_NE(document.error().message.find("expected FHIR R4 or R4B, found R5"), std::string::npos)
          << document.error().message;
      EXPECT_TRUE(left_out.empty());
    }
  }
}

}  // namespace
}  // namespace bhi::fhir
