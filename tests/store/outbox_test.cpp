#include "store/outbox.h"

#include "tests/store/support/driver_test.h"

namespace bhi::store::test {
namespace {

using flow::OutboxItem;
using flow::OutboxState;
using Ids = std::vector<std::string>;

class Outbox : public DriverTest {
 protected:
  void add(std::vector<OutboxItem> items) {
    flow::Worked worked;
    worked.outbox = std::move(items);
    must(store().commit(worked));
  }
  std::vector<OutboxItem> due(std::int64_t now = 10'000, std::size_t limit = 100) {
    return must(store().due(at(now), limit));
  }
  OutboxItem item(std::string_view care_id) {
    for (auto& found : must(store().outbox("", 1000))) {
      if (found.care_id == care_id) return found;
    }
    ADD_FAILURE() << "no outbox item for " << care_id;
    return {};
  }
  Result<void> send(OutboxItem sent) {
    ++sent.attempts;
    sent.request_hash = "hash-" + std::to_string(sent.attempts);
    return store().mark_sent(sent, audit_of("send"));
  }
  Result<void> settle(OutboxItem settled, OutboxState state, std::int64_t not_before = 0) {
    settled.state = state;
    settled.reason = "because";
    settled.not_before = at(not_before);
    return store().settle({settled, {}, {}, {audit_of("settle")}});
  }
};

BHI_ON_BOTH_DRIVERS(Outbox);

TEST_P(Outbox, GivesBackAnIntentAsItWasPlanned) {
  auto planned = intent_of("p1", "s1");
  planned.care_version = 3;
  planned.reason = "screening posted";
  add({planned});
  const auto items = due();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].seq, 1);
  EXPECT_EQ(items[0].destination, "clinic");
  EXPECT_EQ(items[0].patient, "p1");
  EXPECT_EQ(items[0].artifact, "screening-result");
  EXPECT_EQ(items[0].care_id, "s1");
  EXPECT_EQ(items[0].care_version, 3);
  EXPECT_FALSE(items[0].urgent);
  EXPECT_EQ(items[0].state, OutboxState::Planned);
  EXPECT_EQ(items[0].attempts, 0);
  EXPECT_EQ(items[0].reason, "screening posted");
  EXPECT_EQ(items[0].created, at(2000));
}

