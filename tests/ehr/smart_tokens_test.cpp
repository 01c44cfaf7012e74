// SMART Backend Services: tokens in use by many, and keys; each test bears the number of its line in the checklist D-1.
#include "base/hash.h"
#include "ehr/client_assertion.h"
#include "ehr/fhir_ehr.h"
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
using test::SmartWorld;
using test::TinyServer;

// 32 workers, tokens of 30 seconds, ten minutes of simulated time; each token request takes two seconds of it.
TEST(SmartBackend, D1_08_ShortTokensAndManyWorkersSendNoExpiredTokenAndRenewOneAtATime) {
  SmartWorld world;
  world.set(R"({"token_secs":30})");
  world.during = [&] {
    for (int i = 0; i < 20; ++i) {
      world.passed.store(world.passed.load() + 100ms);
      std::this_thread::yield();
    }
  };
  TokenSource tokens(world.settings(), world.world());
  std::atomic<int> requests = 0, refused = 0, failed = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> workers;
  for (int i = 0; i < 32; ++i) {
    workers.emplace_back([&] {
      while (!over) {
        const auto token = tokens.token();
        if (!token) {
          ++failed;
          continue;
        }
        ++requests;
        if (world.fhir(*token) != 200) ++refused;
        std::this_thread::yield();
      }
    });
  }
  while (world.passed.load() < 601s) {
    const auto before = requests.load();
    world.passed.store(world.passed.load() + 250ms);
    while (requests.load() == before) std::this_thread::yield();
  }
  over = true;
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(world.most_under_way, 1);
  EXPECT_GE(world.posts, 20);
  EXPECT_GE(requests, 2000);
  EXPECT_NE(world.shown().find("\"expired_requests\":0"), std::string::npos) << world.shown();
}

TEST(SmartBackend, D1_08_RenewsAMinuteOrAFifthOfItsLifeBeforeTheEnd) {
  const auto renewed_after = [](int life, std::optional<std::chrono::seconds> margin) {
    SmartWorld world;
    world.set(R"({"token_secs":)" + std::to_string(life) + "}");
    auto settings = world.settings();
    settings.margin = margin;
    TokenSource tokens(settings, world.world());
    EXPECT_TRUE(tokens.token().ok());
    int seconds = 0;
    while (world.posts == 1 && seconds < 2 * life) {
      ++seconds;
      world.passed.store(world.passed.load() + 1s);
      EXPECT_TRUE(tokens.token().ok());
    }
    return seconds;
  };
  EXPECT_EQ(renewed_after(300, {}), 240);
  EXPECT_EQ(renewed_after(3600, {}), 2880);
  EXPECT_EQ(renewed_after(30, {}), 15);
  EXPECT_EQ(renewed_after(300, 120s), 180);
  EXPECT_EQ(renewed_after(300, 0s), 290);  // no request is sent in the last ten seconds
}

TEST(SmartBackend, D1_08_AFailedEarlyRenewalLeavesTheOldTokenInUseUntilItsEnd) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  const auto first = *tokens.token();
  Response down;
  down.what = Response::What::Answered;
  down.status = 503;
  down.retry_after = "20";
  world.instead = down;
  world.passed.store(world.passed.load() + 245s);
  EXPECT_EQ(*tokens.token(), first);
  EXPECT_EQ(*tokens.token(), first);
  EXPECT_EQ(world.posts, 2);  // left alone as long as it asked
  world.passed.store(world.passed.load() + 50s);
  EXPECT_FALSE(tokens.token().ok());
  world.instead.reset();
  world.passed.store(world.passed.load() + 61s);
  const auto second = tokens.token();
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(*second, first);
}

EhrSettings with_tokens(const std::string& base, TokenSource& tokens) {
  EhrSettings settings;
  settings.name = "main";
  settings.http.base_url = base;
  settings.token = [&tokens] { return tokens.token(); };
  settings.token_refused = [&tokens](std::string_view token) { tokens.refused(token); };
  settings.token_worked = [&tokens](std::string_view token) { tokens.worked(token); };
  settings.grant = [&tokens] { return tokens.grant(); };
  return settings;
}

TEST(SmartBackend, D1_09_A401IsAnsweredByOneNewTokenAndOneRepeat) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  std::string good;
  TinyServer server([&](const Heard& heard) {
    return heard.headers.at("authorization") == good ? json_answer(200, R"({"resourceType":"Bundle"})")
                                                     : json_answer(401, "{}");
  });
  const auto ehr = connect(with_tokens(server.base(), tokens));
  ASSERT_TRUE(ehr.ok());
  good = "Bearer " + *tokens.token();
  ASSERT_TRUE((*ehr)->search("Patient", "").ok());
  EXPECT_EQ(server.heard().size(), 1u);
  // The EHR forgets its tokens: the next one that is given is good.
  const auto second_is_good = [&](const Heard& heard) {
    good = heard.headers.at("authorization");
    return json_answer(200, R"({"resourceType":"Bundle"})");
  };
  int calls = 0;
  TinyServer forgetful(
      [&](const Heard& heard) { return ++calls == 1 ? json_answer(401, "{}") : second_is_good(heard); });
  const auto other = connect(with_tokens(forgetful.base(), tokens));
  ASSERT_TRUE((*other)->search("Patient", "").ok());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(world.posts, 2);
}

