// Servers of another kind: what two open FHIR servers were seen to do, line by line.
#include "tests/ehr_sim/support/world.h"

namespace bhi::sim::testing {
namespace {

using namespace std::chrono_literals;

Rules rules_of(std::string_view name) {
  Rules rules;
  rules.profile = *profile_named(name);
  return rules;
}

constexpr const char* kPatient = R"({"resourceType":"Patient","gender":"female"})";

std::string with_id(const std::string& id, const std::string& rest = R"("gender":"female")") {
  return R"({"resourceType":"Patient","id":")" + id + "\"," + rest + "}";
}

struct Medplum : public ::testing::Test {
  std::string create(const std::string& body = kPatient) { return text_at(world.post("Patient", body), "id"); }
  World world{rules_of("medplum")};
};

TEST_F(Medplum, GivesUuidsAndTakesNoIdsOfClients) {
  const Response made = world.post("Patient", with_id("mine"));
  const std::string id = text_at(made, "id");
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(text_at(made, "meta.versionId").size(), 36u);
  EXPECT_EQ(header(made.headers, "ETag"), "W/\"" + text_at(made, "meta.versionId") + "\"");
  EXPECT_EQ(world.put("Patient/mine", with_id("mine")).status, 400);
  const std::string unknown = "00000000-0000-4000-a000-000000000000";
  EXPECT_EQ(world.put("Patient/" + unknown, with_id(unknown)).status, 404);
  EXPECT_NE(world.get("metadata").body.find("\"updateCreate\":false"), std::string::npos);
  EXPECT_EQ(world.get("Patient/" + id + "/_history/" + text_at(made, "meta.versionId")).status, 200);
}

TEST_F(Medplum, KeepsToAQuotedIfMatchAndOverwritesWithAnother) {
  const Response made = world.post("Patient", kPatient);
  const std::string id = text_at(made, "id");
  const std::string tag = header(made.headers, "ETag").data();
  EXPECT_EQ(world.put("Patient/" + id, with_id(id, R"("gender":"male")"), {{"If-Match", tag}}).status, 200);
  const Response stale = world.put("Patient/" + id, with_id(id, R"("gender":"other")"), {{"If-Match", tag}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(text_at(stale, "issue.0.code"), "processing");
  EXPECT_EQ(world.put("Patient/" + id, with_id(id, R"("gender":"other")"), {{"If-Match", "nonsense"}}).status, 200);
  EXPECT_EQ(
      world.get("Patient/" + id, {{"If-None-Match", header(world.get("Patient/" + id).headers, "ETag").data()}}).status,
      200)
      << "a read never answers 304";
  EXPECT_EQ(world.ask("HEAD", "Patient/" + id).status, 404);
}

TEST_F(Medplum, MakesNoVersionOfAPutThatChangesNothing) {
  const std::string id = create();
  const std::string before = text_at(world.get("Patient/" + id), "meta.versionId");
  world.now += 1h;
  const Response again = world.put("Patient/" + id, with_id(id));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(text_at(again, "meta.versionId"), before);
  EXPECT_EQ(world.simulator.version_count(), 1u);
}

TEST_F(Medplum, DeletesWithABodyAgainAndAgain) {
  const std::string id = create();
  for (int i = 0; i < 2; ++i) {
    const Response deleted = world.ask("DELETE", "Patient/" + id);
    EXPECT_EQ(deleted.status, 200);
    EXPECT_EQ(text_at(deleted, "resourceType"), "OperationOutcome");
  }
  EXPECT_EQ(world.get("Patient/" + id).status, 410);
  EXPECT_EQ(world.put("Patient/" + id, with_id(id)).status, 201);
}

TEST_F(Medplum, CutsZerosOfDecimalsAndPutsIdAndMetaLast) {
  const Response made = world.post(
      "Observation", R"({"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50,"unit":"1.50"}})");
  EXPECT_NE(made.body.find(R"("value":1.5,"unit":"1.50")"), std::string::npos) << made.body;
  EXPECT_LT(made.body.find("\"status\""), made.body.find("\"id\""));
  EXPECT_LT(made.body.find("\"id\""), made.body.find("\"meta\""));
}

TEST_F(Medplum, CountsIntoWhatMatchesAtTheMoment) {
  for (int i = 0; i < 45; ++i)
    create(R"({"resourceType":"Patient","identifier":[{"value":")" + std::to_string(i) + "\"}]}");
  const Response first = world.get("Patient");
  EXPECT_EQ(text_at(first, "total"), "");
  const std::string next = link_of(first, "next");
  EXPECT_NE(next.find("_offset=20"), std::string::npos) << next;
  // The first of the first page is edited: it is the last now, and the one behind the edge of the page is skipped.
  world.now += 1min;
  const std::string moved = text_at(first, "entry.0.resource.id");
  world.put("Patient/" + moved, with_id(moved, R"("gender":"male")"));
  const Response all = world.get("Patient?_count=1000");
  EXPECT_EQ(text_at(world.get(below_base(next)), "entry.0.resource.id"), text_at(all, "entry.20.resource.id"));
  EXPECT_EQ(text_at(all, "entry.44.resource.id"), moved);
  EXPECT_EQ(text_at(world.get("Patient?_total=accurate"), "total"), "45");
  EXPECT_EQ(world.get("Patient?_offset=10001").status, 400);
  EXPECT_EQ(world.get("Patient?_offset=10000").status, 200);
  EXPECT_EQ(world.get("Patient?_offset=10000").body.find("\"entry\""), std::string::npos);
  EXPECT_EQ(world.get("Patient?nonsense=1").status, 400);
}

