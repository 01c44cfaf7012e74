// What one worker hears of a pause holds for all of them; a version is always quoted.
#include "ehr/fhir_ehr.h"
#include "ehr_sim/http_message.h"
#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using test::answer;
using test::Heard;
using test::json_answer;
using test::TinyServer;
using What = flow::Answer::What;

constexpr const char* kMade = R"({"resourceType":"Observation","id":"1","meta":{"versionId":"1"}})";

class SharedPause : public testing::TestWithParam<bool> {};

TEST_P(SharedPause, OfEightWorkersNoneSendsBeforeTheTimeThatOneWasTold) {
  const bool as_date = GetParam();
  std::atomic<int> writes{0};
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  TinyServer server([&](const Heard&) {
    if (++writes > 1) return json_answer(201, kMade);
    const std::string when = as_date ? sim::http_date(Instant(now) + 1h) : "3600";
    return json_answer(503, "{}", "Retry-After: " + when + "\r\nDate: " + sim::http_date(Instant(now)) + "\r\n");
  });
  EhrSettings settings;
  settings.name = "main";
  settings.version = "1";
  settings.http.base_url = server.base();
  settings.traffic = std::make_shared<Traffic>(TrafficSettings{});
  settings.patience = 0ms;
  const auto ehr = *connect(settings);
  const flow::Answer first = ehr->create("Observation", "{}", "");
  EXPECT_EQ(first.what, What::Later);
  ASSERT_TRUE(first.retry_after_ms);
  EXPECT_NEAR(static_cast<double>(*first.retry_after_ms), 3'600'000, 2'000);
  std::atomic<int> held{0};
  {
    std::vector<std::jthread> workers;
    for (int n = 0; n < 8; ++n) {
      workers.emplace_back([&] {
        const flow::Answer later = ehr->create("Observation", "{}", "");
        if (later.what == What::NotSent && later.reason.find("asked for a pause") != std::string::npos) ++held;
      });
    }
  }
  EXPECT_EQ(held, 8);
  EXPECT_EQ(ehr->urgent().create("Observation", "{}", "").what, What::NotSent) << "what is urgent keeps to it too";
  EXPECT_EQ(writes, 1);
  const auto state = settings.traffic->state(Instant(now) + 59min);
  ASSERT_TRUE(state.until);
  EXPECT_TRUE(settings.traffic->ask(Instant(now) + 61min, false).go);
}

INSTANTIATE_TEST_SUITE_P(SecondsAndDate, SharedPause, testing::Bool());

TEST(IfMatch, D5_03_IsAlwaysAQuotedVersion) {
  TinyServer server([](const Heard&) { return json_answer(200, kMade); });
  EhrSettings settings;
  settings.name = "main";
  settings.version = "1";
  settings.http.base_url = server.base();
  const auto ehr = *connect(settings);
  for (const char* version : {"3", "8f0e-1", "a b"}) ehr->update("Observation", "1", "{}", version);
  ASSERT_EQ(server.heard().size(), 3u);
  EXPECT_EQ(server.heard()[0].headers.at("if-match"), "W/\"3\"");
  EXPECT_EQ(server.heard()[1].headers.at("if-match"), "W/\"8f0e-1\"");
  EXPECT_EQ(server.heard()[2].headers.at("if-match"), "W/\"a b\"");
}

}  // namespace
}  // namespace bhi::ehr
