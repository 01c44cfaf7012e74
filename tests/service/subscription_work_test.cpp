// A subscription's life at the EHR, and what is done about what it did not tell; clock, EHR and polls are the test's.
#include "tests/service/support/subscribed_ehr.h"

namespace bhi::service::test {
namespace {

using namespace std::chrono_literals;

class SubscriptionLife : public SubscriptionTest {
 protected:
  std::string state() const { return parts->upkeep.shown().state; }
  // Made, greeted, active.
  void activate() {
    work(2);
    ASSERT_EQ(ehr.subscriptions.size(), 1u);
    ehr.set_status("s1", "requested", "active");
    work(10);
    ASSERT_EQ(state(), "working");
    ehr.requests.clear();
    news_polls = whole_polls = 0;
  }
  flow::NumberState numbers() const { return parts->book.look(0).numbers; }
};

TEST_F(SubscriptionLife, D2_13_IsMadeAfterALookForATwinAndPolledForOnceItWorks) {
  work(2);
  ASSERT_GE(ehr.requests.size(), 2u);
  EXPECT_EQ(ehr.requests[0], "SEARCH Subscription?url=https%3A%2F%2Fbhi.example%2Fnotify%2Fscores");
  EXPECT_EQ(ehr.requests[1], "POST Subscription");
  EXPECT_NE(ehr.subscriptions["s1"].find("Authorization: Bearer 0123456789abcdefABCDEF"), std::string::npos);
  EXPECT_EQ(state(), "waiting");
  EXPECT_EQ(news_polls, 0);
  ehr.set_status("s1", "requested", "active");
  work(10);
  EXPECT_EQ(state(), "working");
  EXPECT_EQ(news_polls, 1) << "what changed before it worked nobody told";
  EXPECT_EQ(ehr.count("PUT"), 0u);
}

TEST_F(SubscriptionLife, D2_13_ATwinIsAdoptedAndToldOurSecretAndThereIsOne) {
  work(2);
  EXPECT_TRUE(store->accept({{}, flow::Cursor{"main", "notify|scores|at", ""}, {}, {}}).ok());
  restart();
  work(2);
  EXPECT_EQ(ehr.subscriptions.size(), 1u);
  EXPECT_EQ(ehr.count("POST"), 1u);
  EXPECT_EQ(ehr.count("PUT Subscription/s1"), 1u);
}

TEST_F(SubscriptionLife, ARestartFindsItAndChangesNothingUnlessTheWishChanged) {
  activate();
  restart();
  work(3);
  EXPECT_EQ(state(), "working");
  EXPECT_EQ(ehr.count("PUT") + ehr.count("POST") + ehr.count("SEARCH"), 0u);
  one().heartbeat_secs = 600;
  restart();
  work(3);
  EXPECT_EQ(ehr.count("PUT Subscription/s1"), 1u);
}

TEST_F(SubscriptionLife, ALostAnswerToItsCreationMakesNoSecondOne) {
  ehr.rude = flow::Answer::What::Unknown;
  work(120);
  EXPECT_EQ(ehr.subscriptions.size(), 1u);
  EXPECT_EQ(ehr.count("POST"), 1u);
}

TEST_F(SubscriptionLife, D2_13_RejectWithModificationOfItsCriteriaSwitchesItOff) {
  ehr.on_write = [](std::string text) { return replaced(std::move(text), "topics/Observation", "topics/Everything"); };
  work(60);
  EXPECT_EQ(state(), "not-offered");
  EXPECT_NE(parts->upkeep.shown().reason.find("criteria"), std::string::npos);
  EXPECT_NE(ehr.subscriptions["s1"].find("\"status\":\"off\""), std::string::npos);
  pass(3h);
  work(60);
  EXPECT_EQ(ehr.count("POST"), 1u) << "it is not asked for again and again";
}

TEST_F(SubscriptionLife, D2_13_RejectWithModificationOfThePayloadIsToldAndLivedWith) {
  ehr.on_write = [](std::string text) { return replaced(std::move(text), "\"id-only\"", "\"empty\""); };
  activate();
  EXPECT_NE(parts->upkeep.shown().reason.find("payload content"), std::string::npos);
}

TEST_F(SubscriptionLife, D2_13_IsRenewedBeforeItsEnd) {
  activate();
  const auto end = parts->upkeep.shown().end;
  ASSERT_TRUE(end.has_value());
  pass(400h);
  work(5);
  EXPECT_EQ(ehr.count("PUT"), 0u);
  pass(100h);
  work(5);
  EXPECT_EQ(ehr.count("PUT Subscription/s1"), 1u);
  EXPECT_GT(*parts->upkeep.shown().end, *end);
  EXPECT_EQ(state(), "working");
}

TEST_F(SubscriptionLife, D2_13_RequestedThatStaysIsToldToBeActive) {
  work(5);
  EXPECT_EQ(state(), "waiting");
  work(60);
  EXPECT_EQ(state(), "working");
  EXPECT_EQ(ehr.count("PUT Subscription/s1"), 1u);
}

TEST_F(SubscriptionLife, D2_12_StatusErrorRecoversFirstAndThenAsksToGoOn) {
  activate();
  polls = false;
  ehr.set_status("s1", "active", "error");
  ASSERT_TRUE(take(replaced(told("heartbeat", 0, {}), "\"active\"", "\"error\"")).ok());
  work(20);
  EXPECT_EQ(state(), "error");
  EXPECT_EQ(ehr.count("PUT"), 0u) << "not before what was missed is known";
  polls = true;
  work(6);
  EXPECT_GE(news_polls, 1);
  EXPECT_EQ(ehr.count("PUT Subscription/s1"), 1u);
  EXPECT_NE(ehr.subscriptions["s1"].find("\"status\":\"requested\""), std::string::npos);
}

TEST_F(SubscriptionLife, AnEhrThatOffersNoneIsSaidAndNotAskedForIt) {
  ehr.declared.types.clear();
  work(100);
  EXPECT_EQ(state(), "not-offered");
  EXPECT_TRUE(ehr.requests.empty());
}

TEST_F(SubscriptionLife, D2_04_HandshakeIsTakenOnlyForOurSubscriptionTopicAndAddress) {
  activate();
  const auto allowed = [this](const std::string& body) {
    const auto document = parsed(body);
    const auto told = flow::read_notification(document->root(), parts->book.bases());
    return told.ok() && parts->book.check(*told).ok();
  };
  const auto hello = told("handshake", 0, {});
  EXPECT_TRUE(allowed(hello));
  EXPECT_TRUE(allowed(replaced(hello, "\"Subscription/s1\"}", "\"https://ehr.example/fhir/Subscription/s1\"}")));
  EXPECT_FALSE(allowed(replaced(hello, "\"Subscription/s1\"}", "\"Subscription/s2\"}")));
  EXPECT_FALSE(allowed(replaced(hello, "\"Subscription/s1\"}", "\"https://evil.example/fhir/Subscription/s1\"}")));
  EXPECT_FALSE(allowed(replaced(hello, "\"Subscription/s1\"}", "\"Patient/s1\"}")));
  const auto topic = [&](const std::string& url) {
    return replaced(hello, R"({"name":"status",)",
                    R"({"name":"topic","valueCanonical":")" + url + R"("},{"name":"status",)");
  };
  EXPECT_TRUE(allowed(topic(one().topic)));
  EXPECT_TRUE(allowed(topic(one().topic + "|1.0")));
  EXPECT_FALSE(allowed(topic("http://example.org/topics/Patient")));
}

TEST_F(SubscriptionLife, D2_04_BeforeItsIdIsKnownOnlyAHandshakeIsTaken) {
  const auto document = parsed(told("handshake", 0, {}));
  EXPECT_TRUE(parts->book.check(*flow::read_notification(document->root(), {})).ok());
  const auto event = parsed(told("event-notification", 1, {1}));
  EXPECT_FALSE(parts->book.check(*flow::read_notification(event->root(), {})).ok());
}

TEST_F(SubscriptionLife, D2_06_EventNotificationsAreDurableBeforeTheAnswerAndNothingIsFetchedBefore) {
  activate();
  const auto taken = take(told("event-notification", 1, {1}));
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(taken->to_fetch, 1u);
  EXPECT_TRUE(ehr.requests.empty());
  restart();  // a kill right after the answer
  EXPECT_EQ(parts->book.look(10).fetch.size(), 1u);
  EXPECT_EQ(numbers().newest, 1);
  ehr.records["Observation/o1"] =
      R"({"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/p"}})";
  work(3);
  EXPECT_EQ(ehr.count("GET Observation/o1"), 1u);
  EXPECT_EQ(store->pending("main|Patient/p", 10)->size(), 1u);
  EXPECT_EQ(parts->book.look(10).fetch_total, 0u);
}

TEST_F(SubscriptionLife, D2_07_AGapWaitsTheGraceTimeThenEventsAreAskedForTheRange) {
  activate();
  ASSERT_TRUE(take(told("event-notification", 1, {1})).ok());
  ASSERT_TRUE(take(told("event-notification", 4, {4})).ok());
  ehr.answers["Subscription/s1/$events"] = told("query-event", 4, {2, 3});
  work(8);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$events"), 0u);
  work(5);
  ASSERT_EQ(ehr.count("GET Subscription/s1/$events?eventsSinceNumber=2&eventsUntilNumber=3"), 1u);
  EXPECT_TRUE(numbers().gaps.empty());
  EXPECT_EQ(numbers().wanted, flow::Recovery::None) << "no poll is needed";
  EXPECT_EQ(news_polls, 0);
  work(3);
  EXPECT_EQ(ehr.count("GET Observation/o2") + ehr.count("GET Observation/o3"), 2u);
}

TEST_F(SubscriptionLife, D2_07_WithoutEventsAGapIsPolledForOnce) {
  ehr.declared.types.front().operations.clear();
  activate();
  ASSERT_TRUE(take(told("event-notification", 1, {1})).ok());
  ASSERT_TRUE(take(told("event-notification", 4, {4})).ok());
  work(60);
  EXPECT_EQ(news_polls, 1);
  EXPECT_EQ(whole_polls, 0);
  EXPECT_TRUE(numbers().gaps.empty());
  EXPECT_EQ(ehr.count("GET Subscription/s1/$"), 0u);
}

TEST_F(SubscriptionLife, D2_07_EventsThatAreNotAllThereAreFollowedByAPoll) {
  activate();
  ASSERT_TRUE(take(told("event-notification", 1, {1})).ok());
  ASSERT_TRUE(take(told("event-notification", 4, {4})).ok());
  ehr.answers["Subscription/s1/$events"] = told("query-event", 4, {3});
  work(30);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$events"), 1u);
  EXPECT_EQ(news_polls, 1);
  EXPECT_TRUE(numbers().gaps.empty());
}

TEST_F(SubscriptionLife, D2_05_SilenceBeyondHeartbeatAndGraceAsksForTheStatusAndThenRecovers) {
  one().heartbeat_secs = 60;
  activate();
  ehr.answers["Subscription/s1/$status"] = told("query-status", 2, {});
  ASSERT_TRUE(take(told("heartbeat", 0, {})).ok());
  work(65);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$status"), 0u);
  work(10);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$status"), 1u);
  EXPECT_EQ(numbers().newest, 2) << "two events were told to nobody";
  work(15);
  EXPECT_EQ(news_polls, 1);
  EXPECT_TRUE(numbers().gaps.empty());
  const auto asked = ehr.count("GET Subscription/s1/$status");
  ASSERT_TRUE(take(told("heartbeat", 2, {})).ok());
  work(60);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$status"), asked) << "a heartbeat resets the timer";
}

TEST_F(SubscriptionLife, D2_09_ACounterThatRestartsIsAResetEverythingIsAskedForOnce) {
  activate();
  ASSERT_TRUE(take(told("event-notification", 5, {1, 2, 3, 4, 5})).ok());
  for (int i = 1; i <= 5; ++i) {
    ehr.records["Observation/o" + std::to_string(i)] =
        R"({"resourceType":"Observation","id":"o)" + std::to_string(i) + R"(","status":"final"})";
  }
  work(5);
  ehr.answers["Subscription/s1/$status"] = told("query-status", 1, {});
  ASSERT_TRUE(take(told("event-notification", 1, {1}, to_text(now))).ok());
  work(60);
  EXPECT_EQ(ehr.count("GET Subscription/s1/$status"), 1u);
  EXPECT_EQ(whole_polls, 1);
  EXPECT_EQ(numbers().newest, 1);
  EXPECT_EQ(numbers().wanted, flow::Recovery::None);
  ASSERT_TRUE(take(told("event-notification", 2, {2}, to_text(now))).ok());
  work(60);
  EXPECT_EQ(whole_polls, 1) << "no loop";
}

TEST_F(SubscriptionLife, D2_08_PerNotificationNumberingSeesNoGapsAndKnowsRepeatsByTheEvent) {
  one().numbering = NumberingWish::PerNotification;
  activate();
  ASSERT_TRUE(take(told("event-notification", 1, {1}, "2026-11-22T09:00:01Z")).ok());
  const auto again = take(told("event-notification", 1, {1}, "2026-11-22T09:00:01Z"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->repeated);
  const auto other = take(told("event-notification", 1, {1}, "2026-11-22T09:00:02Z"));
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(other->repeated);
  ASSERT_TRUE(take(told("event-notification", 9, {9}, "2026-11-22T09:00:03Z")).ok());
  work(60);
  EXPECT_TRUE(numbers().gaps.empty());
  EXPECT_EQ(ehr.count("GET Subscription/s1/$"), 0u);
  EXPECT_EQ(whole_polls, 0);
}

TEST_F(SubscriptionLife, D2_14_AFloodCausesNoMoreRequestsThanTheBudget) {
  one().calls_per_minute = 8;
  restart();
  activate();
  const flow::Notification hint;
  for (int second = 0; second < 120; ++second) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(parts->book.take(*store, nullptr, hint, true, now).ok());
    work(1);
  }
  EXPECT_LE(news_polls, 2 + 16 + 1);
  EXPECT_GE(news_polls, 10);
  EXPECT_TRUE(ehr.requests.empty());
}

TEST_F(SubscriptionLife, ManyNamedRecordsAreFoundByOnePollInsteadOfOneRequestEach) {
  activate();
  std::vector<int> events;
  for (int i = 1; i <= 300; ++i) events.push_back(i);
  ASSERT_TRUE(take(told("event-notification", 300, events)).ok());
  work(20);
  EXPECT_EQ(parts->book.look(0).fetch_total, 0u);
  EXPECT_LE(ehr.count("GET Observation/"), 20u);
  EXPECT_GE(news_polls, 1);
}

TEST_F(SubscriptionLife, ARecordThatIsNotFoundIsAskedForThreeTimesAndForgotten) {
  activate();
  ASSERT_TRUE(take(told("event-notification", 1, {1})).ok());
  work(120);
  EXPECT_EQ(ehr.count("GET Observation/o1"), 3u);
  EXPECT_EQ(parts->book.look(0).fetch_total, 0u);
  EXPECT_TRUE(store->cursors("main", "notify|scores|fetch|")->empty());
}

TEST_F(SubscriptionLife, ARecordThatCannotBeReadHoldsUpNothingAndIsLeftToThePolls) {
  activate();
  ehr.records["Observation/o1"] = R"({"resourceType":"Observation","id":"another","status":"final"})";
  ehr.read_error = Error{Kind::Incorrect, "GET Observation/o1: not a record"};
  ASSERT_TRUE(take(told("event-notification", 1, {1})).ok());
  work(5);
  EXPECT_EQ(parts->book.look(0).fetch_total, 1u);
  EXPECT_TRUE(parts->recovery.is_settled());
  parts->recovery.want(flow::Recovery::Poll, now);
  work(60);
  EXPECT_EQ(parts->book.look(0).fetch_total, 0u);
}

TEST_F(SubscriptionLife, ARecordNamedAgainWhileItWaitsIsFetchedOnce) {
  activate();
  ehr.records["Observation/o1"] = R"({"resourceType":"Observation","id":"o1","status":"final"})";
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(take(told("event-notification", 1, {1}, "2026-11-22T09:00:0" + std::to_string(i) + "Z")).ok());
  }
  EXPECT_EQ(parts->book.look(0).fetch_total, 1u);
  work(3);
  EXPECT_EQ(ehr.count("GET Observation/o1"), 1u);
}

}  // namespace
}  // namespace bhi::service::test
