// FHIR answers taken for what they are, whatever the status line says.
#include "ehr/fhir_ehr.h"

#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bhi::ehr {
namespace {

using test::answer;
using test::Heard;
using test::json_answer;
using test::TinyServer;
using What = flow::Answer::What;

std::unique_ptr<flow::Ehr> ehr_at(const std::string& base, std::function<Result<std::string>()> token = {}) {
  EhrSettings settings;
  settings.name = "main";
  settings.version = "1.2.3";
  settings.http.base_url = base;
  settings.token = std::move(token);
  auto connected = connect(settings);
  EXPECT_TRUE(connected.ok());
  return *std::move(connected);
}

// One answer for every request.
struct Fixed {
  explicit Fixed(std::string bytes) : server([bytes](const Heard&) { return bytes; }), ehr(ehr_at(server.base())) {}
  TinyServer server;
  std::unique_ptr<flow::Ehr> ehr;
};

std::string error_of(const Result<flow::Page>& page) {
  return page ? "ok" : std::string(name(page.error().kind)) + ": " + page.error().message;
}

TEST(FhirEhr, ReadsItsCapabilities) {
  Fixed at(json_answer(200, R"({"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server",
    "resource":[{"type":"Observation","interaction":[{"code":"create"}]}]}]})"));
  const auto found = at.ehr->capabilities();
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_TRUE(found->of("Observation")->create);
  const Heard heard = at.server.heard().at(0);
  EXPECT_EQ(heard.target, "/fhir/metadata");
  EXPECT_EQ(heard.headers.at("accept"), "application/fhir+json");
  EXPECT_EQ(heard.headers.at("user-agent"), "bhi-adapter/1.2.3");
}

TEST(FhirEhr, SearchesAndTellsTheServersTimeAndTheNextPage) {
  Fixed at(json_answer(200, R"({"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"x"},
    {"relation":"next","url":"https://other/page?2"}],"entry":[]})",
                       "Date: Sun, 22 Nov 2026 08:00:00 GMT\r\n"));
  const auto page = at.ehr->search("Patient", "_count=5&name=A%26B");
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(at.server.heard().at(0).target, "/fhir/Patient?_count=5&name=A%26B");
  EXPECT_EQ(page->next, "https://other/page?2");
  EXPECT_EQ(page->server_time, instant_from("2026-11-22T08:00:00Z"));
  EXPECT_EQ(at.ehr->next(page->next).error().kind, Kind::Forbidden);
  EXPECT_EQ(at.server.heard().size(), 1u);
  EXPECT_TRUE(at.ehr->next(at.server.base() + "?page=2").ok());
  EXPECT_EQ(at.server.heard().at(1).target, "/fhir?page=2");
}

// HAPI answers a search that was asked within the last minute with what it found then: a write that has arrived since
// is not in it.
TEST(FhirEhr, WantsNoAnswerOfAMinuteAgo) {
  Fixed at(json_answer(200, R"({"resourceType":"Bundle","type":"searchset"})"));
  ASSERT_TRUE(at.ehr->search("Observation", "identifier=urn:x%7C1").ok());
  ASSERT_TRUE(at.ehr->next(at.server.base() + "?page=2").ok());
  for (const Heard& heard : at.server.heard()) EXPECT_EQ(heard.headers.at("cache-control"), "no-cache");
}

