// The real server over real sockets.
#include "ehr_sim/server.h"
#include "tests/ehr_sim/support/socket_client.h"
#include "tests/ehr_sim/support/world.h"

#include <atomic>
#include <thread>
#include <vector>

namespace bhi::sim::testing {
namespace {

class Serving : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerLimits limits;
    limits.max_body_bytes = 100'000;
    auto started = Server::start("127.0.0.1:0", front, pause, limits);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server = *std::move(started);
  }
  std::string ask(std::string_view method, std::string_view path, std::string_view body = {},
                  std::string_view headers = {}) {
    return exchange(server->port(), method, path, body, headers);
  }

  World world;
  Pause pause;
  Front front{world.simulator, [this] { return world.now; },
              [this](std::chrono::milliseconds time) { pause.wait(time); }};
  std::unique_ptr<Server> server;
};

constexpr const char* kPatient = R"({"resourceType":"Patient","id":"p1"})";

TEST_F(Serving, AnswersWithDateAndTheBaseThatTheClientUsed) {
  const std::string made = ask("PUT", "/fhir/Patient/p1", kPatient);
  EXPECT_EQ(status_of(made), 201) << made;
  EXPECT_NE(made.find("\r\nDate: "), std::string::npos);
  EXPECT_NE(made.find("\r\nETag: W/\"1\"\r\n"), std::string::npos);
  EXPECT_NE(made.find("\r\nLocation: http://ehr.example:80/fhir/Patient/p1/_history/1\r\n"), std::string::npos) << made;
  EXPECT_NE(made.find("\r\nContent-Type: application/fhir+json; charset=utf-8\r\n"), std::string::npos);
  EXPECT_NE(ask("GET", "/").find("\r\nDate: "), std::string::npos);
}

TEST_F(Serving, ServesManyRequestsOnOneConnection) {
  SocketClient client(server->port());
  ASSERT_TRUE(client.connected());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.send(request_text("PUT", "/fhir/Patient/p1", kPatient)));
    EXPECT_EQ(status_of(client.answer()), i == 0 ? 201 : 200);
    ASSERT_TRUE(client.send(request_text("DELETE", "/fhir/Patient/nobody")));
    EXPECT_EQ(status_of(client.answer()), 204);
    ASSERT_TRUE(client.send(
        request_text("HEAD", "/fhir/Patient/p1", {}, "If-None-Match: W/\"" + std::to_string(i + 1) + "\"\r\n")));
    EXPECT_EQ(status_of(client.answer()), 304);
  }
}

TEST_F(Serving, LosesAnAnswerAfterTheWorkIsDone) {
  ask("POST", "/_sim/faults", R"({"lose_answer":{"method":"PUT"}})");
  EXPECT_EQ(ask("PUT", "/fhir/Patient/p1", kPatient), "");
  EXPECT_EQ(status_of(ask("GET", "/fhir/Patient/p1")), 200);
}

TEST_F(Serving, CutsAnAnswerInTheMiddle) {
  ask("PUT", "/fhir/Patient/p1", kPatient);
  ask("POST", "/_sim/faults", R"({"cut":{"at":10}})");
  const std::string cut = ask("GET", "/fhir/Patient/p1");
  EXPECT_EQ(status_of(cut), 200);
  EXPECT_EQ(cut.substr(cut.find("\r\n\r\n") + 4), "{\"resource");
  const std::string whole = ask("GET", "/fhir/Patient/p1");
  EXPECT_EQ(whole.back(), '}');
}

