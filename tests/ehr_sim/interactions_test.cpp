// Read, create, update, delete and history of one resource.
#include "tests/ehr_sim/support/world.h"

#include <thread>
#include <vector>

namespace bhi::sim::testing {
namespace {

constexpr const char* kPatient = R"({"resourceType":"Patient","id":"p1","active":true})";

TEST(Create, SaysWhereItIsAndStampsTheVersion) {
  World world;
  const Response made =
      world.post("Patient", R"({"resourceType":"Patient","id":"mine","meta":{"versionId":"77","profile":["x"]}})");
  EXPECT_EQ(made.status, 201);
  const std::string id = text_at(made, "id");
  EXPECT_NE(id, "mine") << "the server gives the id";
  EXPECT_EQ(header(made.headers, "Location"), std::string(kBase) + "/Patient/" + id + "/_history/1");
  EXPECT_EQ(header(made.headers, "ETag"), "W/\"1\"");
  EXPECT_EQ(header(made.headers, "Last-Modified"), "Sun, 22 Nov 2026 09:30:00 GMT");
  EXPECT_EQ(text_at(made, "meta.versionId"), "1");
  EXPECT_EQ(text_at(made, "meta.lastUpdated"), "2026-11-22T09:30:00.123Z");
  EXPECT_EQ(text_at(made, "meta.profile.0"), "x");
}

TEST(Create, KeepsDecimalsUnknownElementsAndPrimitiveExtensionsAsGiven) {
  World world;
  const Response made = world.post(
      "Observation",
      R"({"resourceType":"Observation","status":"final","code":{"text":"\u00e9\\"},"valueQuantity":{"value":1.50},)"
      R"("odd":[1e2,-0.0,null,{"a":[]}],"_status":{"extension":[{"url":"u","valueDecimal":0.10}]}})");
  const std::string body = world.get("Observation/" + text_at(made, "id")).body;
  for (const char* part : {"\"value\":1.50}", "\"odd\":[1e2,-0.0,null,{\"a\":[]}]",
                           "\"_status\":{\"extension\":[{\"url\":\"u\",\"valueDecimal\":0.10}]}"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
  }
}

TEST(Create, RefusesBodiesThatAreNotTheResource) {
  World world;
  EXPECT_EQ(world.post("Patient", "{").status, 400);
  EXPECT_EQ(world.post("Patient", R"({"resourceType":"Group"})").status, 400);
  EXPECT_EQ(world.post("Patient", R"({"active":true})").status, 400);
  EXPECT_EQ(world.post("Patient", R"({"resourceType":"Patient","active":true,"active":false})").status, 400);
  EXPECT_EQ(
      world
          .post("Patient", "{\"resourceType\":\"Patient\",\"x\":" + std::string(100, '[') + std::string(100, ']') + "}")
          .status,
      400);
  EXPECT_EQ(world.post("Patient", kPatient, {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(
      world.post("Patient", kPatient, {{"Content-Type", "application/fhir+json"}, {"Content-Encoding", "gzip"}}).status,
      415);
  EXPECT_EQ(world.simulator.version_count(), 0u);
}

TEST(ConditionalCreate, MakesOneFindsOneAndRefusesToChoose) {
  World world;
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"s","value":"1"}]})";
  const Response made = world.post("Patient", body, {{"If-None-Exist", "identifier=s|1"}});
  EXPECT_EQ(made.status, 201);
  const Response found = world.post("Patient", body, {{"If-None-Exist", "identifier=s%7C1"}});
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(text_at(found, "id"), text_at(made, "id"));
  EXPECT_EQ(header(found.headers, "ETag"), "W/\"1\"");
  EXPECT_EQ(header(found.headers, "Location"), header(made.headers, "Location"));
  world.post("Patient", body);
  EXPECT_EQ(world.post("Patient", body, {{"If-None-Exist", "identifier=s|1"}}).status, 412);
  for (const char* bad : {"", "_count=1", "nonsense=1", "identifier"}) {
    EXPECT_EQ(world.post("Patient", body, {{"If-None-Exist", bad}}).status, 400) << bad;
  }
  EXPECT_EQ(world.simulator.version_count(), 2u);
}

TEST(ConditionalCreate, MakesOnlyOneWhenManyAskAtOnce) {
  World world;
  std::vector<std::jthread> clients;
  std::atomic<int> made = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const std::string value = std::to_string(n);
        const Response answer =
            world.post("Patient", R"({"resourceType":"Patient","identifier":[{"value":")" + value + R"("}]})",
                       {{"If-None-Exist", "identifier=" + value}});
        if (answer.status == 201) ++made;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(made, 50);
  EXPECT_EQ(world.simulator.version_count(), 50u);
}

TEST(Update, CountsVersionsEvenWhenNothingChanged) {
  World world;
  EXPECT_EQ(world.put("Patient/p1", kPatient).status, 201);
  const Response again = world.put("Patient/p1", kPatient);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(header(again.headers, "ETag"), "W/\"2\"");
  EXPECT_EQ(header(again.headers, "Location"), std::string(kBase) + "/Patient/p1/_history/2");
}

TEST(Update, HonoursIfMatch) {
  World world;
  world.put("Patient/p1", kPatient);
  EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-Match", "W/\"1\""}}).status, 200);
  EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-Match", "W/\"1\""}}).status, 412);
  EXPECT_EQ(world.put("Patient/p1", kPatient, {{"if-match", "W/\"2\""}}).status, 200);
  for (const char* bad : {"2", "W/2", "W/\"x\"", "W/\"1\", W/\"2\"", "\"\"", "*", ""}) {
    EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-Match", bad}}).status, 400) << bad;
  }
  EXPECT_EQ(world.put("Patient/p2", R"({"resourceType":"Patient","id":"p2"})", {{"If-Match", "W/\"1\""}}).status, 412);
  EXPECT_EQ(world.simulator.version_count(), 3u);
}

