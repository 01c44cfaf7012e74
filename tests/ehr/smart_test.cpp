// SMART Backend Services: each test bears the number of its line in the protocol checklist D-1.
#include "base/hash.h"
#include "ehr/client_assertion.h"
#include "ehr/fhir_ehr.h"
#include "ehr/smart_discovery.h"
#include "ehr/token_source.h"
#include "tests/ehr/support/smart_world.h"
#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using test::assertion_of;
using test::Heard;
using test::json_answer;
using test::parameter;
using test::SmartWorld;
using test::TinyServer;

constexpr const char* kOauthUris =
    R"({"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server","security":{"extension":[
        {"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
         "extension":[{"url":"token","valueUri":"https://ehr.example/token"}]}]}}]})";

TEST(SmartBackend, D1_01_DiscoversTheTokenEndpointAndAsksTheCapabilityStatementOnlyAsALastResort) {
  std::string smart = R"({"token_endpoint":"https://ehr.example/auth","capabilities":["permission-v2"]})";
  TinyServer server([&](const Heard& heard) {
    if (heard.target == "/fhir/.well-known/smart-configuration") {
      return smart.empty() ? json_answer(404, "{}") : json_answer(200, smart);
    }
    return json_answer(200, kOauthUris);
  });
  const auto http = Http::open({.base_url = server.base()});
  ASSERT_TRUE(http.ok());
  auto found = discover(**http, {});
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->token_endpoint, "https://ehr.example/auth");
  EXPECT_TRUE(found->v2);
  EXPECT_FALSE(found->v1);
  EXPECT_EQ(server.heard().size(), 1u);
  smart.clear();
  found = discover(**http, {});
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->token_endpoint, "https://ehr.example/token");
  for (const Heard& heard : server.heard()) EXPECT_FALSE(heard.headers.contains("authorization"));
}

TEST(SmartBackend, D1_01_KeepsWhatItDiscoveredForAnHour) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(tokens.token().ok());
    world.passed.store(world.passed.load() + 250s);  // each one is a renewal
  }
  EXPECT_EQ(world.discoveries, 1);
  world.passed.store(world.passed.load() + 1h);
  ASSERT_TRUE(tokens.token().ok());
  EXPECT_EQ(world.discoveries, 2);
}

TEST(SmartBackend, D1_02_SignsWithRs384AndEs384AndNamesKeyAndType) {
  for (const std::string algorithm : {"RS384", "ES384"}) {
    SmartWorld world(algorithm);
    auto settings = world.settings();
    settings.jku = "https://us/keys";
    TokenSource tokens(settings, world.world());
    const auto token = tokens.token();
    ASSERT_TRUE(token.ok()) << algorithm << ": " << token.error().message;
    const auto jwt = assertion_of(world.forms.back());
    EXPECT_EQ(jwt.header->root().text_of("alg"), algorithm);
    EXPECT_EQ(jwt.header->root().text_of("typ"), "JWT");
    EXPECT_EQ(jwt.header->root().text_of("kid"), world.key_.kid());
    EXPECT_EQ(jwt.header->root().text_of("jku"), "https://us/keys");
    EXPECT_EQ(jwt.signature.size(), algorithm == "ES384" ? 96u : 384u);
  }
}

TEST(SmartBackend, D1_02_AnEs384SignatureHasTheSameWidthWhateverItsNumbers) {
  const auto key = SmartWorld::make_key("ES384");
  for (int i = 0; i < 600; ++i) {  // one in 128 has a number with a leading zero byte
    const auto signature = key.sign("text " + std::to_string(i));
    ASSERT_TRUE(signature.ok());
    ASSERT_EQ(signature->size(), 96u);
  }
}

TEST(SmartBackend, D1_03_ClaimsWhatTheGuideAsksAndNeverRepeatsAnId) {
  std::set<std::string> ids;
  SmartWorld world;
  for (int start = 0; start < 3; ++start) {  // each as after a restart: nothing is remembered
    TokenSource tokens(world.settings(), world.world());
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(tokens.token().ok());
      const auto jwt = assertion_of(world.forms.back());
      const auto& claims = jwt.claims->root();
      EXPECT_EQ(claims.text_of("iss"), "bhi");
      EXPECT_EQ(claims.text_of("sub"), "bhi");
      EXPECT_EQ(claims.text_of("aud"), test::kTokenUrl);
      const auto life = std::stoll(std::string(claims.find("exp")->text())) -
                        std::chrono::floor<std::chrono::seconds>(world.world().wall()).time_since_epoch().count();
      EXPECT_LE(life, 300);
      EXPECT_GT(life, 60);
      EXPECT_TRUE(ids.insert(std::string(claims.text_of("jti"))).second);
      world.passed.store(world.passed.load() + 290s);
    }
  }
  EXPECT_EQ(ids.size(), 15u);
}

