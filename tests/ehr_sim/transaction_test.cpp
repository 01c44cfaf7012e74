// Transaction and batch Bundles.
#include "tests/ehr_sim/support/world.h"

#include <vector>

namespace bhi::sim::testing {
namespace {

std::string entry(std::string_view method, std::string_view url, std::string_view resource = {},
                  std::string_view full_url = {}, std::string_view more = {}) {
  std::string text = "{";
  if (!full_url.empty()) text += R"("fullUrl":")" + std::string(full_url) + R"(",)";
  if (!resource.empty()) text += R"("resource":)" + std::string(resource) + ",";
  return text + R"("request":{"method":")" + std::string(method) + R"(","url":")" + std::string(url) + "\"" +
         std::string(more) + "}}";
}

std::string bundle(std::string_view type, const std::vector<std::string>& entries) {
  std::string text = R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
  for (std::size_t i = 0; i < entries.size(); ++i) text += (i == 0 ? "" : ",") + entries[i];
  return text + "]}";
}

constexpr const char* kPatient = R"({"resourceType":"Patient","identifier":[{"system":"s","value":"1"}]})";

TEST(Transaction, ResolvesReferencesBetweenItsEntriesWhateverTheirOrder) {
  World world;
  const Response done = world.post(
      "",
      bundle(
          "transaction",
          {
              entry(
                  "POST", "Observation",
                  R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:p"},)"
                  R"("identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:p"}],)"
                  R"("derivedFrom":[{"reference":"urn:uuid:r"}],"contained":[{"resourceType":"Group","managingEntity":{"reference":"urn:uuid:p"}}]})",
                  "urn:uuid:o"),
              entry("POST", "Patient", kPatient, "urn:uuid:p"),
              entry("PUT", "QuestionnaireResponse/r1",
                    R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed"})", "urn:uuid:r"),
          }));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(text_at(done, "type"), "transaction-response");
  EXPECT_EQ(text_at(done, "entry.0.response.status"), "201 Created");
  EXPECT_EQ(text_at(done, "entry.2.response.etag"), "W/\"1\"");
  EXPECT_EQ(text_at(done, "entry.2.response.lastModified"), "2026-11-22T09:30:00.123Z");
  EXPECT_EQ(text_at(done, "entry.0.resource.id"), "") << "resources come back only when asked for";

  const std::string patient = "Patient/" + ids_of(world.get("Patient"));
  const Response found = world.get("Observation");
  EXPECT_EQ(text_at(found, "entry.0.resource.subject.reference"), patient);
  EXPECT_EQ(text_at(found, "entry.0.resource.derivedFrom.0.reference"), "QuestionnaireResponse/r1");
  EXPECT_EQ(text_at(found, "entry.0.resource.contained.0.managingEntity.reference"), patient);
  EXPECT_EQ(text_at(found, "entry.0.resource.identifier.0.value"), "urn:uuid:p") << "an identifier is no reference";
  EXPECT_EQ(text_at(done, "entry.1.response.location"), std::string(kBase) + "/" + patient + "/_history/1");
}

TEST(Transaction, HappensWholeOrNotAtAll) {
  World world;
  world.put("Patient/p1", R"({"resourceType":"Patient","id":"p1"})");
  const Response refused =
      world.post("", bundle("transaction", {
                                               entry("POST", "Patient", kPatient),
                                               entry("DELETE", "Patient/p1"),
                                               entry("PUT", "Patient/p2", R"({"resourceType":"Patient","id":"p2"})", {},
                                                     R"(,"ifMatch":"W/\"4\"")"),
                                           }));
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(text_at(refused, "issue.0.expression.0"), "Bundle.entry[2]");
  EXPECT_EQ(world.simulator.version_count(), 1u);
  EXPECT_EQ(world.get("Patient/p1").status, 200);
  EXPECT_EQ(ids_of(world.get("Patient")), "p1");
}

TEST(Transaction, CreatesWhatIsMissingAndPointsAtWhatIsThere) {
  World world;
  const auto send = [&] {
    return world.post(
        "",
        bundle(
            "transaction",
            {
                entry("POST", "Patient", kPatient, "urn:uuid:p", R"(,"ifNoneExist":"identifier=s|1")"),
                entry(
                    "POST", "Observation",
                    R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:p"},"identifier":[{"value":"o"}]})",
                    "urn:uuid:o", R"(,"ifNoneExist":"identifier=o")"),
            }));
  };
  EXPECT_EQ(text_at(send(), "entry.0.response.status"), "201 Created");
  const Response again = send();
  EXPECT_EQ(text_at(again, "entry.0.response.status"), "200 OK");
  EXPECT_EQ(text_at(again, "entry.1.response.status"), "200 OK");
  EXPECT_EQ(world.simulator.version_count(), 2u);
  world.post("Patient", kPatient);
  EXPECT_EQ(send().status, 412);
}

TEST(Transaction, TwoEntriesWithOneConditionMakeOneResource) {
  World world;
  const Response done = world.post(
      "",
      bundle("transaction",
             {
                 entry("POST", "Patient", kPatient, "urn:uuid:a", R"(,"ifNoneExist":"identifier=s|1")"),
                 entry("POST", "Patient", kPatient, "urn:uuid:b", R"(,"ifNoneExist":"identifier=s|1")"),
                 entry("POST", "Observation", R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:b"}})"),
             }));
  EXPECT_EQ(text_at(done, "entry.0.response.status"), "201 Created");
  EXPECT_EQ(text_at(done, "entry.1.response.status"), "200 OK");
  EXPECT_EQ(text_at(world.get("Observation"), "entry.0.resource.subject.reference"),
            "Patient/" + ids_of(world.get("Patient")));
}

TEST(Transaction, ResolvesConditionalReferencesOrKeepsThem) {
  World world;
  world.put("Practitioner/d",
            R"({"resourceType":"Practitioner","id":"d","identifier":[{"system":"npi","value":"1"}]})");
  const auto send = [&](std::string_view value) {
    return world.post(
        "",
        bundle(
            "transaction",
            {entry(
                "PUT", "Encounter/e",
                R"({"resourceType":"Encounter","id":"e","participant":[{"individual":{"reference":"Practitioner?identifier=npi|)" +
                    std::string(value) + R"("}}]})")}));
  };
  EXPECT_EQ(send("1").status, 200);
  EXPECT_EQ(text_at(world.get("Encounter/e"), "participant.0.individual.reference"), "Practitioner/d");
  EXPECT_EQ(send("2").status, 200);
  EXPECT_EQ(text_at(world.get("Encounter/e"), "participant.0.individual.reference"), "Practitioner?identifier=npi|2");
  world.put("Practitioner/f",
            R"({"resourceType":"Practitioner","id":"f","identifier":[{"system":"npi","value":"1"}]})");
  EXPECT_EQ(send("1").status, 412);
}