TEST(Update, LetsOnlyOneOfManyWritersWinEachVersion) {
  World world;
  world.put("Patient/p1", kPatient);
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&] {
        for (int version = 1; version <= 25; ++version) {
          if (world.put("Patient/p1", kPatient, {{"If-Match", "W/\"" + std::to_string(version) + "\""}}).status == 200)
            ++won;
        }
      });
    }
  }
  EXPECT_EQ(static_cast<std::size_t>(won) + 1, world.simulator.version_count());
}

TEST(Update, TheIdIsThatOfTheUrl) {
  World world;
  EXPECT_EQ(world.put("Patient/p2", kPatient).status, 400);
  EXPECT_EQ(world.put("Patient/p1", R"({"resourceType":"Patient"})").status, 400);
  EXPECT_EQ(world.put("Patient/%2E%2E", R"({"resourceType":"Patient","id":".."})").status, 400);
  EXPECT_EQ(world.put("Patient/a_b", R"({"resourceType":"Patient","id":"a_b"})").status, 400);
  EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-None-Match", "*"}}).status, 201);
  EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-None-Match", "*"}}).status, 412);
}

TEST(Update, CreatesOnlyWhereTheRulesAllowIt) {
  World world({.update_creates = false});
  EXPECT_EQ(world.put("Patient/p1", kPatient).status, 405);
  const std::string id = text_at(world.post("Patient", kPatient), "id");
  EXPECT_EQ(world.put("Patient/" + id, R"({"resourceType":"Patient","id":")" + id + "\"}").status, 200);
}

TEST(Delete, LeavesATombstoneThatCanBeRevived) {
  World world;
  world.put("Patient/p1", kPatient);
  const Response deleted = world.ask("DELETE", "Patient/p1");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(header(deleted.headers, "ETag"), "W/\"2\"");
  EXPECT_EQ(world.get("Patient/p1").status, 410);
  EXPECT_EQ(world.get("Patient/p1/_history/2").status, 410);
  EXPECT_EQ(world.get("Patient/p1/_history/1").status, 200);
  EXPECT_EQ(world.ask("DELETE", "Patient/p1").status, 204);
  EXPECT_EQ(world.ask("DELETE", "Patient/nobody").status, 204);
  EXPECT_EQ(world.simulator.version_count(), 2u) << "deleting again changes nothing";
  const Response revived = world.put("Patient/p1", kPatient);
  EXPECT_EQ(revived.status, 201);
  EXPECT_EQ(header(revived.headers, "ETag"), "W/\"3\"");
  EXPECT_EQ(world.ask("DELETE", "Patient/p1", {{"If-Match", "W/\"1\""}}).status, 412);
}