TEST_P(Outbox, GivesOneItemPerLaneInTheOrderOfTheirMaking) {
  add({intent_of("p1", "a"), intent_of("p2", "b"), intent_of("p1", "c"), intent_of("p3", "d")});
  EXPECT_EQ(care_ids(due()), (Ids{"a", "b", "d"}));
  EXPECT_EQ(care_ids(due(10'000, 2)), (Ids{"a", "b"}));
  EXPECT_TRUE(due(10'000, 0).empty());
}

TEST_P(Outbox, SeparatesLanesOfOnePatientByDestination) {
  add({intent_of("p1", "a"), intent_of("p1", "b", false, "hospital")});
  EXPECT_EQ(care_ids(due()), (Ids{"a", "b"}));
}

TEST_P(Outbox, HoldsALaneWhileItsFirstItemIsOnItsWayUnknownOrToBeRetried) {
  add({intent_of("p1", "a"), intent_of("p1", "b")});
  must(send(item("a")));
  EXPECT_TRUE(due().empty());
  must(settle(item("a"), OutboxState::Unknown));
  EXPECT_EQ(care_ids(due()), (Ids{"a"}));
  must(settle(item("a"), OutboxState::RetryAt, 50'000));
  EXPECT_TRUE(due(49'999).empty());
  EXPECT_EQ(care_ids(due(50'000)), (Ids{"a"}));
}

TEST_P(Outbox, LetsTheNextPassOnceTheFirstIsSettledOrParked) {
  for (const OutboxState state :
       {OutboxState::Verified, OutboxState::Superseded, OutboxState::Dead, OutboxState::Parked}) {
    const std::string patient(name(state));
    add({intent_of(patient, patient + "-first"), intent_of(patient, patient + "-second")});
    must(send(item(patient + "-first")));
    must(settle(item(patient + "-first"), state));
    const auto items = due();
    ASSERT_FALSE(items.empty());
    EXPECT_EQ(items.back().care_id, patient + "-second");
  }
}

TEST_P(Outbox, PutsUrgentItemsFirstAndLetsNothingElseHoldThemUp) {
  add({intent_of("p1", "slow"), intent_of("p1", "one", true), intent_of("p1", "two", true)});
  EXPECT_EQ(care_ids(due()), (Ids{"one", "two", "slow"}));
  must(send(item("slow")));
  must(send(item("one")));
  EXPECT_EQ(care_ids(due()), (Ids{"two"}));
}

TEST_P(Outbox, KeepsVersionsOfOneUrgentEntityInOrder) {
  auto later = intent_of("p1", "event", true);
  later.care_version = 2;
  add({intent_of("p1", "event", true), later});
  auto items = due();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].care_version, 1);
  must(send(items[0]));
  EXPECT_TRUE(due().empty());
  items[0].attempts = 1;
  must(settle(items[0], OutboxState::Verified));
  items = due();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].care_version, 2);
}

TEST_P(Outbox, GivesPlannedItemsWhateverTheClockSays) {
  add({intent_of("p1", "a")});
  EXPECT_EQ(care_ids(due(0)), (Ids{"a"}));
}

TEST_P(Outbox, DoesNotLetANewBacklogStarveRetries) {
  add({intent_of("old", "retry")});
  must(send(item("retry")));
  must(settle(item("retry"), OutboxState::RetryAt, 3'000));
  for (int i = 0; i < 10; ++i) add({intent_of("new" + std::to_string(i), "n" + std::to_string(i))});
  EXPECT_EQ(care_ids(due(10'000, 2)), (Ids{"retry", "n0"}));
}

TEST_P(Outbox, RecordsTheSendingBeforeItHappens) {
  add({intent_of("p1", "a")});
  must(send(item("a")));
  open();  // as after a restart
  const auto sent = item("a");
  EXPECT_EQ(sent.state, OutboxState::Sent);
  EXPECT_EQ(sent.attempts, 1);
  EXPECT_EQ(sent.request_hash, "hash-1");
}

TEST_P(Outbox, MakesEverySentItemUnknownOnRecovery) {
  add({intent_of("p1", "a"), intent_of("p1", "b"), intent_of("p2", "c"), intent_of("p3", "d")});
  must(send(item("a")));
  must(send(item("c")));
  must(settle(item("c"), OutboxState::Verified));
  open();
  EXPECT_EQ(must(store().recover()), 1u);
  EXPECT_EQ(item("a").state, OutboxState::Unknown);
  EXPECT_EQ(care_ids(due()), (Ids{"a", "d"}));
  EXPECT_EQ(must(store().recover()), 0u);
}

TEST_P(Outbox, LetsOnlyOneOfTwoSendersHaveAnItem) {
  add({intent_of("p1", "a")});
  const auto read_by_both = item("a");
  must(send(read_by_both));
  EXPECT_EQ(kind_of(send(read_by_both)), "conflict");
  // A further request of the same delivery is another attempt.
  must(send(item("a")));
  EXPECT_EQ(item("a").attempts, 2);
}

TEST_P(Outbox, RefusesToSendOutOfTurn) {
  add({intent_of("p1", "a"), intent_of("p1", "b")});
  EXPECT_EQ(kind_of(send(item("b"))), "conflict");
  must(settle(item("a"), OutboxState::Dead));
  EXPECT_EQ(kind_of(send(item("a"))), "conflict");
  must(send(item("b")));
  auto none = item("b");
  none.seq = 77;
  EXPECT_EQ(kind_of(send(none)), "not-found");
  EXPECT_EQ(kind_of(settle(none, OutboxState::Verified)), "not-found");
}

TEST_P(Outbox, NeverReopensWhatTheEhrHas) {
  add({intent_of("p1", "a")});
  must(send(item("a")));
  must(settle(item("a"), OutboxState::Verified));
  EXPECT_EQ(kind_of(settle(item("a"), OutboxState::RetryAt, 1)), "conflict");
  EXPECT_TRUE(due().empty());
}

TEST_P(Outbox, SetsAParkedItemFreeWithoutOvertakingTheOneOnItsWay) {
  add({intent_of("p1", "a"), intent_of("p1", "b"), intent_of("p1", "c")});
  must(settle(item("a"), OutboxState::Parked));
  must(send(item("b")));
  must(settle(item("a"), OutboxState::Planned));
  EXPECT_TRUE(due().empty());
  must(settle(item("b"), OutboxState::Verified));
  EXPECT_EQ(care_ids(due()), (Ids{"a"}));
}

// Two people release the same item at once: by the time of the second it is on its way.
TEST_P(Outbox, DoesNotPlanAnewWhatMayBeAtTheEhrByNow) {
  add({intent_of("p1", "a")});
  must(settle(item("a"), OutboxState::Parked));
  const auto parked = item("a");
  must(settle(parked, OutboxState::Planned));
  must(settle(parked, OutboxState::Planned));  // nothing has happened in between: harmless
  must(send(item("a")));
  EXPECT_EQ(kind_of(settle(parked, OutboxState::Planned)), "conflict");
  EXPECT_EQ(item("a").state, OutboxState::Sent);
  must(settle(item("a"), OutboxState::Unknown));
  EXPECT_EQ(kind_of(settle(parked, OutboxState::Planned)), "conflict");
  EXPECT_EQ(item("a").state, OutboxState::Unknown);
  EXPECT_EQ(item("a").attempts, 1);
  must(settle(item("a"), OutboxState::Parked));
  must(settle(item("a"), OutboxState::Planned));
  EXPECT_EQ(due().size(), 1u);
}

TEST_P(Outbox, ParksAnIntentFromItsMaking) {
  auto parked = intent_of("p1", "a");
  parked.state = OutboxState::Parked;
  parked.reason = "needs consent";
  add({parked, intent_of("p1", "b")});
  EXPECT_EQ(care_ids(due()), (Ids{"b"}));
}

TEST_P(Outbox, SettlesWithLedgerAndCopyInOneStep) {
  add({intent_of("p1", "a")});
  must(send(item("a")));
  auto settled = item("a");
  settled.state = OutboxState::Verified;
  const flow::Ledger ledger{"clinic", "screening-result", "a", "Observation", "77", "1", 1, "h"};
  must(store().settle({settled, ledger, copy_of("77", "h"), {audit_of("settle")}}));
  const auto by_entity = must(store().ledger("clinic", "screening-result", "a"));
  ASSERT_TRUE(by_entity);
  EXPECT_EQ(by_entity->id, "77");
  EXPECT_EQ(by_entity->care_version, 1);
  const auto by_resource = must(store().ledger_of("clinic", "Observation", "77"));
  ASSERT_TRUE(by_resource);
  EXPECT_EQ(by_resource->care_id, "a");
  EXPECT_FALSE(must(store().ledger_of("hospital", "Observation", "77")));
  EXPECT_TRUE(must(store().resource("clinic", "QuestionnaireResponse", "77")));
  // The poll that brings our own write back finds nothing new.
  EXPECT_EQ(must(store().accept(batch_of({item_of(copy_of("77", "h"))}))).unchanged, 1u);
}

TEST_P(Outbox, KeepsNothingOfASettlementThatIsRefused) {
  add({intent_of("p1", "a")});
  auto unknown = item("a");
  unknown.seq = 99;
  const flow::Ledger ledger{"clinic", "screening-result", "a", "Observation", "77", "1", 1, "h"};
  EXPECT_EQ(kind_of(store().settle({unknown, ledger, copy_of("77", "h"), {audit_of("settle")}})), "not-found");
  EXPECT_FALSE(must(store().ledger("clinic", "screening-result", "a")));
  EXPECT_FALSE(must(store().resource("clinic", "QuestionnaireResponse", "77")));
}

TEST_P(Outbox, ListsAPatientsItemsNewestFirst) {
  add({intent_of("p1", "a"), intent_of("p2", "b"), intent_of("p1", "c")});
  EXPECT_EQ(care_ids(must(store().outbox("p1", 10))), (Ids{"c", "a"}));
  EXPECT_EQ(care_ids(must(store().outbox("", 2))), (Ids{"c", "b"}));
}

TEST_P(Outbox, CountsWhatIsWhere) {
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) add({intent_of(id, id)});
  must(settle(item("a"), OutboxState::Parked));
  must(settle(item("b"), OutboxState::Dead));
  must(settle(item("c"), OutboxState::Unknown));
  must(send(item("d")));
  must(settle(item("e"), OutboxState::Superseded));
  const auto counts = must(store().counts(at(1)));
  EXPECT_EQ(counts.outbox_open, 3u);  // c, d, f
  EXPECT_EQ(counts.outbox_unknown, 1u);
  EXPECT_EQ(counts.outbox_parked, 1u);
  EXPECT_EQ(counts.outbox_dead, 1u);
}

}  // namespace
}  // namespace bhi::store::test
