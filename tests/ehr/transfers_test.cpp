// Several requests under way on one thread: each has its own answer, and what is lost for one is lost for it alone.
#include "base/fibers.h"
#include "ehr/http.h"

#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using test::Heard;
using test::json_answer;
using test::TinyServer;

constexpr int kTogether = 6;

TEST(Transfers, OfOneThreadAreUnderWayTogether) {
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  // Nobody is answered before everybody has asked.
  TinyServer server([&](const Heard& heard) {
    std::unique_lock lock(mutex);
    ++here;
    all_here.notify_all();
    const bool together = all_here.wait_for(lock, 30s, [&] { return here >= kTogether; });
    return together ? json_answer(200, heard.body) : json_answer(500, "{}");
  });
  const auto http = Http::open({.base_url = server.base()});
  ASSERT_TRUE(http.ok());
  std::vector<std::string> answers(kTogether);
  Fibers fibers;
  for (int n = 0; n < kTogether; ++n) {
    fibers.start([&, n] {
      const std::string body = "{\"n\":" + std::to_string(n) + "}";
      const Response response =
          (*http)->send({.method = Method::Post, .url = server.base() + "/Observation", .body = body});
      answers[static_cast<std::size_t>(n)] = std::to_string(response.status) + " " + response.body;
    });
  }
  while (fibers.open() > 0) fibers.turn(10ms);
  for (int n = 0; n < kTogether; ++n) {
    EXPECT_EQ(answers[static_cast<std::size_t>(n)], "200 {\"n\":" + std::to_string(n) + "}");
  }
}

TEST(Transfers, ALostAnswerIsLostForItsOwnRequestOnly) {
  TinyServer server([](const Heard& heard) { return heard.target.ends_with("/lost") ? "" : json_answer(201, "{}"); });
  const auto http = Http::open({.base_url = server.base()});
  ASSERT_TRUE(http.ok());
  std::vector<Response> responses(3);
  Fibers fibers;
  const char* paths[] = {"/Observation", "/lost", "/Flag"};
  for (std::size_t n = 0; n < 3; ++n) {
    fibers.start([&, n] {
      responses[n] = (*http)->send({.method = Method::Post, .url = server.base() + paths[n], .body = "{}"});
    });
  }
  while (fibers.open() > 0) fibers.turn(10ms);
  EXPECT_EQ(responses[0].status, 201);
  EXPECT_EQ(responses[1].what, Response::What::Lost);
  EXPECT_EQ(responses[2].status, 201);
}

TEST(Transfers, NobodyListensSaysThatNothingWasSent) {
  const std::string base = "http://127.0.0.1:" + std::to_string(test::silent_port()) + "/fhir";
  const auto http = Http::open({.base_url = base});
  ASSERT_TRUE(http.ok());
  Response response;
  response.what = Response::What::Answered;
  Fibers fibers;
  fibers.start([&] { response = (*http)->send({.method = Method::Post, .url = base + "/Flag", .body = "{}"}); });
  while (fibers.open() > 0) fibers.turn(10ms);
  EXPECT_EQ(response.what, Response::What::NotSent);
  // The handle goes back to the pool and serves a thread without fibers.
  EXPECT_EQ((*http)->send({.method = Method::Get, .url = base + "/Flag"}).what, Response::What::NotSent);
}

}  // namespace
}  // namespace bhi::ehr
