#include "store/inbox.h"

#include "tests/store/support/driver_test.h"

namespace bhi::store::test {
namespace {

using flow::InboxState;
using Lanes = std::vector<std::string>;

class Inbox : public DriverTest {
 protected:
  flow::AcceptOutcome accept(std::vector<flow::InboxItem> items) {
    return must(store().accept(batch_of(std::move(items))));
  }
  std::vector<flow::InboxItem> pending(std::string_view lane = "clinic|Patient/1") {
    return must(store().pending(lane, 100));
  }
  std::string copy_hash(std::string_view id) {
    const auto copy = must(store().resource("clinic", "QuestionnaireResponse", id));
    return copy ? copy->hash : "none";
  }
  void outcome(std::int64_t seq, InboxState state, std::string reason = {}, Issues issues = {}) {
    flow::Worked worked;
    worked.inbox.push_back({seq, state, std::move(reason), std::move(issues)});
    must(store().commit(worked));
  }
};

BHI_ON_BOTH_DRIVERS(Inbox);

TEST_P(Inbox, KeepsWhatIsPutAsideOnceInQuarantineWithItsReason) {
  flow::Accepted batch = batch_of({item_of(copy_of("good", "h1"))});
  auto line = item_of(copy_of("sha256-abc", "h2"));
  line.resource.body = "not JSON";
  batch.aside.push_back({line, "file 1, line 3", {{Severity::Error, "structure", "line 3", "no JSON"}}});
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(store().accept(batch).ok());
    const auto rows = store().inbox(flow::InboxState::Quarantined, 10);
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->size(), 1u);
    EXPECT_EQ(rows->front().reason, "file 1, line 3");
    EXPECT_EQ(rows->front().item.resource.body, "not JSON");
    ASSERT_EQ(rows->front().issues.size(), 1u);
    EXPECT_EQ(rows->front().issues[0].path, "line 3");
    EXPECT_EQ(pending().size(), 1u) << "the others are to be worked on";
  }
}

TEST_P(Inbox, GivesBackWhatWasAcceptedInTheOrderOfReceipt) {
  auto copy = copy_of("a", "h1", "2026-01-02T03:04:05Z");
  copy.version = "7";
  copy.url = "http://example.org/q";
  const auto done = accept({item_of(copy), item_of(copy_of("b", "h2"))});
  EXPECT_EQ(done.stored, 2u);
  EXPECT_EQ(done.unchanged, 0u);

  const auto items = pending();
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].seq, 1);
  EXPECT_EQ(items[0].lane, "clinic|Patient/1");
  EXPECT_EQ(items[0].channel, "poll");
  EXPECT_EQ(items[0].received, at(1000));
  EXPECT_EQ(items[0].resource.source, copy.source);
  EXPECT_EQ(items[0].resource.type, copy.type);
  EXPECT_EQ(items[0].resource.id, "a");
  EXPECT_EQ(items[0].resource.version, "7");
  EXPECT_EQ(items[0].resource.updated, copy.updated);
  EXPECT_EQ(items[0].resource.hash, "h1");
  EXPECT_EQ(items[0].resource.url, copy.url);
  EXPECT_EQ(items[0].resource.body, copy.body);
  EXPECT_EQ(items[1].resource.id, "b");
}

TEST_P(Inbox, MovesSeveralCursorsAtOnceListsThemByTheBeginningOfTheirNamesAndForgetsThem) {
  flow::Accepted batch;
  batch.cursor = flow::Cursor{"clinic", "a", "0"};
  for (const char* name : {"ref|x|2", "ref|x|1", "ref|xy|1", "ref|\u00e9", "reg"}) {
    batch.more_cursors.push_back({"clinic", name, std::string("of ") + name});
  }
  batch.more_cursors.push_back({"hospital", "ref|x|3", "another source"});
  must(store().accept(batch));
  const auto names = [this](const char* prefix) {
    std::vector<std::string> found;
    for (const auto& cursor : must(store().cursors("clinic", prefix))) {
      found.push_back(cursor.name);
      EXPECT_EQ(cursor.value, cursor.name == "a" ? "0" : "of " + cursor.name);
    }
    return found;
  };
  EXPECT_EQ(names("ref|x|"), (Lanes{"ref|x|1", "ref|x|2"}));
  EXPECT_EQ(names("ref|"), (Lanes{"ref|xy|1", "ref|x|1", "ref|x|2", "ref|\u00e9"}));
  EXPECT_EQ(names("").size(), 6u);
  EXPECT_EQ(names("ref|x|1|"), Lanes{});
  flow::Accepted forget;
  forget.cursor = flow::Cursor{"clinic", "a", ""};
  forget.more_cursors = {{"clinic", "ref|x|1", ""}, {"clinic", "none", ""}};
  must(store().accept(forget));
  EXPECT_EQ(names("ref|x|"), Lanes{"ref|x|2"});
  EXPECT_FALSE(must(store().cursor("clinic", "a")).has_value());
}