TEST(SmartBackend, D1_03_ATokenCallThatIsTriedAgainHasANewId) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  world.instead = Response{};  // lost
  world.instead->what = Response::What::Lost;
  EXPECT_FALSE(tokens.token().ok());
  world.instead.reset();
  world.passed.store(world.passed.load() + 5s);
  ASSERT_TRUE(tokens.token().ok());
  ASSERT_EQ(world.forms.size(), 2u);
  EXPECT_NE(assertion_of(world.forms[0]).claims->root().text_of("jti"),
            assertion_of(world.forms[1]).claims->root().text_of("jti"));
}

TEST(SmartBackend, D1_04_ReportsAClockThatIsWrongAndAsksOnceMoreByTheServersClock) {
  for (const auto error : {-600s, 600s}) {
    SmartWorld world;
    world.ours = error;
    TokenSource tokens(world.settings(), world.world());
    const auto token = tokens.token();
    ASSERT_TRUE(token.ok()) << token.error().message;
    EXPECT_EQ(world.posts, 2);
    ASSERT_TRUE(tokens.state().skew.has_value());
    EXPECT_NEAR(static_cast<double>(tokens.state().skew->count()), static_cast<double>(-error.count()), 2);
    world.passed.store(world.passed.load() + 290s);
    ASSERT_TRUE(tokens.token().ok());
    EXPECT_EQ(world.posts, 3);  // the error is known now
  }
}

TEST(SmartBackend, D1_04_NamesTheErrorOfTheClockWhenEvenThatDoesNotHelp) {
  SmartWorld world;
  world.ours = 600s;
  world.published_ = R"({"keys":[]})";
  TokenSource tokens(world.settings(), world.world());
  const auto token = tokens.token();
  ASSERT_FALSE(token.ok());
  EXPECT_EQ(token.error().kind, Kind::Unavailable);
  EXPECT_NE(token.error().message.find("invalid_client"), std::string::npos) << token.error().message;
  EXPECT_NE(token.error().message.find("600 s behind ours"), std::string::npos) << token.error().message;
  EXPECT_EQ(world.posts, 2);
}

