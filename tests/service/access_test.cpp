// Who is asking, which route, and does the body fit.
#include "service/access.h"

#include "service/api.h"
#include "service/router.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace bhi::service {
namespace {

http::Request asking(const std::string& authorization) {
  http::Request request;
  if (!authorization.empty()) request.fields.push_back({"authorization", authorization});
  return request;
}

TEST(Access, KnowsACallerByTheHashOfTheToken) {
  const Access access({{"app", Role::BhiApp, sha256("good"), ""}, {"ehr", Role::Ehr, sha256("other"), "main"}});
  const auto app = access.identify(asking("Bearer good"));
  ASSERT_TRUE(app.ok());
  EXPECT_EQ(app->name, "app");
  EXPECT_TRUE(app->has({Role::BhiApp}));
  EXPECT_FALSE(app->has({Role::Ehr, Role::Operator}));
  EXPECT_EQ(access.identify(asking("bearer other"))->source, "main");
}

TEST(Access, RefusesEverybodyElse) {
  const Access access({{"app", Role::BhiApp, sha256("good"), ""}});
  for (const char* given :
       {"", "Bearer ", "Bearer", "Bearer goo", "Bearer goodx", "Basic good", "good", "Bearer  good"}) {
    EXPECT_FALSE(access.identify(asking(given)).ok()) << given;
  }
  auto twice = asking("Bearer good");
  twice.fields.push_back({"authorization", "Bearer good"});
  EXPECT_FALSE(access.identify(twice).ok());
}

TEST(Access, IsOpenWithoutTokensButTakesNoUnknownOne) {
  const Access access({});
  const auto local = access.identify(asking(""));
  ASSERT_TRUE(local.ok());
  EXPECT_TRUE(local->has({Role::Ehr}));
  EXPECT_TRUE(local->has({Role::Operator}));
  EXPECT_FALSE(access.identify(asking("Bearer something")).ok());
  auto page = asking("");
  page.fields.push_back({"origin", "https://elsewhere.example"});
  EXPECT_FALSE(access.identify(page).ok()) << "a web page in somebody's browser";
}

TEST(Access, IsOpenOnlyUnderANameOfThisMachine) {
  const Access access({});
  const auto under = [&access](const char* host) {
    auto request = asking("");
    request.fields.push_back({"host", host});
    return access.identify(request).ok();
  };
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(under(host)) << host;
  }
  for (const char* host : {"", "elsewhere.example", "localhost.elsewhere.example:8080", "127.0.0.1.elsewhere.example",
                           "[::1", "[::2]:8080", "192.0.2.1"}) {
    EXPECT_FALSE(under(host)) << host;
  }
}

std::string wrong(Body body, std::vector<http::Field> fields) {
  http::Request request;
  request.fields = std::move(fields);
  return wrong_content(request, body);
}

TEST(Content, IsJsonInUtf8AndNotCompressed) {
  for (const char* xml : {"application/fhir+xml", "application/xml; charset=utf-8", "text/xml"}) {
    EXPECT_EQ(wrong(Body::Fhir, {{"content-type", xml}}), "");
  }
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "text/plain"}}),
            "Content-Type: expected application/fhir+json or application/fhir+xml, found another one");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "application/fhir+json"}}), "");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "Application/JSON; charset=UTF-8"}}), "");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "application/fhir+json; fhirVersion=4.0"}}), "");
  EXPECT_EQ(wrong(Body::MergePatch, {{"content-type", "application/merge-patch+json"}}), "");
  EXPECT_EQ(wrong(Body::None, {}), "");
  EXPECT_NE(wrong(Body::Json, {{"content-type", "application/fhir+json"}}), "");
  EXPECT_EQ(wrong(Body::Fhir, {}), "") << "FHIR says itself whether it is JSON or XML";
  EXPECT_EQ(wrong(Body::Json, {}), "Content-Type: expected application/json, found none");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-encoding", "gzip"}}), "Content-Encoding: compressed bodies are not supported");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "application/fhir+xml; fhirVersion=4.3"}}), "");
  EXPECT_EQ(wrong(Body::Fhir, {{"content-type", "application/fhir+json; charset=utf-8; fhirVersion=\"5.0\""}}),
            "Content-Type: expected fhirVersion 4.0 or 4.3, found another one");
  EXPECT_NE(wrong(Body::Fhir, {{"content-type", "application/json"}, {"content-type", "text/plain"}}), "");
  EXPECT_NE(wrong(Body::Fhir, {{"content-type", "application/json; charset=latin1"}}), "");
  EXPECT_NE(wrong(Body::Fhir, {{"content-type", "application/json"}, {"content-encoding", "gzip"}}), "");
  EXPECT_EQ(wrong(Body::Json, {{"content-type", "application/xml"}}),
            "Content-Type: expected application/json, found XML");
}

TEST(Routes, AreFoundByMethodAndPath) {
  const std::vector<Route> routes = {
      {"GET", "/a", {Role::Ehr}, Body::None, nullptr, ""},
      {"GET", "/a/{id}", {Role::Ehr}, Body::None, nullptr, ""},
      {"PUT", "/a/{id}", {Role::Ehr}, Body::Fhir, nullptr, ""},
  };
  http::Request request;
  request.method = "PUT";
  request.path = {"a", "7"};
  const auto found = match(routes, request);
  ASSERT_EQ(found.route, &routes[2]);
  EXPECT_EQ(found.parameters.find("id")->second, "7");
  request.method = "DELETE";
  EXPECT_EQ(match(routes, request).route, nullptr);
  EXPECT_EQ(match(routes, request).allow, "GET, PUT");
  request.path = {"a", "7", "b"};
  EXPECT_EQ(match(routes, request).allow, "");
}

TEST(Routes, AreDocumentedInTheReadmeAsTheyAre) {
  std::ifstream in(BHI_SOURCE_DIR "/adapter/service/README.md");
  const std::string readme(std::istreambuf_iterator<char>(in), {});
  const auto table = print_routes(Api::routes());
  EXPECT_NE(readme.find(table), std::string::npos) << "the table should be\n" << table;
}

}  // namespace
}  // namespace bhi::service