TEST_F(Medplum, RefusesALargeBodyWith400AndSpeaksJsonWhateverIsAsked) {
  const std::string large = R"({"resourceType":"Patient","language":")" + std::string(1u << 20, 'x') + "\"}";
  const Response refused = world.post("Patient", large);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("File too large"), std::string::npos);
  EXPECT_EQ(world.get("Patient", {{"Accept", "application/fhir+xml"}}).status, 200);
  EXPECT_EQ(world.post("Patient", kPatient, {{"Prefer", "return=minimal"}}).body, "");
  EXPECT_EQ(text_at(world.post("Patient", kPatient, {{"Prefer", "return=OperationOutcome"}}), "resourceType"),
            "Patient");
}

constexpr const char* kTwo =
    R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
        {"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/x"}}]})";

TEST_F(Medplum, ATransactionHappensWholeAndAnswersWithBareLocations) {
  EXPECT_EQ(world.post("", kTwo).status, 400);
  EXPECT_EQ(world.simulator.version_count(), 0u);
  const Response done = world.post(
      "",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]})");
  EXPECT_EQ(text_at(done, "type"), "transaction-response");
  EXPECT_TRUE(text_at(done, "entry.0.response.location").starts_with("Patient/"));
  EXPECT_EQ(text_at(done, "entry.0.response.location").find("_history"), std::string::npos);
  EXPECT_EQ(text_at(done, "entry.0.response.etag"), "");
}

TEST_F(Medplum, WithoutTransactionsEachEntryStandsForItself) {
  World plain{rules_of("medplum-plain")};
  const Response done = plain.post("", kTwo);
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(text_at(done, "entry.0.response.status").starts_with("201"));
  EXPECT_TRUE(text_at(done, "entry.1.response.status").starts_with("400"));
  EXPECT_EQ(plain.simulator.version_count(), 1u);
}

TEST_F(Medplum, AnswersABundleLaterWhenAsked) {
  const Response accepted =
      world.post("", R"({"resourceType":"Bundle","type":"batch"})", {{"Prefer", "respond-async"}});
  EXPECT_EQ(accepted.status, 202);
  const std::string where(header(accepted.headers, "Content-Location"));
  EXPECT_NE(where.find("/job/"), std::string::npos);
  EXPECT_TRUE(where.ends_with("/status"));
  EXPECT_EQ(world.get(below_base(where)).status, 202);
  EXPECT_EQ(text_at(world.get(below_base(where)), "type"), "batch-response");
  EXPECT_EQ(world.get("job/none/status").status, 404);
}

TEST_F(Medplum, SaysBusyWithARateLimitHeaderOnly) {
  Rules rules = rules_of("medplum");
  rules.profile.calls_per_minute = 125;
  World small{rules};
  EXPECT_EQ(small.post("Patient", kPatient).status, 201);  // costs 100
  EXPECT_EQ(small.get("Patient").status, 200);             // 20
  for (int i = 0; i < 5; ++i) EXPECT_EQ(small.get("Patient/x").status, 404);
  const Response busy = small.get("Patient/x");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(header(busy.headers, "RateLimit"), "\"fhirInteractions\";r=0;t=60");
  EXPECT_EQ(header(busy.headers, "Retry-After"), "");
  small.now += 60s;
  EXPECT_EQ(small.get("Patient").status, 200);
}

struct Hapi : public ::testing::Test {
  World world{rules_of("hapi")};
};

TEST_F(Hapi, CountsItsIdsAndTakesNamesOfClients) {
  EXPECT_EQ(text_at(world.post("Patient", kPatient), "id"), "1");
  EXPECT_EQ(world.put("Patient/anna", with_id("anna")).status, 201);
  EXPECT_EQ(world.put("Patient/77", with_id("77")).status, 400);
  EXPECT_EQ(world.put("Patient/anna", with_id("anna"), {{"If-Match", "W/\"9\""}}).status, 409);
  EXPECT_EQ(text_at(world.put("Patient/anna", with_id("anna")), "meta.versionId"), "1");
  EXPECT_EQ(world.ask("DELETE", "Patient/anna").status, 200);
}

TEST_F(Hapi, PagesBySearchIdAreASnapshotAndExpire) {
  for (int i = 0; i < 45; ++i) world.post("Patient", kPatient);
  const Response first = world.get("Patient?_count=20");
  const std::string next = link_of(first, "next");
  ASSERT_TRUE(next.starts_with(std::string(kBase) + "?_getpages=")) << next;
  world.put("Patient/1", with_id("1", R"("gender":"male")"));
  const std::string query = next.substr(kBase.size());
  const Response second = world.get(query);
  EXPECT_EQ(text_at(second, "entry.0.resource.id"), "21");
  EXPECT_EQ(text_at(world.get(link_of(second, "next").substr(kBase.size())), "entry.4.resource.id"), "45");
  world.now += 61min;
  EXPECT_EQ(world.get(query).status, 410);
  EXPECT_EQ(world.get("?_getpages=none&_getpagesoffset=0").status, 410);
  EXPECT_EQ(world.get("").status, 400);
}

TEST_F(Hapi, GivesTheSameSearchItsFormerAnswerForAMinuteUnlessToldNotTo) {
  world.post("Patient", kPatient);
  EXPECT_EQ(ids_of(world.get("Patient?_count=20")), "1");
  world.now += 50s;
  world.post("Patient", kPatient);
  const Response again = world.get("Patient?_count=20");
  EXPECT_EQ(ids_of(again), "1");
  EXPECT_EQ(text_at(again, "meta.lastUpdated"), "2026-11-22T09:30:00.123Z") << "it says of when the answer is";
  EXPECT_EQ(ids_of(world.get("Patient?_count=20", {{"Cache-Control", "no-cache"}})), "1 2");
  world.now += 61s;
  EXPECT_EQ(ids_of(world.get("Patient?_count=20")), "1 2");
}

}  // namespace
}  // namespace bhi::sim::testing