TEST(Read, AnswersUnchangedWhenNothingChanged) {
  World world;
  world.put("Patient/p1", kPatient);
  const Response same = world.get("Patient/p1", {{"If-None-Match", "W/\"1\""}});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(world.get("Patient/p1", {{"If-None-Match", "W/\"9\""}}).status, 200);
  EXPECT_EQ(world.get("Patient/nobody").status, 404);
  EXPECT_EQ(world.get("Patient/p1/_history/9").status, 404);
  EXPECT_EQ(world.get("Patient/p1/_history/x").status, 404);
}

TEST(History, TellsHowEachVersionCameToBe) {
  World world;
  const std::string id = text_at(world.post("Patient", kPatient), "id");
  world.put("Patient/" + id, R"({"resourceType":"Patient","id":")" + id + "\"}");
  world.ask("DELETE", "Patient/" + id);
  const Response history = world.get("Patient/" + id + "/_history");
  EXPECT_EQ(text_at(history, "type"), "history");
  EXPECT_EQ(text_at(history, "total"), "3");
  EXPECT_EQ(text_at(history, "entry.0.request.method"), "DELETE");
  EXPECT_EQ(text_at(history, "entry.0.resource.id"), "");
  EXPECT_EQ(text_at(history, "entry.1.request.method"), "PUT");
  EXPECT_EQ(text_at(history, "entry.1.response.status"), "200 OK");
  EXPECT_EQ(text_at(history, "entry.2.request.method"), "POST");
  EXPECT_EQ(text_at(history, "entry.2.request.url"), "Patient");
  EXPECT_EQ(text_at(history, "entry.2.response.etag"), "W/\"1\"");
  const Response page = world.get("Patient/" + id + "/_history?_count=2");
  EXPECT_EQ(text_at(world.get(below_base(link_of(page, "next"))), "entry.0.request.method"), "POST");
  EXPECT_EQ(world.get("Patient/nobody/_history").status, 404);
  EXPECT_EQ(world.get("Patient/" + id + "/_history?_at=2026").status, 400);
}

TEST(Prefer, ChoosesWhatComesBack) {
  World world;
  const Response minimal = world.put("Patient/p1", kPatient, {{"Prefer", "return=minimal"}});
  EXPECT_EQ(minimal.status, 201);
  EXPECT_TRUE(minimal.body.empty());
  EXPECT_EQ(header(minimal.headers, "ETag"), "W/\"1\"");
  EXPECT_EQ(text_at(world.put("Patient/p1", kPatient, {{"Prefer", "return=OperationOutcome"}}), "resourceType"),
            "OperationOutcome");
}

TEST(Time, NeverRunsBackwards) {
  World world;
  world.put("Patient/p1", kPatient);
  world.now -= std::chrono::hours(1);
  EXPECT_EQ(text_at(world.put("Patient/p1", kPatient), "meta.lastUpdated"), "2026-11-22T09:30:00.123Z");
}

TEST(Routes, NameWhatIsNotThere) {
  World world;
  EXPECT_EQ(world.get("Nonsense").status, 404);
  EXPECT_EQ(world.get("Patient/1/other").status, 404);
  EXPECT_EQ(world.get("Patient/$everything").status, 404);
  EXPECT_EQ(world.get("Patient/1/_history/1/2").status, 404);
  const Response patch = world.ask("PATCH", "Patient/p1", {}, "{}");
  EXPECT_EQ(patch.status, 405);
  EXPECT_EQ(header(patch.headers, "Allow"), "GET, PUT, DELETE");
  EXPECT_EQ(world.put("Patient", kPatient).status, 405);
  EXPECT_EQ(world.get("").status, 405);
  EXPECT_EQ(world.get("metadata", {{"Accept", "application/fhir+xml"}}).status, 406);
  EXPECT_EQ(world.ask("HEAD", "metadata").status, 200);
}

TEST(Journal, AWriteThatCannotBeKeptDidNotHappen) {
  bool broken = false;
  World world({}, [&](std::span<const VersionPtr>) {
    return broken ? Result<void>(Error{Kind::Fault, "disk"}) : Result<void>();
  });
  EXPECT_EQ(world.put("Patient/p1", kPatient).status, 201);
  broken = true;
  EXPECT_EQ(world.put("Patient/p1", kPatient).status, 500);
  EXPECT_EQ(text_at(world.get("Patient/p1"), "meta.versionId"), "1");
}

}  // namespace
}  // namespace bhi::sim::testing
