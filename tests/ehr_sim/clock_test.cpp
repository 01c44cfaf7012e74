// The clock of the simulator as tests set it, writes that are seen later, and pages that go wrong.
#include "ehr_sim/front.h"
#include "tests/ehr_sim/support/world.h"

namespace bhi::sim::testing {
namespace {

using namespace std::chrono_literals;

class Clocks : public ::testing::Test {
 protected:
  Response ask(std::string_view method, std::string_view path, std::string body = {}) {
    Request request;
    request.method = method;
    const auto question = std::min(path.find('?'), path.size());
    request.path = path.substr(0, question);
    request.query = path.substr(std::min(question + 1, path.size()));
    request.headers.emplace_back("Content-Type", "application/fhir+json");
    request.body = std::move(body);
    request.base = kBase;
    return front.handle(request).response;
  }
  int clock(std::string settings) { return ask("POST", "/_sim/clock", std::move(settings)).status; }
  int faults(std::string settings) { return ask("POST", "/_sim/faults", std::move(settings)).status; }
  Response load(const std::string& id, int late_secs = 0) {
    return ask("POST", "/_sim/load?late_secs=" + std::to_string(late_secs),
               R"({"resourceType":"Patient","id":")" + id + "\"}");
  }
  std::string updated(const std::string& id) { return text_at(ask("GET", "/fhir/Patient/" + id), "meta.lastUpdated"); }
  std::string below_server(std::string_view url) { return std::string(url.substr(url.find('/', 8))); }

