// What may be configured of subscriptions, and what does not fit together.
#include "service/options_subscriptions.h"

#include "service/read_settings.h"

#include <gtest/gtest.h>

namespace bhi::service::test {
namespace {

std::string config(const std::string& subscriptions, const std::string& source = "") {
  return "instance_id: t\nstore: {path: /tmp/x.db}\nsources:\n  - name: main\n    base_url: http://127.0.0.1:1/fhir\n"
         "    notify_url: https://bhi.example/notify/\n" +
         source + "    subscriptions:\n" + subscriptions;
}

std::string mistakes(const std::string& text) {
  const auto read = read_settings(text, "f");
  return read.ok() ? std::string() : read.error().message;
}

TEST(SubscriptionOptions, AreReadWithTheirDefaults) {
  const auto read =
      read_settings(config("      - {name: scores, criteria: 'Observation?status=final'}\n"
                           "      - name: plans\n        kind: backport\n        topic: http://example.org/plans\n"
                           "        types: [CarePlan, Goal]\n        payload: full\n        secret_file: /etc/secret\n"
                           "        secret_in: hub-signature\n        numbering: per-notification\n"
                           "        heartbeat_secs: 600\n"),
                    "f");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto& source = read->sources.front();
  EXPECT_EQ(source.notify_url, "https://bhi.example/notify");
  ASSERT_EQ(source.subscriptions.size(), 2u);
  const auto& scores = source.subscriptions[0];
  EXPECT_EQ(scores.kind, SubscriptionKind::R4);
  EXPECT_EQ(scores.payload, PayloadWish::IdOnly);
  EXPECT_EQ(scores.header, "Authorization");
  EXPECT_TRUE(scores.manage);
  EXPECT_EQ(scores.grace_secs, 60);
  const auto& plans = source.subscriptions[1];
  EXPECT_EQ(plans.types, (std::vector<std::string>{"CarePlan", "Goal"}));
  EXPECT_EQ(plans.secret_place, SecretPlace::HubSignature);
  EXPECT_EQ(plans.numbering, NumberingWish::PerNotification);
}

TEST(SubscriptionOptions, WhatDoesNotFitTogetherIsSaidWithItsPlace) {
  const std::pair<std::string, const char*> cases[] = {
      {"      - {criteria: Observation}\n", "sources[0].subscriptions[0].name: required"},
      {"      - {name: a}\n", "criteria: needed for kind `r4`"},
      {"      - {name: a, criteria: Observation, topic: 'http://x'}\n", "topic: belongs to kind `backport`"},
      {"      - {name: a, kind: backport, types: [Observation]}\n", "topic: belongs to kind `backport`, and is needed"},
      {"      - {name: a, kind: backport, topic: 'http://x'}\n", "types: belongs to kind `backport`, and is needed"},
      {"      - {name: a, kind: backport, topic: 'http://x', types: [Claim]}\n", "types: each must stand in `types`"},
      {"      - {name: a, criteria: Claim}\n", "criteria: its type must stand in `types`"},
      {"      - {name: a, criteria: Nothing}\n", "expected a search as Type?parameter=value"},
      {"      - {name: a, criteria: Observation, payload: full}\n", "secret_file: needed for payload `full`"},
      {"      - {name: a, criteria: Observation, secret_in: signature}\n", "secret_file: needed for `secret_in`"},
      {"      - {name: a, criteria: Observation, heartbeat_secs: 60}\n", "heartbeat_secs: belongs to kind `backport`"},
      {"      - {name: a, criteria: Observation, id: '7'}\n", "id: belongs to `manage: false`"},
      {"      - {name: a, criteria: Observation, header: Content-Length}\n", "expected the name of a header field"},
      {"      - {name: a, criteria: Observation}\n      - {name: a, criteria: Patient}\n",
       "subscriptions[1].name: used by another"},
      {"      - {name: a, criteria: Observation, payloads: full}\n", "did you mean `payload`?"},
      {"      - a\n", "sources[0].subscriptions[0]: expected a mapping"},
  };
  for (const auto& [subscriptions, expected] : cases) {
    const auto found = mistakes(config(subscriptions));
    EXPECT_NE(found.find(expected), std::string::npos) << subscriptions << found;
  }
}

TEST(SubscriptionOptions, WhereTheEhrShallReachUsIsHttpsOrThisMachine) {
  const auto with_url = [](const char* url) {
    return std::string(
               "instance_id: t\nstore: {path: /tmp/x.db}\nsources:\n  - name: main\n    base_url: "
               "http://127.0.0.1:1/fhir\n") +
           (*url == '\0' ? "" : "    notify_url: " + std::string(url) + "\n") +
           "    subscriptions: [{name: a, criteria: Observation}]\n";
  };
  EXPECT_EQ(mistakes(with_url("https://bhi.example/notify")), "");
  EXPECT_EQ(mistakes(with_url("http://127.0.0.1:8420/notify")), "");
  EXPECT_EQ(mistakes(with_url("http://localhost/notify")), "");
  EXPECT_NE(mistakes(with_url("http://bhi.example/notify")).find("http is for loopback"), std::string::npos);
  EXPECT_NE(mistakes(with_url("")).find("manage: needs `notify_url`"), std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