TEST(Transaction, RefusesBundlesThatContradictThemselves) {
  World world;
  const std::string p1 = R"({"resourceType":"Patient","id":"p1"})";
  const std::vector<std::vector<std::string>> kBad = {
      {entry("PUT", "Patient/p1", p1), entry("DELETE", "Patient/p1")},
      {entry("POST", "Patient", kPatient, "urn:uuid:a"), entry("POST", "Patient", kPatient, "urn:uuid:a")},
      {entry("POST", "Patient")},
      {entry("POST", "Observation", kPatient)},
      {entry("POST", "Patient/p1", p1)},
      {entry("PUT", "Patient?identifier=1", p1)},
      {entry("PATCH", "Patient/p1", p1)},
      {entry("POST", "Nonsense", R"({"resourceType":"Nonsense"})")},
      {entry("POST", "http://elsewhere.example/fhir/Patient", kPatient)},
      {R"({"resource":{"resourceType":"Patient"}})"},
  };
  for (const auto& entries : kBad) {
    const Response refused = world.post("", bundle("transaction", entries));
    EXPECT_EQ(refused.status, 400) << bundle("transaction", entries);
    EXPECT_NE(text_at(refused, "issue.0.diagnostics").find("Bundle.entry["), std::string::npos) << refused.body;
  }
  EXPECT_EQ(world.post("", bundle("collection", {})).status, 400);
  EXPECT_EQ(world.simulator.version_count(), 0u);
}

TEST(Transaction, ReadsWhatItWrote) {
  World world;
  const Response done = world.post("",
                                   bundle("transaction",
                                          {
                                              entry("GET", "Patient?identifier=s|1"),
                                              entry("GET", "Patient/nobody"),
                                              entry("POST", "Patient", kPatient),
                                          }),
                                   {{"Prefer", "return=representation"}});
  EXPECT_EQ(text_at(done, "entry.0.resource.total"), "1");
  EXPECT_EQ(text_at(done, "entry.1.response.status"), "404 Not Found");
  EXPECT_EQ(text_at(done, "entry.1.response.outcome.resourceType"), "OperationOutcome");
  EXPECT_EQ(text_at(done, "entry.2.resource.resourceType"), "Patient");
}

TEST(Batch, TakesEachEntryOnItsOwn) {
  World world;
  const Response done =
      world.post("", bundle("batch", {
                                         entry("POST", "Patient", kPatient, {}, R"(,"ifNoneExist":"identifier=s|1")"),
                                         entry("POST", "Patient", kPatient, {}, R"(,"ifNoneExist":"identifier=s|1")"),
                                         entry("PUT", "Patient/x", R"({"resourceType":"Patient","id":"y"})"),
                                         entry("GET", "Patient?_summary=count"),
                                         entry("PATCH", "Patient/x"),
                                     }));
  ASSERT_EQ(done.status, 200);
  EXPECT_EQ(text_at(done, "type"), "batch-response");
  EXPECT_EQ(text_at(done, "entry.0.response.status"), "201 Created");
  EXPECT_EQ(text_at(done, "entry.0.response.lastModified"), "2026-11-22T09:30:00.123Z");
  EXPECT_EQ(text_at(done, "entry.1.response.status"), "200 OK");
  EXPECT_EQ(text_at(done, "entry.2.response.status"), "400 Bad Request");
  EXPECT_EQ(text_at(done, "entry.3.resource.total"), "1");
  EXPECT_EQ(text_at(done, "entry.4.response.outcome.issue.0.code"), "invalid");
}

}  // namespace
}  // namespace bhi::sim::testing