TEST(FhirEhr, TakesNoSuccessForMoreThanItIs) {
  EXPECT_EQ(error_of(Fixed(answer(200, "Content-Type: text/html; charset=utf-8\r\n", "<html>Sorry, Mr. Smith"))
                         .ehr->search("Patient", "name=x")),
            "incorrect: GET /fhir/Patient?name: 200, expected FHIR JSON, found text/html");
  EXPECT_EQ(error_of(Fixed(answer(200, "", "")).ehr->search("Patient", "")),
            "incorrect: GET /fhir/Patient: 200, expected FHIR JSON, found nothing");
  EXPECT_EQ(
      error_of(
          Fixed(json_answer(200, R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing",
      "diagnostics":"Mr. Smith"}]})"))
              .ehr->search("Patient", "")),
      "incorrect: GET /fhir/Patient: expected Bundle, found OperationOutcome processing");
  EXPECT_EQ(error_of(Fixed(json_answer(200, R"({"resourceType":"Patient","id":"1"})")).ehr->search("Patient", "")),
            "incorrect: GET /fhir/Patient: expected Bundle, found Patient");
  EXPECT_EQ(Fixed(json_answer(200, R"({"resourceType":"Bundle","entry":[)")).ehr->search("Patient", "").error().kind,
            Kind::Incorrect);
  EXPECT_TRUE(Fixed(answer(200, "Content-Type: text/plain\r\n", R"({"resourceType":"Bundle"})"))
                  .ehr->search("Patient", "")
                  .ok());
}

TEST(FhirEhr, NamesTheKindOfAFailedSearch) {
  const std::string outcome =
      R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled","diagnostics":"secret"}]})";
  EXPECT_EQ(error_of(Fixed(json_answer(429, outcome, "Retry-After: 7\r\n")).ehr->search("Patient", "")),
            "busy: GET /fhir/Patient: 429 throttled, retry after 7 s");
  const std::vector<std::pair<int, Kind>> statuses = {
      {400, Kind::Incorrect}, {401, Kind::Forbidden},   {403, Kind::Forbidden},   {404, Kind::NotFound},
      {410, Kind::NotFound},  {302, Kind::Unsupported}, {500, Kind::Unavailable}, {503, Kind::Unavailable}};
  for (const auto& [status, kind] : statuses) {
    const auto page = Fixed(answer(status, "", "")).ehr->search("Patient", "");
    ASSERT_FALSE(page.ok());
    EXPECT_EQ(page.error().kind, kind) << status;
  }
  EXPECT_EQ(ehr_at("http://127.0.0.1:" + std::to_string(test::silent_port()))->search("Patient", "").error().kind,
            Kind::Unavailable);
}

TEST(FhirEhr, ReadsTheResourceThatWasAskedFor) {
  EXPECT_TRUE(Fixed(json_answer(200, R"({"resourceType":"CarePlan","id":"7"})")).ehr->read("CarePlan", "7").ok());
  EXPECT_EQ(Fixed(json_answer(200, R"({"resourceType":"CarePlan","id":"8"})")).ehr->read("CarePlan", "7").error().kind,
            Kind::Incorrect);
  EXPECT_EQ(Fixed(answer(410, "", "")).ehr->read("CarePlan", "7").error().message, "GET /fhir/CarePlan/7: 410");
  Fixed at(json_answer(200, "{}"));
  for (const char* id : {"", ".", "..", "a/b", "a?b", "a b", "%2e"})
    EXPECT_FALSE(at.ehr->read("CarePlan", id).ok()) << id;
  EXPECT_FALSE(at.ehr->read("../admin", "1").ok());
  EXPECT_TRUE(at.server.heard().empty());
}

TEST(FhirEhr, CreatesOnCondition) {
  Fixed at(json_answer(
      201, R"({"resourceType":"Observation","id":"9","meta":{"versionId":"4","lastUpdated":"2026-11-22T08:00:00Z"}})",
      "ETag: W/\"5\"\r\nLocation: Observation/9/_history/5\r\n"));
  const flow::Answer made = at.ehr->create("Observation", "{}", "identifier=urn:x|a/b");
  EXPECT_EQ(made.what, What::Done);
  EXPECT_EQ(made.id, "9");
  EXPECT_EQ(made.version, "5");  // the header is of this answer; meta may be stale
  EXPECT_EQ(made.updated, "2026-11-22T08:00:00Z");
  ASSERT_TRUE(made.body);
  const Heard heard = at.server.heard().at(0);
  EXPECT_EQ(heard.headers.at("if-none-exist"), "identifier=urn:x|a/b");
  EXPECT_EQ(heard.headers.at("content-type"), "application/fhir+json");
  EXPECT_EQ(heard.headers.at("prefer"), "return=representation");
}