TEST_P(Inbox, CountsTheSameContentAsUnchanged) {
  accept({item_of(copy_of("a", "h1"))});
  const auto again = accept({item_of(copy_of("a", "h1"))});
  EXPECT_EQ(again.stored, 0u);
  EXPECT_EQ(again.unchanged, 1u);
  EXPECT_EQ(pending().size(), 1u);
}

TEST_P(Inbox, KeepsTheNewVersionOfUnchangedContent) {
  auto copy = copy_of("a", "h1", "2026-01-01T00:00:00Z");
  copy.version = "1";
  accept({item_of(copy)});
  copy.version = "2";
  copy.updated = "2026-01-02T00:00:00Z";
  EXPECT_EQ(accept({item_of(copy)}).unchanged, 1u);
  const auto kept = must(store().resource("clinic", "QuestionnaireResponse", "a"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->version, "2");
  EXPECT_EQ(kept->updated, "2026-01-02T00:00:00Z");
}

TEST_P(Inbox, QueuesContentThatComesBackAfterAChange) {
  const auto done = accept({item_of(copy_of("a", "h1")), item_of(copy_of("a", "h2")), item_of(copy_of("a", "h1"))});
  EXPECT_EQ(done.stored, 3u);
  EXPECT_EQ(copy_hash("a"), "h1");
}

TEST_P(Inbox, CollapsesDuplicatesInsideOneBatch) {
  const auto done = accept({item_of(copy_of("a", "h1")), item_of(copy_of("b", "h1")), item_of(copy_of("a", "h1"))});
  EXPECT_EQ(done.stored, 2u);
  EXPECT_EQ(done.unchanged, 1u);
}

TEST_P(Inbox, DistinguishesSourcesTypesAndIds) {
  auto elsewhere = copy_of("a", "h1");
  elsewhere.source = "hospital";
  auto other = copy_of("a", "h1");
  other.type = "Observation";
  EXPECT_EQ(accept({item_of(copy_of("a", "h1")), item_of(elsewhere), item_of(other)}).stored, 3u);
}

TEST_P(Inbox, QueuesAnOlderVersionWithoutOverwritingTheNewerCopy) {
  accept({item_of(copy_of("a", "new", "2026-01-02T00:00:00Z"))});
  // 01:00 at +02:00 is the day before in UTC: text order would say otherwise.
  const auto older = copy_of("a", "old", "2026-01-02T01:00:00+02:00");
  const auto done = accept({item_of(older), item_of(older)});
  EXPECT_EQ(done.stored, 1u);
  EXPECT_EQ(done.unchanged, 1u);
  EXPECT_EQ(copy_hash("a"), "new");
  EXPECT_EQ(pending().size(), 2u);
}

TEST_P(Inbox, TakesTheOrderOfArrivalWhenNoTimeIsStated) {
  accept({item_of(copy_of("a", "h1", "2026-01-02T00:00:00Z"))});
  accept({item_of(copy_of("a", "h2"))});
  EXPECT_EQ(copy_hash("a"), "h2");
}

TEST_P(Inbox, TakesADeletionOnceAndKeepsItAsAnEmptyBody) {
  accept({item_of(copy_of("a", "h1"))});
  auto gone = copy_of("a", "");
  gone.body.clear();
  EXPECT_EQ(accept({item_of(gone)}).stored, 1u);
  EXPECT_EQ(accept({item_of(gone)}).unchanged, 1u);
  const auto copy = must(store().resource("clinic", "QuestionnaireResponse", "a"));
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->body, "");
  EXPECT_EQ(pending().back().resource.body, "");
  // Back again with the content of before: that is news.
  EXPECT_EQ(accept({item_of(copy_of("a", "h1"))}).stored, 1u);
}

TEST_P(Inbox, AlwaysQueuesAReplayAndLeavesTheCopy) {
  accept({item_of(copy_of("a", "h1"))});
  accept({item_of(copy_of("a", "h2"))});
  EXPECT_EQ(accept({item_of(copy_of("a", "h1"), "clinic|Patient/1", "replay")}).stored, 1u);
  EXPECT_EQ(accept({item_of(copy_of("a", "h2"), "clinic|Patient/1", "replay")}).stored, 1u);
  EXPECT_EQ(copy_hash("a"), "h2");
  EXPECT_EQ(accept({item_of(copy_of("new", "h1"), "clinic|Patient/1", "replay")}).stored, 1u);
  EXPECT_EQ(copy_hash("new"), "h1");
}