TEST(SmartBackend, D1_05_SendsTheFormOfTheGuideAndNoRefreshToken) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  ASSERT_TRUE(tokens.token().ok());
  const auto& form = world.forms.back();
  EXPECT_EQ(parameter(form, "grant_type"), "client_credentials");
  EXPECT_EQ(parameter(form, "client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  EXPECT_EQ(parameter(form, "scope"), "system/Patient.read system/Observation.read system/Observation.write");
  EXPECT_FALSE(parameter(form, "client_assertion").empty());
  EXPECT_EQ(form.find("refresh_token"), std::string::npos);
  const auto& headers = world.headers_sent.back();
  EXPECT_EQ(std::ranges::count(headers, "Content-Type: application/x-www-form-urlencoded"), 1);
}

TEST(SmartBackend, D1_05_AClientSecretGoesInTheHeaderOrInTheForm) {
  for (const auto how : {ClientAuth::SecretBasic, ClientAuth::SecretPost}) {
    SmartWorld world;
    TokenSource tokens(world.settings(how), world.world());
    const auto token = tokens.token();
    ASSERT_TRUE(token.ok()) << token.error().message;
    const bool in_form = world.forms.back().find("client_secret=s%26cret%2F1") != std::string::npos;
    EXPECT_EQ(in_form, how == ClientAuth::SecretPost);
  }
}

TEST(SmartBackend, D1_06_AsksForScopesOfTheLanesV1FirstUnlessTold) {
  const std::vector<ScopeLane> lanes = {{"Patient", true, false}, {"Flag", false, true}};
  const std::vector<std::string> more = {"system/Group.read", "system/Patient.read"};
  EXPECT_EQ(scopes_for(lanes, ScopeVersion::V1, more), "system/Patient.read system/Flag.write system/Group.read");
  EXPECT_EQ(scopes_for(lanes, ScopeVersion::V2, {}), "system/Patient.rs system/Flag.c system/Flag.u");

  const auto asked = [](bool v1, bool v2, std::optional<ScopeVersion> told) {
    SmartWorld world;
    auto settings = world.settings();
    settings.lanes = {{"Patient", true, false}};
    settings.version = told;
    auto outside = world.world();
    outside.discover = [=]() -> Result<SmartConfiguration> {
      SmartConfiguration found;
      found.token_endpoint = test::kTokenUrl;
      found.v1 = v1;
      found.v2 = v2;
      return found;
    };
    TokenSource tokens(settings, outside);
    EXPECT_TRUE(tokens.token().ok());
    return parameter(world.forms.back(), "scope");
  };
  EXPECT_EQ(asked(true, true, {}), "system/Patient.read");
  EXPECT_EQ(asked(false, true, {}), "system/Patient.rs");
  EXPECT_EQ(asked(false, false, {}), "system/Patient.read");
  EXPECT_EQ(asked(true, true, ScopeVersion::V2), "system/Patient.rs");

  SmartWorld world;
  auto settings = world.settings();
  settings.scopes = {"system/*.read"};
  TokenSource tokens(settings, world.world());
  ASSERT_TRUE(tokens.token().ok());
  EXPECT_EQ(parameter(world.forms.back(), "scope"), "system/*.read");
}

TEST(SmartBackend, D1_07_MissingScopesTakeJustTheirLanesAndSayWhich) {
  flow::Capabilities capabilities;
  for (const char* type : {"Patient", "Observation", "CarePlan", "Condition"}) {
    flow::TypeCapability all;
    all.type = type;
    all.read = all.search = all.create = all.update = true;
    capabilities.types.push_back(all);
  }
  const Grant grant(
      "openid system/Patient.read system/Observation.rs system/Observation.c system/CarePlan.* patient/Condition.read");
  narrow(capabilities, grant, ScopeVersion::V1);
  const auto& patient = *capabilities.of("Patient");
  EXPECT_TRUE(patient.read && patient.search);
  EXPECT_FALSE(patient.create || patient.update);
  EXPECT_EQ(patient.create_withheld, "the scope system/Patient.write was not granted");
  const auto& observation = *capabilities.of("Observation");
  EXPECT_TRUE(observation.read && observation.search && observation.create);
  EXPECT_FALSE(observation.update);
  const auto& plan = *capabilities.of("CarePlan");
  EXPECT_TRUE(plan.read && plan.create && plan.update);
  EXPECT_TRUE(plan.read_withheld.empty() && plan.create_withheld.empty());
  const auto& condition = *capabilities.of("Condition");
  EXPECT_FALSE(condition.read || condition.search);
  EXPECT_EQ(condition.read_withheld, "the scope system/Condition.read was not granted");
}

TEST(SmartBackend, D1_07_ReadsGrantsOfBothFormsWithStarsAndConditions) {
  EXPECT_TRUE(Grant("system/*.rs").allows("Goal", Act::Search));
  EXPECT_FALSE(Grant("system/*.r").allows("Goal", Act::Search));
  EXPECT_TRUE(Grant("system/*.*").allows("Goal", Act::Update));
  EXPECT_TRUE(Grant("system/Observation.crus?category=survey").allows("Observation", Act::Create));
  EXPECT_FALSE(Grant("user/Goal.read patient/Goal.read").allows("Goal", Act::Read));
  EXPECT_FALSE(Grant("system/Goal.reads").allows("Goal", Act::Read));
  EXPECT_FALSE(Grant("").allows("Goal", Act::Read));
}

TEST(SmartBackend, D1_07_TheGrantOfTheTokenIsTheOneThatCounts) {
  SmartWorld world;
  world.set(R"({"grant":"system/Patient.rs"})");
  TokenSource tokens(world.settings(), world.world());
  EXPECT_FALSE(tokens.grant().has_value());
  ASSERT_TRUE(tokens.token().ok());
  ASSERT_TRUE(tokens.grant().has_value());
  EXPECT_TRUE(tokens.grant()->allows("Patient", Act::Search));
  EXPECT_FALSE(tokens.grant()->allows("Observation", Act::Search));
}

}  // namespace
}  // namespace bhi::ehr
