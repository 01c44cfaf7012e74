// The simulator's notifications: who is told of what, in which form, and how they go wrong on purpose.
#include "ehr_sim/subscriptions.h"

#include "base/hash.h"
#include "ehr_sim/front.h"
#include "ehr_sim/notifier.h"
#include "tests/ehr_sim/support/world.h"

#include <memory>

namespace bhi::sim::testing {
namespace {

using namespace std::chrono_literals;

class Telling : public ::testing::Test {
 protected:
  Telling() { subscriptions.set_base(std::string(kBase)); }

  std::string subscribe(const std::string& more, const std::string& channel) {
    const auto made = world.post(
        "Subscription", R"({"resourceType":"Subscription","status":"requested","reason":"t",)" + more +
                            R"(,"channel":{"type":"rest-hook","endpoint":"http://localhost/hook")" + channel + "}}");
    EXPECT_EQ(made.status, 201) << made.body;
    id = text_at(made, "id");
    settle();
    return id;
  }
  std::string by_topic(const std::string& content) {
    return subscribe(
        R"("criteria":"http://x/topics/Observation")",
        R"(,"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://x/backport-payload-content","valueCode":")" +
            content + R"("}]},"extension":[{"url":"http://x/backport-heartbeat-period","valueUnsignedInt":60}])");
  }
  void settle() {
    for (int i = 0; i < 6; ++i) {
      world.now += 500ms;
      subscriptions.step(world.now);
    }
  }
  void observe(const std::string& status) {
    const auto name = "o" + std::to_string(++observed);
    const auto made = world.put("Observation/" + name,
                                R"({"resourceType":"Observation","id":")" + name + R"(","status":")" + status + "\"}");
    ASSERT_EQ(made.status, 201);
  }
  std::string status() { return text_at(world.get("Subscription/" + id), "status"); }
  void change(std::string settings) {
    Request request;
    request.body = std::move(settings);
    EXPECT_EQ(subscriptions.change(request, world.now).status, 200);
  }
  std::optional<Response> operation(const std::string& path, const std::string& query = "") {
    Request request;
    request.method = "GET";
    request.path = "/fhir/" + path;
    request.query = query;
    return subscriptions.operation(request, world.now);
  }
  std::size_t mentioning(std::string_view word) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sent, [word](const Outgoing& one) { return one.body.find(word) != std::string::npos; }));
  }

  std::vector<Outgoing> sent;
  int answer = 200, observed = 0;
  std::string id;
  Subscriptions* listening = nullptr;
  World world{{}, [this](std::span<const VersionPtr> versions) -> Result<void> {
                if (listening != nullptr) listening->saw(versions);
                return {};
              }};
  Subscriptions subscriptions{world.simulator, [this](const Outgoing& what) {
                                sent.push_back(what);
                                return answer;
                              }};
  struct Listen {
    explicit Listen(Telling& test) { test.listening = &test.subscriptions; }
  } listen{*this};
};

TEST_F(Telling, ABackportSubscriptionIsGreetedAndThenActive) {
  by_topic("id-only");
  ASSERT_GE(sent.size(), 1u);
  EXPECT_NE(sent[0].body.find("handshake"), std::string::npos);
  EXPECT_EQ(sent[0].url, "http://localhost/hook");
  EXPECT_EQ(status(), "active");
}

TEST_F(Telling, AnEndpointThatRefusesTheHandshakeIsAnError) {
  answer = 401;
  by_topic("id-only");
  EXPECT_EQ(status(), "error");
  EXPECT_EQ(mentioning("handshake"), 3u);
}

TEST_F(Telling, EventsAreNumberedNamedAndKeptForEvents) {
  by_topic("full-resource");
  observe("final");
  observe("final");
  ASSERT_EQ(world.put("Patient/p1", R"({"resourceType":"Patient","id":"p1"})").status, 201);
  settle();
  EXPECT_EQ(mentioning("event-notification"), 2u) << "of its own type only";
  EXPECT_EQ(mentioning(R"("resourceType":"Observation","id":"o2")"), 1u);
  const auto count = operation("Subscription/" + id + "/$status");
  ASSERT_TRUE(count.has_value());
  EXPECT_NE(count->body.find(R"("name":"events-since-subscription-start","valueString":"2")"), std::string::npos)
      << count->body;
  const auto events =
      operation("Subscription/" + id + "/$events", "eventsSinceNumber=2&eventsUntilNumber=2&content=id-only");
  ASSERT_TRUE(events.has_value());
  EXPECT_NE(events->body.find("Observation/o2"), std::string::npos);
  EXPECT_EQ(events->body.find("Observation/o1"), std::string::npos);
  EXPECT_EQ(operation("Subscription/none/$status")->status, 404);
  EXPECT_FALSE(operation("Patient/p1").has_value());
}