  World world;
  Front front{world.simulator, [this] { return world.now; }, [](std::chrono::milliseconds) {}};
};

TEST_F(Clocks, JumpsStandsStillAndGoesBack) {
  EXPECT_EQ(ask("GET", "/fhir/metadata").headers.size(), 0u) << "the true time needs no header of ours";
  ASSERT_EQ(clock(R"({"advance_secs":120})"), 200);
  EXPECT_EQ(text_at(ask("GET", "/_sim/clock"), "now"), "2026-11-22T09:32:00.123Z");
  EXPECT_EQ(header(ask("GET", "/fhir/metadata").headers, "Date"), "Sun, 22 Nov 2026 09:32:00 GMT");
  ASSERT_EQ(clock(R"({"stand_still":true,"advance_secs":-3600})"), 200);
  world.now += 5min;
  EXPECT_EQ(text_at(ask("GET", "/_sim/clock"), "now"), "2026-11-22T08:32:00.123Z");
  ASSERT_EQ(clock(R"({"now":"2026-01-01T00:00:00Z"})"), 200);
  EXPECT_EQ(text_at(ask("GET", "/_sim/clock"), "now"), "2026-01-01T00:00:00.000Z");
  ASSERT_EQ(ask("POST", "/_sim/reset").status, 200);
  EXPECT_EQ(text_at(ask("GET", "/_sim/clock"), "now"), "2026-11-22T09:35:00.123Z");
}

TEST_F(Clocks, PartsOfTheServerDisagree) {
  ASSERT_EQ(clock(R"({"date_skew_secs":10,"stamp_skew_secs":[-10,10]})"), 200);
  load("a");
  load("b");
  EXPECT_EQ(updated("a"), "2026-11-22T09:29:50.123Z");
  EXPECT_EQ(updated("b"), "2026-11-22T09:30:10.123Z");
  EXPECT_EQ(header(ask("GET", "/fhir/metadata").headers, "Date"), "Sun, 22 Nov 2026 09:30:10 GMT");
}

TEST_F(Clocks, RefusesWhatItDoesNotKnow) {
  for (const char* bad :
       {"{", "[]", R"({"advance":1})", R"({"advance_secs":"x"})", R"({"advance_secs":1.5})", R"({"now":"soon"})",
        R"({"stand_still":1})", R"({"stamp_skew_secs":["a"]})", R"({"advance_secs":99999999999999999999})"}) {
    EXPECT_EQ(clock(bad), 400) << bad;
  }
  EXPECT_EQ(text_at(ask("GET", "/_sim/clock"), "now"), "2026-11-22T09:30:00.123Z");
  EXPECT_EQ(ask("POST", "/_sim/load?late_secs=-1", "{}").status, 400);
  EXPECT_EQ(ask("POST", "/_sim/pages", "{}").status, 400);
}

TEST_F(Clocks, ALateCommitIsSeenLaterWithTheTimeOfItsWriting) {
  load("late", 120);
  EXPECT_EQ(ask("GET", "/fhir/Patient/late").status, 404);
  clock(R"({"advance_secs":60})");
  load("between");
  EXPECT_EQ(ids_of(ask("GET", "/fhir/Patient")), "between");
  clock(R"({"advance_secs":60})");
  EXPECT_EQ(ids_of(ask("GET", "/fhir/Patient")), "between late");
  EXPECT_EQ(updated("late"), "2026-11-22T09:30:00.123Z");
}

TEST_F(Clocks, ALateEditIsAVersionOfItsOwnWhenOthersWereFaster) {
  load("a");
  ASSERT_EQ(faults(R"({"late_commit":{"secs":30,"method":"PUT"}})"), 200);
  EXPECT_EQ(ask("PUT", "/fhir/Patient/a", R"({"resourceType":"Patient","id":"a","gender":"male"})").status, 200);
  EXPECT_EQ(text_at(ask("GET", "/fhir/Patient/a"), "gender"), "");
  EXPECT_EQ(ask("PUT", "/fhir/Patient/a", R"({"resourceType":"Patient","id":"a","gender":"other"})").status, 200);
  clock(R"({"advance_secs":30})");
  EXPECT_EQ(text_at(ask("GET", "/fhir/Patient/a"), "gender"), "male");
  EXPECT_EQ(text_at(ask("GET", "/fhir/Patient/a"), "meta.versionId"), "3");
}

TEST_F(Clocks, LinksToFurtherPagesGoWrongBySwitch) {
  for (int i = 0; i < 5; ++i) load("p" + std::to_string(i));
  const std::string search = "/fhir/Patient?_count=2";
  const auto follow = [&](const Response& page) { return ask("GET", below_server(link_of(page, "next"))); };

  ASSERT_EQ(faults(R"({"expire_next":{"type":"Patient"}})"), 200);
  const Response first = ask("GET", search);
  EXPECT_EQ(first.status, 200) << "a first page is no further page";
  EXPECT_EQ(follow(first).status, 410);
  EXPECT_EQ(follow(first).status, 200) << "once";

  ASSERT_EQ(faults(R"({"loop_pages":{"times":2}})"), 200);
  const Response loop = ask("GET", search);
  EXPECT_EQ(link_of(loop, "next"), "http://ehr.example" + search);
  EXPECT_EQ(ids_of(follow(loop)), ids_of(loop));

  ASSERT_EQ(faults(R"({"forge_next":{"to":"http://127.0.0.2:9"}})"), 200);
  EXPECT_TRUE(link_of(ask("GET", search), "next").starts_with("http://127.0.0.2:9/fhir/Patient?_cursor="));

  ASSERT_EQ(faults(R"({"repeat_page":{"times":"always"}})"), 200);
  std::string seen;
  for (Response page = ask("GET", search);; page = follow(page)) {
    seen += ids_of(page) + "|";
    if (link_of(page, "next").empty()) break;
  }
  EXPECT_EQ(seen, "p0 p1|p0 p1|p2 p3|p2 p3|p4|");

  ASSERT_EQ(ask("POST", "/_sim/reset").status, 200);
  ASSERT_EQ(faults(R"({"empty_page":true})"), 200);
  const Response last = ask("GET", "/fhir/Patient");
  EXPECT_EQ(ids_of(last), "p0 p1 p2 p3 p4");
  EXPECT_EQ(ids_of(follow(last)), "");
  EXPECT_EQ(link_of(follow(last), "next"), "");

  ask("POST", "/_sim/reset");
  const Response kept = ask("GET", search);
  ASSERT_EQ(ask("POST", "/_sim/pages", R"({"expire":true})").status, 200);
  EXPECT_EQ(follow(kept).status, 410);
}

TEST_F(Clocks, AConflictAndABusyServerBySwitch) {
  ASSERT_EQ(faults(R"({"conflict":{"method":"POST"},"status":{"code":429,"rate_limit":60,"method":"GET"}})"), 200);
  const Response conflict = ask("POST", "/fhir/Patient", R"({"resourceType":"Patient"})");
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(text_at(conflict, "issue.0.code"), "conflict");
  const Response busy = ask("GET", "/fhir/Patient");
  EXPECT_EQ(header(busy.headers, "RateLimit"), "\"fhirInteractions\";r=0;t=60");
  EXPECT_EQ(header(busy.headers, "Retry-After"), "");
}

TEST_F(Clocks, ALenientAuthorityAnswersEveryMistakeAlike) {
  const auto token = [&] {
    Request request;
    request.method = "POST";
    request.path = "/auth/token";
    request.base = kBase;
    request.body = "grant_type=client_credentials&client_id=us&client_secret=wrong&scope=system%2FPatient.rs";
    return front.handle(request).response;
  };
  ASSERT_EQ(ask("POST", "/_sim/auth", R"({"clients":[{"id":"us","secret":"s","scopes":"system/*.rs"}]})").status, 200);
  EXPECT_EQ(token().status, 401);
  EXPECT_EQ(text_at(token(), "error"), "invalid_client");
  EXPECT_TRUE(has_header(ask("GET", "/fhir/Patient").headers, "WWW-Authenticate"));
  ASSERT_EQ(ask("POST", "/_sim/auth", R"({"strict":false})").status, 200);
  EXPECT_EQ(token().status, 400);
  EXPECT_EQ(text_at(token(), "error"), "invalid_request");
  const Response refused = ask("GET", "/fhir/Patient");
  EXPECT_EQ(refused.status, 401);
  EXPECT_FALSE(has_header(refused.headers, "WWW-Authenticate"));
}

}  // namespace
}  // namespace bhi::sim::testing