TEST(SmartBackend, D1_09_ASecond401ParksTheEhr) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  TinyServer server([&](const Heard&) { return json_answer(401, "{}"); });
  const auto ehr = connect(with_tokens(server.base(), tokens));
  const auto first = (*ehr)->search("Patient", "");
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(server.heard().size(), 2u);
  const auto parked = (*ehr)->search("Patient", "");
  ASSERT_FALSE(parked.ok());
  EXPECT_EQ(parked.error().kind, Kind::Unavailable);
  EXPECT_NE(parked.error().message.find("parked"), std::string::npos) << parked.error().message;
  // A write is not sent either, and goes on later by itself.
  EXPECT_EQ((*ehr)->create("Observation", "{}", "").what, flow::Answer::What::NotSent);
  EXPECT_EQ(server.heard().size(), 2u);
  EXPECT_EQ(world.posts, 2);
  world.passed.store(world.passed.load() + 301s);
  EXPECT_FALSE((*ehr)->search("Patient", "").ok());
  EXPECT_EQ(server.heard().size(), 3u);  // one try
}

TEST(SmartBackend, D1_10_TheTokenNeverGoesToAnotherOrigin) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  TinyServer stranger([](const Heard&) { return json_answer(200, R"({"resourceType":"Bundle"})"); });
  TinyServer server([&](const Heard& heard) {
    if (heard.target.starts_with("/fhir/Patient/")) {  // a redirect
      return json_answer(302, "{}", "Location: " + stranger.base() + "/Patient/1\r\n");
    }
    return json_answer(200, R"({"resourceType":"Bundle","link":[{"relation":"next","url":")" + stranger.base() +
                                R"(/Patient?page=2"}]})");
  });
  const auto ehr = connect(with_tokens(server.base(), tokens));
  const auto page = (*ehr)->search("Patient", "");
  ASSERT_TRUE(page.ok());
  const auto next = (*ehr)->next(page->next);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().kind, Kind::Forbidden);
  EXPECT_FALSE((*ehr)->read("Patient", "1").ok());
  EXPECT_FALSE((*ehr)->next("https://user:pass@ehr.example/fhir").ok());
  EXPECT_TRUE(stranger.heard().empty());
}

TEST(SmartBackend, D1_11_TheKeySetHoldsPublicHalvesOnlyAndEachKeyOnce) {
  const auto rsa = SmartWorld::make_key("RS384");
  const auto ec = SmartWorld::make_key("ES384");
  const auto set = fhir::read_json(key_set(std::vector{rsa, ec, rsa}));
  ASSERT_TRUE(set.ok());
  const auto* keys = (*set)->root().find("keys");
  ASSERT_EQ(keys->elements().size(), 2u);
  std::set<std::string, std::less<>> first, second;
  for (const auto& member : keys->elements()[0].members()) first.emplace(member.name->text);
  for (const auto& member : keys->elements()[1].members()) second.emplace(member.name->text);
  EXPECT_EQ(first, (std::set<std::string, std::less<>>{"alg", "e", "key_ops", "kid", "kty", "n", "use"}));
  EXPECT_EQ(second, (std::set<std::string, std::less<>>{"alg", "crv", "key_ops", "kid", "kty", "use", "x", "y"}));
  EXPECT_EQ(keys->elements()[0].text_of("kid"), rsa.kid());
}

// https://www.rfc-editor.org/rfc/rfc7638#section-3.2: the members in their order, hashed.
TEST(SmartBackend, D1_11_AKeyIsKnownByItsThumbprintUnlessItHasAnotherName) {
  const auto key = SmartWorld::make_key("ES384");
  const auto jwk = fhir::read_json(key.public_jwk());
  ASSERT_TRUE(jwk.ok());
  const auto& root = (*jwk)->root();
  const std::string canonical = R"({"crv":"P-384","kty":"EC","x":")" + std::string(root.text_of("x")) + R"(","y":")" +
                                std::string(root.text_of("y")) + "\"}";
  const auto digest = sha256(canonical);
  EXPECT_EQ(sim::base64url_decode(key.kid()), std::string(digest.begin(), digest.end()));
  const auto named = SigningKey::from_pem(*new_private_key("ES384"), "registered-2026");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->kid(), "registered-2026");
}

TEST(SmartBackend, D1_11_RotationWorksWithTwoLiveKeys) {
  SmartWorld world;
  TokenSource tokens(world.settings(), world.world());
  const auto old = world.key_;
  const auto fresh = SmartWorld::make_key("RS384");
  world.published_ = key_set(std::vector{old, fresh});
  ASSERT_TRUE(tokens.token().ok());
  world.key_ = fresh;  // the first of the list now
  world.passed.store(world.passed.load() + 290s);
  ASSERT_TRUE(tokens.token().ok());
  EXPECT_EQ(assertion_of(world.forms.back()).header->root().text_of("kid"), fresh.kid());
  world.published_ = key_set(std::vector{fresh});
  world.passed.store(world.passed.load() + 290s);
  ASSERT_TRUE(tokens.token().ok());
  world.key_ = old;  // no longer published
  world.passed.store(world.passed.load() + 290s);
  EXPECT_FALSE(tokens.token().ok());
}

TEST(SmartBackend, D1_11_RefusesKeysThatAreWeakOrNoKeysAndSaysNothingOfThem) {
  for (const std::string& pem : {std::string("secret text"), std::string("-----BEGIN PRIVATE KEY-----"), key_set({})}) {
    const auto key = SigningKey::from_pem(pem);
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().kind, Kind::Incorrect);
    EXPECT_EQ(key.error().message.find(pem), std::string::npos);
  }
  EXPECT_FALSE(SigningKey::from_pem(*new_private_key("ES384"), "a \"kid\"").ok());
  EXPECT_FALSE(new_private_key("HS256").ok());
}

}  // namespace
}  // namespace bhi::ehr
