// Reading what EHRs say when they call by themselves.
#include "flow/notification.h"

#include "fhir/json.h"
#include "tests/flow/support/fake_ehr.h"

#include <gtest/gtest.h>

#include <string>

namespace bhi::flow {
namespace {

using test::document;
using What = Notification::What;

const std::vector<std::string> kBases = {"https://ehr.example/fhir"};

std::string parameters(const std::string& type, const std::string& more = "", const std::string& count = "7") {
  return R"({"resourceType":"Parameters","parameter":[{"name":"subscription","valueReference":{"reference":"Subscription/s1"}},
    {"name":"topic","valueCanonical":"http://example.org/topic"},{"name":"status","valueCode":"active"},
    {"name":"type","valueCode":")" +
         type + R"("},{"name":"events-since-subscription-start","valueString":")" + count + "\"}" + more + "]}";
}
std::string event(const std::string& number, const std::string& focus) {
  return R"(,{"name":"notification-event","part":[{"name":"event-number","valueString":")" + number +
         R"("},{"name":"timestamp","valueInstant":"2026-11-22T09:00:00Z"},{"name":"focus","valueReference":{"reference":")" +
         focus + "\"}}]}";
}
std::string bundle(const std::string& status, const std::string& entries = "", const std::string& type = "history") {
  return R"({"resourceType":"Bundle","id":"b1","type":")" + type + R"(","entry":[{"resource":)" + status +
         R"(,"request":{"method":"GET","url":"https://ehr.example/fhir/Subscription/s1/$status"}})" + entries + "]}";
}

Result<Notification> read(const std::string& text) { return read_notification(document(text)->root(), kBases); }
Notification good(const std::string& text) {
  auto read_it = read(text);
  EXPECT_TRUE(read_it.ok()) << (read_it.ok() ? "" : read_it.error().message);
  return read_it.ok() ? *read_it : Notification{};
}

TEST(Notification, D2_03_BackportOfR4HasParametersFirst) {
  const auto told = good(bundle(parameters("event-notification", event("7", "Observation/o1"))));
  EXPECT_EQ(told.what, What::Events);
  EXPECT_EQ(told.subscription, "Subscription/s1");
  EXPECT_EQ(told.topic, "http://example.org/topic");
  EXPECT_EQ(told.status, "active");
  EXPECT_EQ(told.numbers.count, 7);
  ASSERT_EQ(told.numbers.events.size(), 1u);
  EXPECT_EQ(told.numbers.events[0].number, 7);
  ASSERT_EQ(told.named.size(), 1u);
  EXPECT_EQ(told.named[0].text(), "Observation/o1");
  EXPECT_TRUE(told.issues.empty());
}

TEST(Notification, D2_03_SubscriptionStatusOfR4bAndR5IsTakenOnR4Too) {
  const auto told = good(bundle(R"({"resourceType":"SubscriptionStatus","status":"active","type":"event-notification",
    "eventsSinceSubscriptionStart":"9","subscription":{"reference":"https://ehr.example/fhir/Subscription/s1"},"topic":"http://example.org/topic",
    "notificationEvent":[{"eventNumber":"8","timestamp":"2026-11-22T09:00:00Z","focus":{"reference":"Patient/p1"}},
                         {"eventNumber":9,"focus":{"reference":"https://ehr.example/fhir/Patient/p2"}}]})"));
  EXPECT_EQ(told.what, What::Events);
  EXPECT_EQ(told.numbers.count, 9);
  ASSERT_EQ(told.named.size(), 2u);
  EXPECT_EQ(told.named[1].text(), "Patient/p2");
  EXPECT_EQ(told.numbers.events[1].number, 9);
  EXPECT_FALSE(told.numbers.events[1].at.has_value());
}

TEST(Notification, D2_03_ATransactionOfHapiIsTakenWithAWarning) {
  const auto told = good(bundle(parameters("event-notification", event("7", "Observation/o1")), "", "transaction"));
  ASSERT_EQ(told.issues.size(), 1u);
  EXPECT_EQ(told.issues[0].severity, Severity::Warning);
  EXPECT_EQ(told.issues[0].path, "Bundle.type");
}

TEST(Notification, D2_03_TheFirstEntryNamesStatusOrThatIsOdd) {
  auto text = bundle(parameters("heartbeat"));
  text.replace(text.find("$status"), 7, "nothing");
  const auto told = good(text);
  ASSERT_EQ(told.issues.size(), 1u);
  EXPECT_EQ(told.issues[0].path, "Bundle.entry[0].request");
}

TEST(Notification, HandshakesAndHeartbeatsHoldACountOnly) {
  EXPECT_EQ(good(bundle(parameters("handshake", "", "0"))).what, What::Handshake);
  const auto beat = good(bundle(parameters("heartbeat")));
  EXPECT_EQ(beat.what, What::Heartbeat);
  EXPECT_EQ(beat.numbers.count, 7);
  EXPECT_TRUE(beat.numbers.events.empty());
  EXPECT_EQ(good(bundle(parameters("heartbeat"))).key, "") << "one is like the other";
}

TEST(Notification, D2_10_BatchedEventsAreEachTold) {
  const auto told = good(bundle(parameters(
      "event-notification", event("5", "Observation/a") + event("6", "Observation/b") + event("7", "Observation/a"))));
  EXPECT_EQ(told.numbers.events.size(), 3u);
  EXPECT_EQ(told.named.size(), 2u);
}

TEST(Notification, DeletionsAreSaidByTheEntry) {
  const auto told = good(bundle(
      parameters("event-notification", event("7", "Observation/a")),
      R"(,{"fullUrl":"https://ehr.example/fhir/Observation/a","request":{"method":"DELETE","url":"Observation/a"}})"));
  ASSERT_EQ(told.gone.size(), 1u);
  EXPECT_EQ(told.gone[0].text(), "Observation/a");
  EXPECT_EQ(told.named.size(), 1u);
}

TEST(Notification, D2_11_AnIdOnlyReferenceMustLieInsideTheBaseUrl) {
  for (const char* focus :
       {"https://evil.example/fhir/Observation/1", "http://ehr.example/fhir/Observation/1",
        "https://ehr.example/fhir.evil.example/Observation/1", "https://ehr.example:444/fhir/Observation/1",
        "Observation/../../admin", "Observation/", "Nothing/1", "urn:uuid:1", "Observation?x=1", ""}) {
    const auto refused = read(bundle(parameters("event-notification", event("7", focus))));
    ASSERT_FALSE(refused.ok()) << focus;
    EXPECT_EQ(refused.error().kind, Kind::Incorrect);
    EXPECT_EQ(refused.error().message.find("evil"), std::string::npos);
  }
}

TEST(Notification, D2_10_TheSameNotificationIsKnownAgainByItsEvents) {
  const auto first = good(bundle(parameters("event-notification", event("1", "Observation/a"), "1")));
  EXPECT_FALSE(first.key.empty());
  EXPECT_EQ(good(bundle(parameters("event-notification", event("1", "Observation/a"), "1"))).key, first.key);
  EXPECT_NE(good(bundle(parameters("event-notification", event("1", "Observation/b"), "1"))).key, first.key);
  auto later = bundle(parameters("event-notification", event("1", "Observation/a"), "1"));
  later.replace(later.find("09:00:00Z"), 9, "09:00:01Z");
  EXPECT_NE(good(later).key, first.key) << "per-notification numbers repeat, times do not";
}

TEST(Notification, D2_01_R4HooksBringARecordOrNothing) {
  const auto told = good(R"({"resourceType":"Patient","id":"p1"})");
  EXPECT_EQ(told.what, What::Resource);
  EXPECT_EQ(told.named[0].text(), "Patient/p1");
  EXPECT_EQ(good("{}").what, What::Hint);
  EXPECT_FALSE(read(R"({"resourceType":"Patient"})").ok());
  EXPECT_FALSE(read(R"({"a":1})").ok());
}

TEST(Notification, WhatIsNoNotificationIsRefusedWithTheReason) {
  const auto reason = [](const std::string& text) {
    const auto refused = read(text);
    EXPECT_FALSE(refused.ok()) << text;
    return refused.ok() ? std::string() : refused.error().message;
  };
  EXPECT_NE(reason(R"({"resourceType":"Bundle","type":"history"})").find("entry[0]"), std::string::npos);
  EXPECT_NE(reason(bundle(R"({"resourceType":"Observation","id":"1"})")).find("entry[0]"), std::string::npos);
  EXPECT_NE(reason(bundle(parameters("heartbeat"), "", "searchset")).find("history"), std::string::npos);
  EXPECT_NE(reason(bundle(parameters("hello"))).find("type"), std::string::npos);
  for (const char* number :
       {"-1", "18446744073709551616", "9223372036854775807", "1000000000000000001", "1.5", "0x1", "", "one"}) {
    EXPECT_NE(reason(bundle(parameters("heartbeat", "", number))).find("events-since-subscription-start"),
              std::string::npos);
    EXPECT_NE(reason(bundle(parameters("event-notification", event(number, "Observation/1")))).find("event-number"),
              std::string::npos);
  }
  EXPECT_TRUE(read(bundle(parameters("heartbeat", "", "1000000000000000000"))).ok());
}

TEST(Notification, StatusIsReadFromASearchsetOrAlone) {
  const auto alone = read_status(document(parameters("query-status"))->root(), kBases);
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->what, What::Status);
  EXPECT_EQ(alone->numbers.count, 7);
  const auto set = read_status(document(R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":)" +
                                        parameters("query-status") + "}]}")
                                   ->root(),
                               kBases);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->numbers.count, 7);
  const auto events = read_status(
      document(
          bundle(
              parameters("query-event", event("6", "Observation/a")),
              R"(,{"fullUrl":"https://ehr.example/fhir/Observation/a","request":{"method":"PUT","url":"Observation/a"}})"))
          ->root(),
      kBases);
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(events->what, What::Events);
  EXPECT_EQ(events->named.size(), 1u);
  EXPECT_FALSE(read_status(document(R"({"resourceType":"Bundle","type":"searchset"})")->root(), kBases).ok());
}

}  // namespace
}  // namespace bhi::flow