TEST(FhirEhr, FindsTheIdOfACreateInTheLocationToo) {
  const flow::Answer made = Fixed(answer(201, "Location: https://ehr.example/fhir/Observation/77/_history/1\r\n", ""))
                                .ehr->create("Observation", "{}", "");
  EXPECT_EQ(made.what, What::Done);
  EXPECT_EQ(made.id, "77");
  EXPECT_EQ(made.version, "1");
  EXPECT_FALSE(made.body);
}

TEST(FhirEhr, DoesNotBelieveACreateWithoutAnId) {
  for (const std::string& bytes :
       {answer(200, "Content-Type: text/html\r\n", "<html>"), answer(201, "", ""),
        json_answer(200, R"({"resourceType":"OperationOutcome"})"),
        json_answer(201, R"({"resourceType":"Patient","id":"1"})"), answer(201, "Location: Patient/1\r\n", ""),
        answer(201, "Location: Observation/..\r\n", ""), answer(202, "Location: Observation/5\r\n", "")}) {
    EXPECT_EQ(Fixed(bytes).ehr->create("Observation", "{}", "").what, What::Unknown) << bytes;
  }
}

TEST(FhirEhr, UpdatesTheVersionItSaw) {
  Fixed at(json_answer(200, R"({"resourceType":"CarePlan","id":"7","meta":{"versionId":"3"}})"));
  const flow::Answer done = at.ehr->update("CarePlan", "7", "{}", "2");
  EXPECT_EQ(done.what, What::Done);
  EXPECT_EQ(done.version, "3");
  EXPECT_EQ(at.server.heard().at(0).headers.at("if-match"), "W/\"2\"");
  EXPECT_EQ(at.server.heard().at(0).target, "/fhir/CarePlan/7");
  at.ehr->update("CarePlan", "7", "{}", "");
  EXPECT_FALSE(at.server.heard().at(1).headers.contains("if-match"));
  EXPECT_EQ(at.ehr->update("CarePlan", "..", "{}", "").what, What::Refused);
  EXPECT_EQ(at.server.heard().size(), 2u);
}

TEST(FhirEhr, DoesNotBelieveAnUpdateThatSomebodyElseAnswered) {
  EXPECT_EQ(
      Fixed(json_answer(200, R"({"resourceType":"CarePlan","id":"8"})")).ehr->update("CarePlan", "7", "{}", "").what,
      What::Unknown);
  EXPECT_EQ(Fixed(answer(200, "Content-Type: text/html\r\n", "<html>")).ehr->update("CarePlan", "7", "{}", "").what,
            What::Unknown);
  EXPECT_EQ(Fixed(answer(200, "ETag: W/\"3\"\r\n", "")).ehr->update("CarePlan", "7", "{}", "").what, What::Done);
  EXPECT_EQ(Fixed(answer(204, "", "")).ehr->update("CarePlan", "7", "{}", "").what, What::Done);
}

