// The Subscription resource: what we ask for, what came back, when it must be renewed.
#include "flow/subscription.h"

#include "tests/flow/support/fake_ehr.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;
using test::document;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");

SubscriptionWish by_topic() {
  SubscriptionWish wish;
  wish.by_topic = true;
  wish.topic = "http://example.org/topics/Observation";
  wish.criteria = "Observation?status=final";
  wish.payload = PayloadContent::IdOnly;
  wish.endpoint = "https://bhi.example/notify/scores";
  wish.header = "Authorization: Bearer secret";
  wish.heartbeat_secs = 600;
  wish.reason = "bhi-adapter test";
  return wish;
}

SubscriptionWish classic(PayloadContent payload) {
  SubscriptionWish wish;
  wish.criteria = "Observation?status=final";
  wish.payload = payload;
  wish.endpoint = "https://bhi.example/notify/scores";
  return wish;
}

SubscriptionAtEhr found(const std::string& body, const SubscriptionWish& wish) {
  const auto read = subscription_from(document(body)->root(), wish);
  EXPECT_TRUE(read.ok());
  return read.ok() ? *read : SubscriptionAtEhr{};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Subscription, TheBackportFormSaysTopicFilterHeartbeatAndContentByExtensions) {
  const auto text = subscription_body(by_topic(), "requested", kNow, "");
  for (const char* part :
       {R"("criteria":"http://example.org/topics/Observation")", R"("valueString":"Observation?status=final")",
        R"(backport-heartbeat-period","valueUnsignedInt":600)", R"("payload":"application/fhir+json")",
        R"(backport-payload-content","valueCode":"id-only")", R"("header":["Authorization: Bearer secret"])",
        R"("status":"requested")", R"("end":"2026-11-22T09:00:00.000Z")", R"("type":"rest-hook")"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(text.find("\"id\""), std::string::npos);
}

TEST(Subscription, R4WithoutPayloadAsksForNothingButASign) {
  EXPECT_EQ(subscription_body(classic(PayloadContent::IdOnly), "requested", {}, "").find("payload"), std::string::npos);
  EXPECT_NE(subscription_body(classic(PayloadContent::Full), "requested", {}, "")
                .find(R"("payload":"application/fhir+json")"),
            std::string::npos);
}

TEST(Subscription, D2_13_RejectWithModificationIsSeenInWhatCameBack) {
  const auto wish = by_topic();
  const auto sent = replaced(subscription_body(wish, "requested", kNow, "7"), R"("status":"requested")",
                             R"("status":"active","error":"","meta2":1)");
  EXPECT_TRUE(found(sent, wish).differences.empty());
  const std::pair<const char*, const char*> changes[] = {
      {"topics/Observation", "criteria"}, {"Observation?status=final", "filter criteria"},
      {"id-only", "payload content"},     {"https://bhi.example", "channel.endpoint"},
      {"rest-hook", "channel.type"},
  };
  for (const auto& [part, element] : changes) {
    const auto different = found(replaced(sent, part, "other"), wish);
    EXPECT_EQ(different.differences, std::vector<std::string>{element}) << part;
  }
  EXPECT_TRUE(found(replaced(sent, "Bearer secret", "***"), wish).differences.empty()) << "headers may be hidden";
}

TEST(Subscription, D2_13_ATwinHasOurAddressAndOurCriteria) {
  const auto wish = by_topic();
  const auto mine = subscription_body(wish, "active", {}, "7");
  EXPECT_TRUE(is_twin(document(mine)->root(), wish));
  EXPECT_FALSE(is_twin(document(replaced(mine, "notify/scores", "notify/plans"))->root(), wish));
  EXPECT_FALSE(is_twin(document(replaced(mine, "topics/Observation", "topics/Patient"))->root(), wish));
  EXPECT_EQ(twin_query(wish), "url=https%3A%2F%2Fbhi.example%2Fnotify%2Fscores");
}

TEST(Subscription, D2_13_IsRenewedBeforeItsEndAndOnlyThen) {
  EXPECT_FALSE(renewal(kNow + 500h, 720h, kNow).has_value());
  EXPECT_EQ(renewal(kNow + 200h, 720h, kNow), kNow + 720h);
  EXPECT_EQ(renewal(kNow - 1h, 720h, kNow), kNow + 720h);
  EXPECT_FALSE(renewal({}, 720h, kNow).has_value());
  EXPECT_EQ(renewal(kNow + 1h, 0h, kNow), kNow + 24h) << "an end that the EHR gave by itself";
}

TEST(Subscription, AnotherSecretIsAnotherWish) {
  auto changed = by_topic();
  changed.header = "Authorization: Bearer another";
  EXPECT_EQ(wish_mark(by_topic()), wish_mark(by_topic()));
  EXPECT_NE(wish_mark(by_topic()), wish_mark(changed));
}

TEST(Subscription, WhatIsNoneIsRefused) {
  EXPECT_FALSE(subscription_from(document(R"({"resourceType":"Patient","id":"7"})")->root(), by_topic()).ok());
  EXPECT_FALSE(subscription_from(document(R"({"resourceType":"Subscription"})")->root(), by_topic()).ok());
  EXPECT_FALSE(subscription_from(document(R"({"resourceType":"Subscription","id":"../x"})")->root(), by_topic()).ok());
}

}  // namespace
}  // namespace bhi::flow
