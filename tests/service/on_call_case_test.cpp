// When somebody is called about a safety event, and whether the backup is.
#include "service/on_call_case.h"

#include <gtest/gtest.h>

namespace bhi::service::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Instant kRaised = *instant_from("2026-11-22T02:00:00Z");

OnCallSettings settings() {
  OnCallSettings all;
  all.repeat_secs = 300;
  all.backup_after_secs = 900;
  all.acknowledge_within_mins = 60;
  all.undelivered_after_secs = 120;
  return all;
}

Delivery delivery(Delivery::What what) { return {what, "main", kRaised}; }

flow::OutboxItem item(flow::OutboxState state, std::string event = "e1") {
  flow::OutboxItem made;
  made.destination = "main";
  made.artifact = "safety";
  made.care_id = std::move(event);
  made.state = state;
  made.created = kRaised;
  return made;
}

TEST(OnCallCase, WhatCannotBeDeliveredCallsAtOnce) {
  for (const auto what : {Delivery::What::Failed, Delivery::What::NoWay}) {
    const auto judged = judge(delivery(what), kRaised, {}, settings(), kRaised);
    ASSERT_TRUE(judged.due);
    EXPECT_EQ(judged.due->reason, Reason::NotDelivered);
    EXPECT_EQ(judged.due->attempt, 1);
    EXPECT_FALSE(judged.due->backup);
  }
}

TEST(OnCallCase, WhatIsOnItsWayHasItsTime) {
  const auto open = delivery(Delivery::What::Open);
  const auto early = judge(open, kRaised, {}, settings(), kRaised + seconds(119));
  EXPECT_FALSE(early.due);
  EXPECT_EQ(early.next, kRaised + seconds(120));
  const auto late = judge(open, kRaised, {}, settings(), kRaised + seconds(120));
  ASSERT_TRUE(late.due);
  EXPECT_EQ(late.due->reason, Reason::NotDelivered);
}

TEST(OnCallCase, WhatIsDeliveredStillHasToBeAcknowledgedInTime) {
  const auto there = delivery(Delivery::What::There);
  const auto early = judge(there, kRaised, {}, settings(), kRaised + minutes(59));
  EXPECT_FALSE(early.due);
  EXPECT_EQ(early.next, kRaised + minutes(60));
  const auto late = judge(there, kRaised, {}, settings(), kRaised + minutes(60));
  ASSERT_TRUE(late.due);
  EXPECT_EQ(late.due->reason, Reason::NotAcknowledged);
}

TEST(OnCallCase, RepeatsUntilTheBackupIsToldToo) {
  const auto failed = delivery(Delivery::What::Failed);
  std::optional<Told> told;
  int backup_from = 0;
  for (int second = 0; second <= 3600; ++second) {
    const auto now = kRaised + seconds(second);
    const auto judged = judge(failed, kRaised, told, settings(), now);
    if (!judged.due) continue;
    if (judged.due->backup && backup_from == 0) backup_from = second;
    told = Told{judged.due->attempt, told ? told->first : now, now, false};
  }
  EXPECT_EQ(told->attempt, 13) << "one at once and every five minutes of an hour";
  EXPECT_EQ(backup_from, 900);
}

TEST(OnCallCase, ATryThatReachedNobodyIsRepeatedSoonerAndAtTheBackup) {
  const Told told{1, kRaised, kRaised, true};
  const auto failed = delivery(Delivery::What::Failed);
  EXPECT_FALSE(judge(failed, kRaised, told, settings(), kRaised + seconds(29)).due);
  const auto again = judge(failed, kRaised, told, settings(), kRaised + seconds(30));
  ASSERT_TRUE(again.due);
  EXPECT_TRUE(again.due->backup);
}

TEST(OnCallCase, OnceSomebodyWasCalledADeliveryDoesNotEndIt) {
  const Told told{1, kRaised, kRaised, false};
  const auto judged = judge(delivery(Delivery::What::There), kRaised, told, settings(), kRaised + seconds(300));
  ASSERT_TRUE(judged.due);
  EXPECT_EQ(judged.due->reason, Reason::NotAcknowledged);
}

TEST(OnCallCase, AClockThatIsSetBackSilencesNobody) {
  const Told told{3, kRaised, kRaised, false};
  EXPECT_TRUE(judge(delivery(Delivery::What::Failed), kRaised, told, settings(), kRaised - minutes(60)).due);
}

TEST(OnCallCase, TheNewestItemOfTheEventCounts) {
  using flow::OutboxState;
  const std::vector<flow::OutboxItem> worse_again = {item(OutboxState::Planned), item(OutboxState::Verified)};
  EXPECT_EQ(delivery_of(worse_again, "e1").what, Delivery::What::Open);
  EXPECT_EQ(delivery_of(worse_again, "e2").what, Delivery::What::NoWay);
  const std::pair<OutboxState, Delivery::What> table[] = {
      {OutboxState::Planned, Delivery::What::Open},   {OutboxState::Sent, Delivery::What::Open},
      {OutboxState::Unknown, Delivery::What::Open},   {OutboxState::RetryAt, Delivery::What::Open},
      {OutboxState::Parked, Delivery::What::Failed},  {OutboxState::Dead, Delivery::What::Failed},
      {OutboxState::Verified, Delivery::What::There}, {OutboxState::Superseded, Delivery::What::There},
  };
  for (const auto& [state, what] : table) {
    const std::vector<flow::OutboxItem> items = {item(OutboxState::Parked, "another"), item(state)};
    EXPECT_EQ(delivery_of(items, "e1").what, what) << flow::name(state);
  }
  auto by_hand = item(OutboxState::Verified);
  by_hand.rung = "outbox-file";
  EXPECT_EQ(delivery_of(std::vector{by_hand}, "e1").what, Delivery::What::Failed) << "a file told nobody";
}

TEST(OnCallCase, WhatWasToldSurvivesAsText) {
  const Told told{7, kRaised, kRaised + minutes(30), true};
  EXPECT_EQ(Told::read(told.text()), told);
  for (const char* bad : {"", "x", "1 2", "1 2 3", "1 2 3 maybe", "0 2 3 told", "1 2 told"})
    EXPECT_FALSE(Told::read(bad)) << bad;
}

TEST(OnCallCase, ANoticeHoldsWhereToLookAndNothingOfThePatient) {
  EXPECT_EQ(notice("clinic", "a1b2", {Reason::NotDelivered, 2, false}, delivery(Delivery::What::Failed), kRaised,
                   "https://bhi.example/"),
            R"({"instance":"clinic","event":"a1b2","reason":"not-delivered","destination":"main",)"
            R"("since":"2026-11-22T02:00:00.000Z","attempt":2,"link":"https://bhi.example/care/safety/a1b2"})");
}

}  // namespace
}  // namespace bhi::service::test