TEST(FhirEhr, SaysWhatBecameOfAWriteThatWasNotDone) {
  const std::vector<std::pair<int, What>> statuses = {
      {400, What::Refused}, {401, What::Forbidden}, {403, What::Forbidden}, {404, What::Refused},
      {405, What::Refused}, {409, What::Conflict},  {410, What::Refused},   {412, What::Conflict},
      {422, What::Refused}, {429, What::Later},     {500, What::Later},     {501, What::Refused},
      {502, What::Later},   {503, What::Later},     {307, What::Refused}};
  for (const auto& [status, what] : statuses) {
    EXPECT_EQ(Fixed(answer(status, "", "")).ehr->create("Observation", "{}", "").what, what) << status;
  }
  const flow::Answer later = Fixed(answer(503, "Retry-After: 12\r\n", "")).ehr->create("Observation", "{}", "");
  EXPECT_EQ(later.retry_after_ms, 12'000);
  const flow::Answer refused =
      Fixed(json_answer(422, R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"business-rule",
      "details":{"coding":[{"code":"4130"}],"text":"Mr. Smith"},"diagnostics":"Mr. Smith"},{"code":"not a code!"}]})"))
          .ehr->create("Observation", "{}", "");
  EXPECT_EQ(refused.reason, "422 business-rule, 4130");
  EXPECT_EQ(Fixed("").ehr->create("Observation", "{}", "").what, What::Unknown);
  EXPECT_EQ(ehr_at("http://127.0.0.1:" + std::to_string(test::silent_port()))->create("Observation", "{}", "").what,
            What::NotSent);
}

// Of several replicas one that slept must not write what another may be writing by now.
TEST(FhirEhr, SendsNoWriteThatIsNotPermittedAtThatMoment) {
  Fixed at(answer(201, "Location: http://x/fhir/Observation/7/_history/1\r\n", ""));
  bool may = true;
  const auto permitted = at.ehr->permitted([&may] { return may; });
  ASSERT_NE(permitted, nullptr);
  EXPECT_EQ(permitted->create("Observation", "{}", "").what, What::Done);
  may = false;
  const auto created = permitted->create("Observation", "{}", "");
  EXPECT_EQ(created.what, What::NotSent);
  EXPECT_NE(created.reason.find("another replica"), std::string::npos) << created.reason;
  EXPECT_EQ(permitted->update("Observation", "7", "{}", "1").what, What::NotSent);
  EXPECT_EQ(at.server.heard().size(), 1u);
  EXPECT_EQ(at.ehr->create("Observation", "{}", "").what, What::Done);  // the way itself asks nobody
}

// The question is asked last: whatever takes time (a token, a turn in the budget) comes before it.
TEST(FhirEhr, AsksForPermissionAfterTheToken) {
  std::vector<std::string> order;
  TinyServer server([](const Heard&) { return answer(201, "Location: http://x/fhir/Observation/7\r\n", ""); });
  const auto ehr = ehr_at(server.base(), [&order]() -> Result<std::string> {
    order.push_back("token");
    return std::string("t");
  });
  const auto permitted = ehr->permitted([&order] {
    order.push_back("permission");
    return true;
  });
  permitted->create("Observation", "{}", "");
  EXPECT_EQ(order, (std::vector<std::string>{"token", "permission"}));
}

TEST(FhirEhr, RenewsItsTokenOnceAfterA401) {
  TinyServer server([](const Heard& heard) {
    const auto token = heard.headers.find("authorization");
    return token != heard.headers.end() && token->second == "Bearer new"
               ? json_answer(200, R"({"resourceType":"Patient","id":"1"})")
               : answer(401, "", "");
  });
  int asked = 0;
  auto ehr =
      ehr_at(server.base(), [&asked]() -> Result<std::string> { return std::string(++asked == 1 ? "old" : "new"); });
  EXPECT_TRUE(ehr->read("Patient", "1").ok());
  EXPECT_EQ(server.heard().size(), 2u);

  auto stuck = ehr_at(server.base(), []() -> Result<std::string> { return std::string("old"); });
  EXPECT_EQ(stuck->read("Patient", "1").error().kind, Kind::Forbidden);
  EXPECT_EQ(server.heard().size(), 3u);

  auto none = ehr_at(server.base(), []() -> Result<std::string> { return Error{Kind::Unavailable, "no token file"}; });
  EXPECT_EQ(none->read("Patient", "1").error().message, "no token file");
  EXPECT_EQ(none->create("Observation", "{}", "").what, What::NotSent);
  EXPECT_EQ(server.heard().size(), 3u);
}

}  // namespace
}  // namespace bhi::ehr