TEST_P(Inbox, DoesNotQueueWhatWeKeptAsACopyOurselves) {
  must(store().keep_copy(copy_of("a", "h1")));
  EXPECT_EQ(accept({item_of(copy_of("a", "h1"))}).unchanged, 1u);
  EXPECT_EQ(accept({item_of(copy_of("a", "h2"))}).stored, 1u);
  const auto copy = must(store().resource("clinic", "QuestionnaireResponse", "a"));
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->body, copy_of("a", "h2").body);
}

TEST_P(Inbox, KeepsNoCopyThatIsOlderThanTheOneAtHand) {
  must(store().keep_copy(copy_of("a", "new", "2026-01-02T00:00:00Z")));
  must(store().keep_copy(copy_of("a", "old", "2026-01-01T00:00:00Z")));
  EXPECT_EQ(copy_hash("a"), "new");
}

TEST_P(Inbox, LeavesTheInboxTextAloneWhenTheCopyIsReplaced) {
  accept({item_of(copy_of("a", "h1"))});
  must(store().keep_copy(copy_of("a", "h2")));
  must(store().keep_copy(copy_of("a", "h3")));
  ASSERT_EQ(pending().size(), 1u);
  EXPECT_EQ(pending()[0].resource.body, copy_of("a", "h1").body);
  EXPECT_EQ(copy_hash("a"), "h3");
}

TEST_P(Inbox, MovesTheCursorWithTheBatch) {
  EXPECT_EQ(must(store().cursor("clinic", "Patient")), std::nullopt);
  auto batch = batch_of({item_of(copy_of("a", "h1"))});
  batch.cursor = {"clinic", "Patient", "one"};
  must(store().accept(batch));
  EXPECT_EQ(must(store().cursor("clinic", "Patient")), "one");
  batch.cursor->value = "two";
  must(store().accept(batch));
  EXPECT_EQ(must(store().cursor("clinic", "Patient")), "two");
  EXPECT_EQ(must(store().cursor("hospital", "Patient")), std::nullopt);
}

TEST_P(Inbox, NamesLanesOldestFirstAndOnlyWhilePending) {
  accept({item_of(copy_of("a", "1"), "lane-b"), item_of(copy_of("b", "1"), "lane-a"),
          item_of(copy_of("c", "1"), "lane-b")});
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"lane-b", "lane-a"}));
  EXPECT_EQ(must(store().pending_lanes(1)), (Lanes{"lane-b"}));
  outcome(1, InboxState::Done);
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"lane-a", "lane-b"}));
  outcome(3, InboxState::Left, "not for the care model");
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"lane-a"}));
  outcome(2, InboxState::Waiting, "http://example.org/q");
  EXPECT_EQ(must(store().pending_lanes(10)), Lanes{});
  // A lane that was empty comes back with the next item.
  accept({item_of(copy_of("d", "1"), "lane-b")});
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"lane-b"}));
}

TEST_P(Inbox, KeepsTheOldestItemAtTheHeadWhenALaterOneIsFinishedFirst) {
  accept({item_of(copy_of("a", "1"), "one"), item_of(copy_of("b", "1"), "two"), item_of(copy_of("c", "1"), "one")});
  outcome(3, InboxState::Done);
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"one", "two"}));
  EXPECT_EQ(seqs(pending("one")), (std::vector<std::int64_t>{1}));
}

TEST_P(Inbox, ListsQuarantinedItemsNewestFirstWithIssuesAndBodies) {
  accept({item_of(copy_of("a", "1")), item_of(copy_of("b", "1")), item_of(copy_of("c", "1"))});
  const Issues issues = {{Severity::Error, "value", "QuestionnaireResponse.item[3]", "expected 0 to 3, found 9"},
                         {Severity::Warning, "required", "QuestionnaireResponse.authored", "missing"}};
  outcome(1, InboxState::Quarantined, "unreadable score", issues);
  outcome(2, InboxState::Quarantined, "no subject");
  outcome(3, InboxState::Done);

  const auto rows = must(store().inbox(InboxState::Quarantined, 10));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].item.seq, 2);
  EXPECT_EQ(rows[1].item.seq, 1);
  EXPECT_EQ(rows[1].reason, "unreadable score");
  EXPECT_EQ(rows[1].issues, issues);
  EXPECT_EQ(rows[1].item.resource.body, copy_of("a", "1").body);
  EXPECT_EQ(must(store().inbox(InboxState::Quarantined, 1)).size(), 1u);
  EXPECT_EQ(must(store().inbox(InboxState::Done, 10)).size(), 1u);
  EXPECT_EQ(must(store().inbox(InboxState::Pending, 10)).size(), 0u);
}