TEST_F(Telling, HeartbeatsComeInSilence) {
  by_topic("empty");
  const auto before = mentioning("heartbeat");
  world.now += 61s;
  settle();
  EXPECT_EQ(mentioning("heartbeat"), before + 1);
}

TEST_F(Telling, R4CriteriaAreASearchAndDeletionsAreToldToo) {
  subscribe(R"("criteria":"Observation?status=final")",
            R"(,"payload":"application/fhir+json","header":["Authorization: Bearer a:b"])");
  EXPECT_EQ(status(), "active");
  observe("final");
  observe("preliminary");
  settle();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].method, "PUT");
  EXPECT_EQ(sent[0].url, "http://localhost/hook/Observation/o1");
  EXPECT_EQ(header(sent[0].headers, "Authorization"), "Bearer a:b");
  ASSERT_EQ(world.ask("DELETE", "Observation/o1").status, 204);
  settle();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].method, "DELETE");
}

TEST_F(Telling, OneThatWaitsToBeToldIsSilentUntilThen) {
  change(R"({"stay_requested":true,"notices":"medplum","cut_header":true})");
  subscribe(
      R"("criteria":"Observation","extension":[{"url":"https://www.medplum.com/fhir/StructureDefinition/subscription-secret","valueString":"k"}])",
      R"(,"header":["Authorization: Bearer a:b"])");
  EXPECT_EQ(status(), "requested");
  observe("final");
  settle();
  EXPECT_TRUE(sent.empty());
  auto text = world.get("Subscription/" + id).body;
  text.replace(text.find("requested"), 9, "active");
  ASSERT_EQ(world.put("Subscription/" + id, text).status, 200);
  settle();
  ASSERT_EQ(world.ask("DELETE", "Observation/o1").status, 204);
  settle();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(header(sent[0].headers, "X-Medplum-Deleted-Resource"), "Observation/o1");
  EXPECT_EQ(header(sent[0].headers, "Authorization"), "Bearer a");
  EXPECT_EQ(header(sent[0].headers, "X-Signature"), to_hex(hmac_sha256("k", "{}")));
}

TEST_F(Telling, LostDoubledRestartedForgedAndInErrorOnDemand) {
  by_topic("id-only");
  sent.clear();
  change(R"({"drop":1})");
  observe("final");
  settle();
  EXPECT_EQ(mentioning("event-notification"), 0u);
  change(R"({"drop":0,"double":1})");
  observe("final");
  settle();
  EXPECT_EQ(mentioning("event-notification"), 2u);
  change(R"({"double":0,"restart":true,"form":"SubscriptionStatus","bundle_type":"transaction"})");
  observe("final");
  settle();
  EXPECT_NE(sent.back().body.find(R"("type":"transaction")"), std::string::npos);
  EXPECT_NE(sent.back().body.find(R"("eventNumber":"1")"), std::string::npos) << sent.back().body;
  sent.clear();
  change(R"({"forge":3})");
  settle();
  EXPECT_EQ(sent.size(), 3u);
  change(R"({"error":true})");
  settle();
  EXPECT_EQ(status(), "error");
  Request unknown;
  unknown.body = R"({"dorp":1})";
  EXPECT_EQ(subscriptions.change(unknown, world.now).status, 400);
}

TEST(Notifier, CallsNobodyButThisMachine) {
  EXPECT_EQ(send_over_loopback({"POST", "http://198.51.100.7/hook", {}, ""}), 0);
  EXPECT_EQ(send_over_loopback({"POST", "https://localhost/hook", {}, ""}), 0);
  EXPECT_EQ(send_over_loopback({"POST", "not an address", {}, ""}), 0);
}

}  // namespace
}  // namespace bhi::sim::testing
