// What the API says of records of one person: merged at their source, or known to several sources.
#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

class IdentityApiTest : public DaemonTest {
 protected:
  IdentityApiTest() {
    settings.sources.push_back(settings.sources.front());
    settings.sources.back().name = "other";
    settings.link_systems = {"urn:mrn"};
  }
  static std::string person(const std::string& id, const std::string& more = "") {
    return R"({"resourceType":"Patient","id":")" + id + "\"" + more + "}";
  }
  static std::string mrn(const std::string& value) {
    return R"(,"identifier":[{"system":"urn:mrn","value":")" + value + "\"}]";
  }
  void send(const std::string& body, const std::string& source = "main") {
    EXPECT_EQ(status_of(post_fhir(body, "?source=" + source)), 201);
  }
  static std::string id(const std::string& patient, const std::string& source = "main") {
    return stable_id({source, "Patient", patient});
  }
  std::string get(const std::string& path) { return ask("GET", path); }
  bool says(const std::string& path, const std::string& text) {
    return until([&] { return get(path).find(text) != std::string::npos; });
  }
};

TEST_F(IdentityApiTest, TheOldIdOfAMergedPatientSaysWhereItWent) {
  start();
  send(person("new"));
  send(person("old"));
  ASSERT_TRUE(says("/care/patients/" + id("old"), "\"active\":true"));
  EXPECT_EQ(status_of(get("/care/patients/" + id("old") + "/timeline")), 200);
  send(person("old", R"(,"link":[{"other":{"reference":"Patient/new"},"type":"replaced-by"}])"));
  ASSERT_TRUE(says("/care/patients/" + id("old"), "\"replacedBy\":\"" + id("new") + "\""));
  for (const char* below : {"/screenings", "/timeline", "/safety/x"}) {
    const auto answer = get("/care/patients/" + id("old") + below);
    EXPECT_EQ(status_of(answer), 301) << below;
    EXPECT_NE(answer.find("Location: /care/patients/" + id("new") + below + "\r\n"), std::string::npos) << answer;
  }
  const auto written =
      ask("POST", "/care/patients/" + id("old") + "/screenings",
          R"({"instrument":"gad-2","authored":"2026-11-01","items":[]})", "Content-Type: application/json\r\n");
  EXPECT_EQ(status_of(written), 409);
  EXPECT_NE(written.find(id("new")), std::string::npos);
  EXPECT_EQ(written.find("Location"), std::string::npos) << "nothing is written elsewhere by following a link";
  EXPECT_NE(get("/care/patients/" + id("old") + "/links").find("\"replacedBy\":\"" + id("new") + "\""),
            std::string::npos);
}

TEST_F(IdentityApiTest, APersonOfTwoSourcesIsLinkedUntilTheIdentifierChanges) {
  start();
  send(person("1", mrn("7")));
  send(person("2", mrn("7")), "other");
  ASSERT_TRUE(says("/care/patients/" + id("1") + "/links", "\"linked\":[{\"id\":\"" + id("2", "other") + "\""))
      << get("/care/patients/" + id("1") + "/links");
  const auto all = get("/care/identity");
  EXPECT_NE(all.find(R"("systems":["urn:mrn"])"), std::string::npos) << all;
  EXPECT_NE(all.find(R"("source":"other","id_there":"2")"), std::string::npos) << all;
  EXPECT_NE(manage("/metrics").find("bhi_identity_links 1"), std::string::npos);
  send(person("2", mrn("8")), "other");
  EXPECT_TRUE(says("/care/patients/" + id("1") + "/links", "\"linked\":[]"));
  EXPECT_EQ(status_of(get("/care/patients/nobody/links")), 404);
}

TEST_F(IdentityApiTest, TwoOfOneSourceAreAReviewItemAndNoLink) {
  start();
  send(person("1", mrn("7")));
  send(person("2", mrn("7")));
  ASSERT_TRUE(says("/care/identity", "two records of one source"));
  EXPECT_TRUE(says("/care/patients/" + id("1") + "/links", "\"linked\":[]"));
  EXPECT_NE(get("/care/patients/" + id("1") + "/links").find("two records of one source"), std::string::npos);
  EXPECT_NE(manage("/metrics").find("bhi_identity_reviews 1"), std::string::npos);
}

TEST_F(IdentityApiTest, NobodyIsLinkedWhenNothingIsConfigured) {
  settings.link_systems.clear();
  start();
  send(person("1", mrn("7")));
  send(person("2", mrn("7")), "other");
  ASSERT_TRUE(says("/care/patients", id("2", "other")));
  EXPECT_NE(get("/care/identity").find(R"("systems":[],"links":[],"reviews":[])"), std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