TEST_P(Inbox, ListsByPagesEachOlderThanTheOneBefore) {
  std::vector<flow::InboxItem> items;
  for (int i = 1; i <= 7; ++i) items.push_back(item_of(copy_of("r" + std::to_string(i), "1")));
  accept(items);
  for (std::int64_t seq = 1; seq <= 7; ++seq) {
    outcome(seq, seq == 4 ? InboxState::Done : InboxState::Quarantined, seq == 4 ? "" : "bad");
  }
  std::vector<std::int64_t> found;
  for (std::int64_t before = 0;;) {
    const auto page = must(store().inbox(InboxState::Quarantined, 2, before));
    for (const auto& row : page) found.push_back(row.item.seq);
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2u);
    before = page.back().item.seq;
  }
  EXPECT_EQ(found, (std::vector<std::int64_t>{7, 6, 5, 3, 2, 1}));
  EXPECT_EQ(must(store().inbox(InboxState::Done, 10, 4)).size(), 0u);
  EXPECT_EQ(must(store().inbox(InboxState::Done, 10, 5)).size(), 1u);
}

TEST_P(Inbox, PutsOneItemBackToTheFrontOfItsLane) {
  accept({item_of(copy_of("a", "1"), "one"), item_of(copy_of("b", "1"), "two"), item_of(copy_of("c", "1"), "one")});
  outcome(1, InboxState::Quarantined, "bad", {{Severity::Error, "value", "x", "y"}});
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"two", "one"}));
  EXPECT_EQ(must(store().requeue(1)), 1u);
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"one", "two"}));
  EXPECT_EQ(seqs(pending("one")), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(must(store().requeue(1)), 0u);   // it is pending already
  EXPECT_EQ(must(store().requeue(99)), 0u);  // there is none
  // Its issues of before are gone: quarantined again, it has only the new ones.
  outcome(1, InboxState::Quarantined, "worse");
  EXPECT_TRUE(must(store().inbox(InboxState::Quarantined, 1))[0].issues.empty());
}

TEST_P(Inbox, WakesAllThatWaitForOneThing) {
  accept({item_of(copy_of("a", "1"), "one"), item_of(copy_of("b", "1"), "two"), item_of(copy_of("c", "1"), "three")});
  outcome(1, InboxState::Waiting, "http://example.org/q");
  outcome(2, InboxState::Waiting, "http://example.org/other");
  outcome(3, InboxState::Waiting, "http://example.org/q");
  EXPECT_EQ(must(store().requeue_waiting("http://example.org/q")), 2u);
  EXPECT_EQ(must(store().pending_lanes(10)), (Lanes{"one", "three"}));
  EXPECT_EQ(must(store().inbox(InboxState::Waiting, 10)).size(), 1u);
}

TEST_P(Inbox, RefusesAnOutcomeForAnItemThatIsNotPending) {
  accept({item_of(copy_of("a", "1"))});
  outcome(1, InboxState::Done);
  flow::Worked worked;
  worked.inbox.push_back({1, InboxState::Done, {}, {}});
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");
}

TEST_P(Inbox, FindsAFormByItsUrlTheOneReceivedLastAndNotDeleted) {
  auto form = copy_of("f1", "h1");
  form.type = "Questionnaire";
  form.url = "http://example.org/q";
  must(store().keep_copy(form));
  form.id = "f2";
  must(store().keep_copy(form));
  EXPECT_EQ(must(store().canonical("clinic", form.url))->id, "f2");
  EXPECT_FALSE(must(store().canonical("hospital", form.url)));
  EXPECT_FALSE(must(store().canonical("clinic", "")));
  form.body.clear();
  must(store().keep_copy(form));
  EXPECT_EQ(must(store().canonical("clinic", form.url))->id, "f1");
}

TEST_P(Inbox, KeepsTextsByteForByte) {
  auto copy = copy_of("a", "h1");
  copy.body = std::string("{\"text\":\"\xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80\"}\n\t ' \" ; -- ") +
              std::string(1, '\0') + "end";
  accept({item_of(copy)});
  EXPECT_EQ(pending()[0].resource.body, copy.body);
  EXPECT_EQ(must(store().resource("clinic", copy.type, "a"))->body, copy.body);
}

TEST_P(Inbox, CountsWhatIsWhere) {
  accept(
      {item_of(copy_of("a", "1")), item_of(copy_of("b", "1")), item_of(copy_of("c", "1")), item_of(copy_of("d", "1"))});
  outcome(1, InboxState::Waiting, "x");
  outcome(2, InboxState::Quarantined, "y");
  const auto counts = must(store().counts(at(4500)));
  EXPECT_EQ(counts.inbox_pending, 2u);
  EXPECT_EQ(counts.inbox_waiting, 1u);
  EXPECT_EQ(counts.inbox_quarantined, 1u);
  EXPECT_EQ(counts.oldest_pending_ms, 3500);
  outcome(3, InboxState::Done);
  outcome(4, InboxState::Done);
  EXPECT_EQ(must(store().counts(at(4500))).oldest_pending_ms, 0);
}

}  // namespace
}  // namespace bhi::store::test
