// What `bhi map` says of the consent guard: nothing is planned that would be held back, and the issue says why.
#include "flow/map_report.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/guard_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bhi::flow {
namespace {

const Instant kAt = *instant_from("2026-11-22T09:00:00Z");

std::string answer(const std::string& item, const std::string& code) {
  return R"({"linkId":"/)" + item + R"(","answer":[{"valueCoding":{"system":"http://loinc.org","code":")" + code +
         R"("}}]})";
}

// Three answers to the AUDIT-C, in a response with this label (none: without).
std::string response(const std::string& label = {}) {
  const std::string meta =
      label.empty() ? ""
                    : R"("meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":")" +
                          label + R"("}]},)";
  return R"({"resourceType":"QuestionnaireResponse","id":"r",)" + meta +
         R"("status":"completed","subject":{"reference":"Patient/1"},"authored":"2026-11-20T10:00:00Z","item":[)" +
         answer("68518-0", "LA18929-2") + "," + answer("68519-8", "LA18932-6") + "," + answer("68520-6", "LA18891-4") +
         "]}";
}

constexpr const char* kConsent =
    R"({"resourceType":"Consent","id":"n","status":"active","patient":{"reference":"Patient/1"},"dateTime":"2026-01-01",
    "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
    "category":[{"coding":[{"code":"59284-0"}]}],"sourceReference":{"reference":"DocumentReference/1"},"provision":{
    "type":"permit","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUD"}]}})";

MapReport mapped(const std::vector<std::string>& resources) {
  std::vector<InputText> inputs = {{"patient.json", R"({"resourceType":"Patient","id":"1"})"}};
  for (const std::string& text : resources) inputs.push_back({"input.json", text});
  return map_files(test::engine(), inputs, "main", kAt);
}

std::string said(const MapReport& report) {
  const auto found = std::ranges::find(report.issues, std::string("consent"), &Issue::code);
  return found == report.issues.end() ? std::string() : found->text;
}

TEST(MapGuard, SaysWhatWouldBeHeldBackAndWhy) {
  const MapReport report = mapped({response()});
  EXPECT_TRUE(report.writes.empty());
  EXPECT_NE(said(report).find("not written: consent: no privacy consent"), std::string::npos) << said(report);
}

TEST(MapGuard, SeesTheConsentsAndLabelsAmongItsInputs) {
  EXPECT_NE(said(mapped({response(), kConsent})).find("privacy.redisclosure_notice"), std::string::npos);
  EXPECT_NE(said(mapped({response("PSYTHPN"), kConsent})).find("psychotherapy notes never leave"), std::string::npos);
}

}  // namespace
}  // namespace bhi::flow
