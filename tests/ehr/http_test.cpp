// The door to libcurl: whom it talks to, what it sends, and what it says became of a request.
#include "ehr/http.h"

#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace bhi::ehr {
namespace {

using test::answer;
using test::Heard;
using test::json_answer;
using test::TinyServer;
using namespace std::chrono_literals;

std::unique_ptr<Http> open(HttpSettings settings) {
  settings.user_agent = "bhi-adapter/test";
  auto http = Http::open(settings);
  EXPECT_TRUE(http.ok()) << http.error().message;
  return std::move(*http);
}

Request get(std::string url) {
  return {.method = Method::Get, .url = std::move(url), .headers = {}, .bearer = {}, .body = {}};
}
Request post(std::string url, std::string body) {
  return {.method = Method::Post, .url = std::move(url), .headers = {}, .bearer = {}, .body = std::move(body)};
}

TEST(Http, SendsWhatItWasGivenAndKeepsTheHeadersThatCount) {
  TinyServer server([](const Heard&) {
    return json_answer(201, "{}", "ETag: W/\"3\"\r\nLocation: Observation/7/_history/3\r\nretry-after: 9\r\n");
  });
  auto http = open({.base_url = server.base() + "/"});
  EXPECT_EQ(http->base(), server.base());
  Request request = post(http->base() + "/Observation", "{\"a\":1}");
  request.headers = {"If-None-Exist: identifier=x"};
  request.bearer = "secret";
  const Response response = http->send(request);
  ASSERT_EQ(response.what, Response::What::Answered) << response.reason;
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "{}");
  EXPECT_EQ(response.etag, "W/\"3\"");
  EXPECT_EQ(response.location, "Observation/7/_history/3");
  EXPECT_EQ(response.retry_after, "9");
  ASSERT_EQ(server.heard().size(), 1u);
  const Heard heard = server.heard()[0];
  EXPECT_EQ(heard.method, "POST");
  EXPECT_EQ(heard.target, "/fhir/Observation");
  EXPECT_EQ(heard.body, "{\"a\":1}");
  EXPECT_EQ(heard.headers.at("if-none-exist"), "identifier=x");
  EXPECT_EQ(heard.headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(heard.headers.at("user-agent"), "bhi-adapter/test");
  EXPECT_FALSE(heard.headers.contains("expect"));
}

TEST(Http, ReusesItsConnectionForReads) {
  TinyServer server([](const Heard&) { return json_answer(200, "{}"); });
  auto http = open({.base_url = server.base()});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(http->send(get(http->base() + "/Patient/1")).status, 200);
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Http, SaysNotSentWhenNobodyListens) {
  auto http = open({.base_url = "http://127.0.0.1:" + std::to_string(test::silent_port()) + "/fhir"});
  const Response response = http->send(post(http->base() + "/Observation", "{}"));
  EXPECT_EQ(response.what, Response::What::NotSent);
  EXPECT_FALSE(response.reason.empty());
}

TEST(Http, SaysLostWhenTheConnectionEndsBeforeTheAnswerAndNeverSendsAWriteTwice) {
  TinyServer server([](const Heard& heard) { return heard.method == "GET" ? json_answer(200, "{}") : std::string(); });
  auto http = open({.base_url = server.base()});
  // A kept connection is there for the taking; libcurl would repeat on a new one what is lost on a kept one.
  ASSERT_EQ(http->send(get(http->base() + "/Patient/1")).status, 200);
  const Response response = http->send(post(http->base() + "/Observation", "{}"));
  EXPECT_EQ(response.what, Response::What::Lost);
  EXPECT_EQ(server.heard().size(), 2u);
}

TEST(Http, SaysLostWhenTheAnswerIsCutShort) {
  TinyServer server([](const Heard&) {
    return std::string("HTTP/1.1 201 Created\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"half\":");
  });
  auto http = open({.base_url = server.base()});
  const Response response = http->send(post(http->base() + "/Observation", "{}"));
  EXPECT_EQ(response.what, Response::What::Lost);
  EXPECT_EQ(response.status, 201);
  EXPECT_TRUE(response.body.empty());
}

TEST(Http, SaysLostWhenTheAnswerTakesTooLong) {
  TinyServer server([](const Heard&) {
    std::this_thread::sleep_for(600ms);
    return json_answer(200, "{}");
  });
  auto http = open({.base_url = server.base(), .total_timeout = 150ms});
  EXPECT_EQ(http->send(post(http->base() + "/Observation", "{}")).what, Response::What::Lost);
}

TEST(Http, DoesNotFollowARedirect) {
  TinyServer server([](const Heard&) { return answer(307, "Location: http://127.0.0.2/fhir/Patient/1\r\n", ""); });
  auto http = open({.base_url = server.base()});
  const Response response = http->send(get(http->base() + "/Patient/1"));
  EXPECT_EQ(response.what, Response::What::Answered);
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(server.heard().size(), 1u);
}

TEST(Http, StopsAtTheBodyLimitAlsoWhenChunked) {
  TinyServer server([](const Heard&) {
    std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    for (int i = 0; i < 100; ++i) bytes += "400\r\n" + std::string(1024, 'x') + "\r\n";
    return bytes + "0\r\n\r\n";
  });
  auto http = open({.base_url = server.base(), .max_body_bytes = 10'000});
  const Response response = http->send(get(http->base() + "/Patient/1"));
  EXPECT_EQ(response.what, Response::What::Lost);
  EXPECT_EQ(response.reason, "the answer is longer than 10000 bytes");
}

TEST(Http, StopsAtTheBodyLimitAfterDecompression) {
  // 100,000 zero bytes.
  const std::vector<unsigned char> bomb = {
      31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1,   0,  0, 0,   194, 160, 245, 79,  109, 13, 15, 160, 0, 0,
      0,  0,   0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,  0,   0,  0, 0,   0,   0,   0,   0,   0,   0,  0,  0,   0, 0,
      0,  0,   0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,  0,   0,  0, 0,   0,   0,   0,   0,   0,   0,  0,  0,   0, 0,
      0,  0,   0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,  0,   0,  0, 0,   0,   0,   0,   0,   0,   0,  0,  0,   0, 0,
      0,  0,   0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,  128, 87, 3, 125, 149, 17,  212, 160, 134, 1,  0,
  };
  const std::string packed(bomb.begin(), bomb.end());
  TinyServer server([packed](const Heard&) { return answer(200, "Content-Encoding: gzip\r\n", packed); });
  auto small = open({.base_url = server.base(), .max_body_bytes = 10'000});
  EXPECT_EQ(small->send(get(small->base() + "/Patient/1")).reason, "the answer is longer than 10000 bytes");
  auto large = open({.base_url = server.base(), .max_body_bytes = 100'000});
  EXPECT_EQ(large->send(get(large->base() + "/Patient/1")).body.size(), 100'000u);
}

TEST(Http, StopsAtEndlessHeaders) {
  TinyServer server([](const Heard&) {
    std::string bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    for (int i = 0; i < 400; ++i) bytes += "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
    return bytes + "\r\n";
  });
  auto http = open({.base_url = server.base()});
  EXPECT_EQ(http->send(get(http->base() + "/Patient/1")).what, Response::What::Lost);
}

TEST(Http, RefusesATokenOrHeaderThatWouldBecomeTwo) {
  TinyServer server([](const Heard&) { return json_answer(200, "{}"); });
  auto http = open({.base_url = server.base()});
  Request request = get(http->base() + "/Patient/1");
  request.bearer = "a\r\nX-Evil: 1";
  EXPECT_EQ(http->send(request).what, Response::What::NotSent);
  request.bearer.clear();
  request.headers = {"If-None-Exist: a\nX-Evil: 1"};
  EXPECT_EQ(http->send(request).what, Response::What::NotSent);
  EXPECT_TRUE(server.heard().empty());
}

TEST(Http, SpeaksTlsWhenHttpsIsConfigured) {
  TinyServer server([](const Heard&) { return json_answer(200, "{}"); });
  auto http =
      open({.base_url = "https://127.0.0.1:" + std::to_string(server.port()) + "/fhir", .connect_timeout = 300ms});
  EXPECT_EQ(http->send(get(http->base() + "/Patient/1")).what, Response::What::NotSent);
  EXPECT_TRUE(server.heard().empty());
}

TEST(Http, FollowsLinksOfItsOwnOriginOnly) {
  auto http = open({.base_url = "https://ehr.example/fhir/r4"});
  const auto link = [&](std::string_view text) {
    const auto found = http->same_origin(text);
    return found ? *found : "refused: " + std::string(name(found.error().kind));
  };
  EXPECT_EQ(link("https://ehr.example/fhir/r4?_getpages=1&b=%7C"), "https://ehr.example/fhir/r4?_getpages=1&b=%7C");
  EXPECT_EQ(link("https://EHR.example:443/other?x"), "https://EHR.example:443/other?x");
  EXPECT_EQ(link("Patient?page=2"), "https://ehr.example/fhir/r4/Patient?page=2");
  EXPECT_EQ(link("/fhir/r4/Patient?page=2"), "https://ehr.example/fhir/r4/Patient?page=2");
  for (const char* text :
       {"http://ehr.example/fhir/r4?page=2", "https://ehr.example:8443/fhir", "https://ehr.example.attacker.com/fhir",
        "https://ehr.example@attacker.com/fhir", "https://user:pw@ehr.example/fhir", "//attacker.com/fhir",
        "https://ehr.exampl\xc3\xa9/fhir", "file:///etc/passwd", "gopher://ehr.example/", "", "https://",
        "ftp://ehr.example/", "https://ehr.example\\@attacker.com/", "https:///attacker.com/",
        "https://ehr.example./fhir", "https://ehr.example/fhir\r\nX: y"}) {
    EXPECT_EQ(link(text), "refused: forbidden") << text;
  }
}

TEST(Http, SendsNoRequestToAnotherOrigin) {
  TinyServer server([](const Heard&) { return json_answer(200, "{}"); });
  auto http = open({.base_url = "http://127.0.0.1:" + std::to_string(test::silent_port()) + "/fhir"});
  EXPECT_EQ(http->send(get(server.base() + "/Patient/1")).what, Response::What::NotSent);
  EXPECT_TRUE(server.heard().empty());
}

TEST(Http, NamesWhatIsWrongWithABaseUrl) {
  const auto error = [](HttpSettings settings) {
    auto http = Http::open(settings);
    return http ? std::string() : std::string(name(http.error().kind)) + ": " + http.error().message;
  };
  EXPECT_EQ(error({.base_url = "http://ehr.example/fhir"}),
            "incorrect: base_url: expected https, found http to a host that is not this machine");
  EXPECT_EQ(error({.base_url = "http://ehr.example/fhir", .allow_plain_http = true}), "");
  EXPECT_EQ(error({.base_url = "http://localhost:8080/fhir"}), "");
  EXPECT_EQ(error({.base_url = "http://[::1]:8080/fhir"}), "");
  EXPECT_NE(error({.base_url = "http://127.attacker.com/fhir"}), "");
  EXPECT_EQ(error({.base_url = "ftp://ehr.example/fhir"}), "incorrect: base_url: expected https, found ftp");
  EXPECT_EQ(error({.base_url = "https://me:pw@ehr.example/fhir"}),
            "incorrect: base_url: expected no user or password inside; tokens are configured apart");
  EXPECT_EQ(error({.base_url = "https://ehr.example/fhir?x=1"}),
            "incorrect: base_url: expected no query and no fragment");
  EXPECT_NE(error({.base_url = ""}), "");
  EXPECT_NE(error({.base_url = "ehr.example/fhir"}), "");
}

TEST(Http, ShowsAnAddressWithoutWhatItAsksFor) {
  EXPECT_EQ(shown("https://ehr.example/fhir/Patient?name=Smith&_count=5"), "/fhir/Patient?name&_count");
  EXPECT_EQ(shown("https://ehr.example?token=x"), "?token");
  EXPECT_EQ(shown("Patient/1"), "Patient/1");
}

}  // namespace
}  // namespace bhi::ehr