TEST_F(Serving, RefusesABodyThatIsTooLongWithoutReadingIt) {
  SocketClient client(server->port());
  ASSERT_TRUE(
      client.send("POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: "
                  "1000000000\r\n\r\n{"));
  EXPECT_EQ(status_of(client.answer()), 413);
  SocketClient chunked(server->port());
  chunked.send(
      "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  const std::string piece = "4000\r\n" + std::string(0x4000, ' ') + "\r\n";
  for (int i = 0; i < 10 && chunked.send(piece); ++i) {
  }
  EXPECT_EQ(status_of(chunked.answer()), 413);
  EXPECT_EQ(world.simulator.version_count(), 0u);
}

TEST_F(Serving, TakesAChunkedBodyAndRefusesATornOne) {
  const std::string head =
      "PUT /fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  SocketClient client(server->port());
  client.send(head + "5\r\n{\"res\r\n23\r\nourceType\":\"Patient\",\"id\":\"p1\"    }\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 201);
  {
    SocketClient torn(server->port());
    torn.send(
        "PUT /fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: "
        "400\r\n\r\n" +
        std::string(kPatient));
  }
  server->stop();
  EXPECT_EQ(world.simulator.version_count(), 1u);
}

TEST_F(Serving, KeepsServingAfterNonsense) {
  for (const char* nonsense : {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x01",
                               "POST /fhir HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET /%00 HTTP/1.1\r\n\r\n",
                               "GET /fhir/Patient?a=%zz HTTP/1.1\r\nHost: a b<script>\r\n\r\n"}) {
    SocketClient client(server->port());
    client.send(nonsense);
  }
  EXPECT_EQ(status_of(ask("GET", "/fhir/metadata")), 200);
}

TEST_F(Serving, TrustsNoHostHeaderIntoItsLinks) {
  SocketClient client(server->port());
  client.send(
      "PUT /fhir/Patient/p1 HTTP/1.1\r\nHost: evil\"<x>\r\nContent-Type: application/fhir+json\r\nContent-Length: " +
      std::to_string(std::string(kPatient).size()) + "\r\n\r\n" + kPatient);
  const std::string made = client.answer();
  EXPECT_NE(made.find("Location: " + server->base() + "/Patient/p1"), std::string::npos) << made;
}

TEST_F(Serving, ServesManyClientsAtOnce) {
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&, i] {
        SocketClient client(server->port());
        for (int n = 0; n < 25; ++n) {
          const std::string body =
              R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"identifier":[{"value":")" +
              std::to_string(i * 100 + n) + R"("}]})";
          client.send(request_text("POST", "/fhir/Observation", body,
                                   "If-None-Exist: identifier=" + std::to_string(i * 100 + n) + "\r\n"));
          if (status_of(client.answer()) == 201) ++made;
          client.send(request_text("GET", "/fhir/Observation?_count=3&_sort=-_lastUpdated"));
          EXPECT_EQ(status_of(client.answer()), 200);
        }
      });
    }
  }
  EXPECT_EQ(made, 400);
  EXPECT_EQ(world.simulator.version_count(), 400u);
}

TEST_F(Serving, StopsAtOnceThoughClientsLinger) {
  ask("POST", "/_sim/faults", R"({"delay_ms":{"ms":60000,"type":"metadata"}})");
  SocketClient idle(server->port());
  idle.send(request_text("GET", "/fhir/Patient"));
  idle.answer();
  SocketClient half(server->port());
  half.send("POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{");
  SocketClient waiting(server->port());
  waiting.send(request_text("GET", "/fhir/metadata"));
  // The delayed request has begun when its fault is used up.
  while (front.faults().size() > 0) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  // A quarter of a second on a quiet machine; what must not happen is waiting for any of the three clients.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_FALSE(SocketClient(server->port()).connected());
}

TEST(Listening, SaysWhyAnAddressCannotBeHad) {
  World world;
  Pause pause;
  Front front(
      world.simulator, [] { return Instant{}; }, [](std::chrono::milliseconds) {});
  const auto first = Server::start("127.0.0.1:0", front, pause);
  ASSERT_TRUE(first.ok());
  for (const std::string& address :
       {"127.0.0.1:" + std::to_string((*first)->port()), std::string("nonsense"), std::string("300.1.1.1:80")}) {
    const auto second = Server::start(address, front, pause);
    ASSERT_FALSE(second.ok()) << address;
    EXPECT_NE(second.error().message.find("listen "), std::string::npos) << second.error().message;
  }
}

}  // namespace
}  // namespace bhi::sim::testing
