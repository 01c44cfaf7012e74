#include "store/retention.h"

#include "tests/store/support/driver_test.h"

namespace bhi::store::test {
namespace {

using flow::InboxState;
using flow::OutboxState;

class Retention : public DriverTest {
 protected:
  std::int64_t take(const std::string& id, const std::string& hash, InboxState state, std::int64_t received) {
    flow::Accepted batch;
    batch.items.push_back({0, "clinic|" + id + hash, "poll", at(received), copy_of(id, hash)});
    must(store().accept(batch));
    const auto items = must(store().pending("clinic|" + id + hash, 10));
    if (items.size() != 1) {
      ADD_FAILURE() << id << hash << ": " << items.size();
      return 0;
    }
    flow::Worked worked;
    worked.inbox.push_back({items[0].seq, state, "because", {{Severity::Warning, "value", "x", "a note"}}});
    if (state != InboxState::Pending) must(store().commit(worked));
    return items[0].seq;
  }
  void plan(const std::string& care_id, OutboxState state, std::int64_t created) {
    auto item = intent_of("p-" + care_id, care_id);
    item.created = at(created);
    item.state = state;
    flow::Worked worked;
    worked.outbox = {item};
    must(store().commit(worked));
  }
};

BHI_ON_BOTH_DRIVERS(Retention);

TEST_P(Retention, ForgetsWhatIsSettledAndOldAndNothingElse) {
  take("a", "1", InboxState::Done, 100);
  take("b", "1", InboxState::Left, 100);
  take("c", "1", InboxState::Quarantined, 100);
  take("d", "1", InboxState::Waiting, 100);
  take("e", "1", InboxState::Pending, 100);
  take("f", "1", InboxState::Done, 900);
  for (const auto state : {OutboxState::Planned, OutboxState::Parked, OutboxState::Dead, OutboxState::RetryAt,
                           OutboxState::Verified, OutboxState::Superseded}) {
    plan(std::string(flow::name(state)), state, 100);
  }
  plan("new", OutboxState::Verified, 900);
  const auto gone = must(store().forget_settled(at(500), 100));
  EXPECT_EQ(gone.inbox, 2U);
  EXPECT_EQ(gone.outbox, 2U);
  EXPECT_EQ(ask("SELECT id FROM inbox ORDER BY seq"), "c\nd\ne\nf");
  EXPECT_EQ(ask("SELECT care_id FROM outbox ORDER BY seq"), "planned\nparked\ndead\nretry-at\nnew");
  EXPECT_EQ(must(store().forget_settled(at(500), 100)).inbox, 0U);
  store_.reset();
  must(full_report());
}

TEST_P(Retention, KeepsTheTextOfTheCurrentCopyAndNoOther) {
  take("a", "old", InboxState::Done, 100);
  take("a", "new", InboxState::Done, 200);
  EXPECT_EQ(ask("SELECT count(*) FROM body"), "2");
  must(store().forget_settled(at(500), 1));
  EXPECT_EQ(ask("SELECT count(*) FROM body"), "1");
  must(store().forget_settled(at(500), 1));
  EXPECT_EQ(ask("SELECT count(*) FROM inbox"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM body"), "1");
  EXPECT_NE(must(store().resource("clinic", "QuestionnaireResponse", "a"))->body.find("new"), std::string::npos);
  // The copy's text goes when a newer one comes, since nobody else has it.
  take("a", "newest", InboxState::Done, 600);
  EXPECT_EQ(ask("SELECT count(*) FROM body"), "1");
}

TEST_P(Retention, MakesRoom) {
  for (int i = 0; i < 200; ++i) take("r" + std::to_string(i), std::string(500, 'x'), InboxState::Left, 100);
  for (int i = 0; i < 200; ++i) take("r" + std::to_string(i), std::string(501, 'y'), InboxState::Left, 200);
  const auto before = must(store().bytes_in_use());
  while (must(store().forget_settled(at(500), 64)).inbox > 0) {
  }
  EXPECT_LT(must(store().bytes_in_use()), before * 3 / 4);
}

}  // namespace
}  // namespace bhi::store::test
