// The control side: faults, log, counts, reset.
#include "ehr_sim/front.h"
#include "tests/ehr_sim/support/world.h"

namespace bhi::sim::testing {
namespace {

class Fronting : public ::testing::Test {
 protected:
  Delivery ask(std::string_view method, std::string_view path, std::string body = {}, bool from_loopback = true) {
    Request request;
    request.method = method;
    const auto question = std::min(path.find('?'), path.size());
    request.path = path.substr(0, question);
    request.query = path.substr(std::min(question + 1, path.size()));
    request.headers.emplace_back("Content-Type", "application/fhir+json");
    request.body = std::move(body);
    request.base = kBase;
    request.from_loopback = from_loopback;
    return front.handle(request);
  }
  int faults(std::string settings) { return ask("POST", "/_sim/faults", std::move(settings)).response.status; }
  Delivery post_patient() { return ask("POST", "/fhir/Patient", R"({"resourceType":"Patient"})"); }

  World world;
  std::vector<std::chrono::milliseconds> waits;
  Front front{world.simulator, [this] { return world.now; },
              [this](std::chrono::milliseconds time) { waits.push_back(time); }};
};

TEST_F(Fronting, ALostAnswerWasNeverthelessTheWork) {
  ASSERT_EQ(faults(R"({"lose_answer":{"method":"POST","type":"Patient","times":2}})"), 200);
  EXPECT_FALSE(ask("GET", "/fhir/Patient").lose_answer);
  EXPECT_TRUE(post_patient().lose_answer);
  EXPECT_TRUE(post_patient().lose_answer);
  EXPECT_FALSE(post_patient().lose_answer);
  EXPECT_EQ(world.simulator.version_count(), 3u);
}

TEST_F(Fronting, AFaultByRateStrikesItsShareTheSameOnesForTheSameSeed) {
  const auto struck = [this] {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += post_patient().lose_answer ? 'x' : '.';
    return pattern;
  };
  const std::string settings = R"({"lose_answer":{"method":"POST","percent":10,"seed":7}})";
  ASSERT_EQ(faults(settings), 200);
  const std::string first = struck();
  EXPECT_NEAR(static_cast<double>(std::ranges::count(first, 'x')), 20, 12);
  EXPECT_FALSE(ask("GET", "/fhir/Patient").lose_answer);
  front.faults().clear();
  ASSERT_EQ(faults(settings), 200);
  EXPECT_EQ(struck(), first);
  EXPECT_EQ(faults(R"({"lose_answer":{"percent":101}})"), 400);
}

TEST_F(Fronting, AnAnswerInPlaceOfTheWorkChangesNothing) {
  ASSERT_EQ(faults(R"({"status":[{"code":503,"retry_after":2},{"code":429}]})"), 200);
  const Delivery first = post_patient();
  EXPECT_EQ(first.response.status, 503);
  EXPECT_EQ(header(first.response.headers, "Retry-After"), "2");
  EXPECT_EQ(post_patient().response.status, 429);
  EXPECT_EQ(world.simulator.version_count(), 0u);
  EXPECT_EQ(post_patient().response.status, 201);
  ASSERT_EQ(faults(R"({"html":true,"stale":{"method":"PUT"}})"), 200);
  EXPECT_EQ(ask("PUT", "/fhir/Patient/x", "{}").response.status, 200) << "the page of HTML comes first in the table";
  EXPECT_NE(ask("GET", "/fhir/metadata").response.content_type.find("text/html"), std::string::npos);
  EXPECT_EQ(world.simulator.version_count(), 1u);
}

TEST_F(Fronting, DelaysBeforeOrAfterTheWork) {
  ASSERT_EQ(faults(R"({"delay_ms":[{"ms":20,"type":"metadata"},{"ms":30,"after":true,"type":"Bundle"}]})"), 200);
  ask("GET", "/fhir/metadata");
  ask("POST", "/fhir", R"({"resourceType":"Bundle","type":"batch"})");
  ask("GET", "/fhir/metadata");
  EXPECT_EQ(waits,
            (std::vector<std::chrono::milliseconds>{std::chrono::milliseconds(20), std::chrono::milliseconds(30)}));
  ASSERT_EQ(faults(R"({"delay_ms":5})"), 200);
  for (int i = 0; i < 3; ++i) ask("GET", "/fhir/Patient");
  EXPECT_EQ(waits.size(), 5u) << "the short form stays until a reset";
}

TEST_F(Fronting, RefusesFaultsItDoesNotKnowAndAddsNoneOfThem) {
  for (const char* bad : {R"({"explode":true})", R"({"cut":{"at":1},"status":{"code":200}})",
                          R"({"status":{"times":0}})", R"({"html":3})", R"({"delay_ms":"long"})",
                          R"({"lose_answer":{"kind":"x"}})", R"({"cut":{"at":1.5}})", "[]", "{"}) {
    EXPECT_EQ(faults(bad), 400) << bad;
  }
  EXPECT_EQ(front.faults().size(), 0u);
}

TEST_F(Fronting, CountsAndLogsWithoutBodies) {
  post_patient();
  ask("GET", "/fhir/Patient?identifier=1");
  ask("GET", "/fhir/Patient?identifier=2");
  ask("GET", "/elsewhere");
  ask("POST", "/fhir", R"({"resourceType":"Bundle","type":"batch"})");
  const Response stats = ask("GET", "/_sim/stats").response;
  EXPECT_NE(stats.body.find(R"({"method":"GET","type":"Patient","status":200,"count":2})"), std::string::npos)
      << stats.body;
  EXPECT_NE(stats.body.find(R"({"method":"POST","type":"Bundle","status":200,"count":1})"), std::string::npos);
  EXPECT_NE(stats.body.find(R"({"method":"GET","type":"","status":404,"count":1})"), std::string::npos);
  EXPECT_NE(stats.body.find(R"({"type":"Patient","resources":1,"deleted":0,"versions":1})"), std::string::npos);
  const Response log = ask("GET", "/_sim/log?last=4").response;
  EXPECT_EQ(text_at(log, "log.0.query"), "identifier=1");
  EXPECT_EQ(text_at(log, "log.3.type"), "Bundle");
  EXPECT_EQ(log.body.find("resourceType"), std::string::npos);
  EXPECT_EQ(ask("GET", "/_sim/log?last=x").response.status, 400);
}

TEST_F(Fronting, ResetsWhatWasSaidAndWhenAskedWhatWasWritten) {
  post_patient();
  front.mark_start();
  post_patient();
  faults(R"({"html":true})");
  EXPECT_EQ(ask("POST", "/_sim/reset").response.status, 200);
  EXPECT_EQ(front.faults().size(), 0u);
  EXPECT_EQ(text_at(ask("GET", "/_sim/log").response, "log.0.method"), "");
  EXPECT_EQ(world.simulator.version_count(), 2u);
  EXPECT_EQ(ask("POST", "/_sim/reset", R"({"data":true})").response.status, 200);
  EXPECT_EQ(world.simulator.version_count(), 1u);
}

TEST_F(Fronting, ControlsFromLoopbackOnly) {
  for (const char* path : {"/_sim/stats", "/_sim/log"}) EXPECT_EQ(ask("GET", path, {}, false).response.status, 403);
  EXPECT_EQ(ask("POST", "/_sim/reset", {}, false).response.status, 403);
  EXPECT_EQ(ask("GET", "/fhir/metadata", {}, false).response.status, 200);
  EXPECT_EQ(ask("GET", "/_sim/nonsense").response.status, 404);
  EXPECT_EQ(ask("GET", "/_sim/reset").response.status, 405);
}

}  // namespace
}  // namespace bhi::sim::testing
