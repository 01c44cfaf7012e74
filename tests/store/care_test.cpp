#include "store/care.h"

#include "tests/store/support/driver_test.h"

namespace bhi::store::test {
namespace {

class Care : public DriverTest {
 protected:
  static flow::StoredEntity entity(std::string kind, std::string id, std::int64_t version = 0,
                                   std::string patient = "p1") {
    return {std::move(kind), std::move(id), std::move(patient), version, R"({"v":)" + std::to_string(version) + "}"};
  }
  Result<void> put(std::vector<flow::StoredEntity> entities) {
    flow::Worked worked;
    worked.entities = std::move(entities);
    return store().commit(worked);
  }
};

BHI_ON_BOTH_DRIVERS(Care);

TEST_P(Care, CountsVersionsFromOne) {
  must(put({entity("Screening", "s1")}));
  EXPECT_EQ(must(store().entity("Screening", "s1"))->version, 1);
  must(put({entity("Screening", "s1", 1)}));
  const auto now = must(store().entity("Screening", "s1"));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->version, 2);
  EXPECT_EQ(now->body, R"({"v":1})");
  EXPECT_EQ(now->patient, "p1");
  EXPECT_FALSE(must(store().entity("Screening", "s2")));
}

TEST_P(Care, RefusesAVersionThatIsNotTheOneAtHand) {
  must(put({entity("Screening", "s1")}));
  EXPECT_EQ(kind_of(put({entity("Screening", "s1", 0)})), "conflict");
  EXPECT_EQ(kind_of(put({entity("Screening", "s1", 2)})), "conflict");
  EXPECT_EQ(kind_of(put({entity("Screening", "never", 1)})), "conflict");
}

TEST_P(Care, KeepsNothingOfWorkThatConflicts) {
  must(store().accept(batch_of({item_of(copy_of("a", "h"))})));
  must(put({entity("Patient", "p1")}));
  const auto rows_before = must(audit_report()).audit_rows;

  flow::Worked worked;
  worked.entities = {entity("Screening", "s1"), entity("Patient", "p1", 7)};
  worked.outbox = {intent_of("p1", "s1")};
  worked.ledger = {{"clinic", "care-plan", "c1", "CarePlan", "1", "1", 1, "h", {}, {}}};
  worked.inbox = {{1, flow::InboxState::Done, {}, {}}};
  worked.audit = {audit_of("map")};
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");

  // The same with the conflict at the very end.
  worked.entities = {entity("Screening", "s1")};
  worked.inbox.push_back({1, flow::InboxState::Done, {}, {}});
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");

  EXPECT_FALSE(must(store().entity("Screening", "s1")));
  EXPECT_EQ(must(store().entity("Patient", "p1"))->version, 1);
  EXPECT_TRUE(must(store().outbox("", 10)).empty());
  EXPECT_FALSE(must(store().ledger("clinic", "care-plan", "c1")));
  EXPECT_EQ(must(store().pending("clinic|Patient/1", 10)).size(), 1u);
  EXPECT_EQ(must(audit_report()).audit_rows, rows_before);

  // And without the conflict all of it is kept.
  worked.inbox.pop_back();
  must(store().commit(worked));
  EXPECT_TRUE(must(store().entity("Screening", "s1")));
  EXPECT_EQ(must(store().outbox("", 10)).size(), 1u);
  EXPECT_TRUE(must(store().ledger("clinic", "care-plan", "c1")));
  EXPECT_TRUE(must(store().pending("clinic|Patient/1", 10)).empty());
  EXPECT_EQ(must(audit_report()).audit_rows, rows_before + 1);
}

// A lane read the EHR's plan and the ledger; before it commits, a delivery writes the next version and settles.
TEST_P(Care, KeepsNoLedgerThatWasMadeFromAnOlderOne) {
  flow::Worked first;
  first.ledger = {{"clinic", "care-plan", "c1", "CarePlan", "1", "1", 1, "h", {}, {}}};
  must(store().commit(first));
  const auto read = must(store().ledger("clinic", "care-plan", "c1"));
  flow::Worked delivered;
  delivered.ledger = {*read};
  delivered.ledger[0].version = "2";
  must(store().commit(delivered));

  flow::Worked worked;
  worked.entities = {entity("Screening", "s1")};
  worked.ledger = {*read, *read};  // one lane may bring two versions of a plan
  for (auto& entry : worked.ledger) entry.stood = flow::mark_of(read);
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");
  EXPECT_EQ(must(store().ledger("clinic", "care-plan", "c1"))->version, "2");
  EXPECT_FALSE(must(store().entity("Screening", "s1")));

  const auto again = must(store().ledger("clinic", "care-plan", "c1"));
  for (auto& entry : worked.ledger) entry.version = "3", entry.stood = flow::mark_of(again);
  must(store().commit(worked));
  EXPECT_EQ(must(store().ledger("clinic", "care-plan", "c1"))->version, "3");
}

TEST_P(Care, GivesTheWholeRecordOfOnePatient) {
  must(put({entity("Screening", "s2"), entity("Screening", "s1"), entity("Patient", "p1"),
            entity("Patient", "p2", 0, "p2")}));
  const auto record = must(store().record("p1"));
  ASSERT_EQ(record.size(), 3u);
  EXPECT_EQ(record[0].kind, "Patient");
  EXPECT_EQ(record[1].id, "s1");
  EXPECT_EQ(record[2].id, "s2");
  EXPECT_TRUE(must(store().record("nobody")).empty());
}

TEST_P(Care, ListsAKindPageByPage) {
  for (int i = 0; i < 5; ++i)
    must(put({entity("Patient", "p" + std::to_string(i)), entity("Screening", "s" + std::to_string(i))}));
  auto page = must(store().list("Patient", "", 2));
  ASSERT_EQ(page.entities.size(), 2u);
  EXPECT_EQ(page.entities[0].id, "p0");
  EXPECT_EQ(page.next, "p1");
  page = must(store().list("Patient", page.next, 2));
  EXPECT_EQ(page.next, "p3");
  page = must(store().list("Patient", page.next, 2));
  ASSERT_EQ(page.entities.size(), 1u);
  EXPECT_EQ(page.entities[0].id, "p4");
  EXPECT_EQ(page.next, "");
  EXPECT_EQ(must(store().list("Patient", "", 5)).next, "");
}

TEST_P(Care, TellsNoIdsOrContentInItsErrors) {
  must(put({{"Screening", "secret-id", "secret-patient", 0, "secret-body"}}));
  const auto refused = put({{"Screening", "secret-id", "secret-patient", 5, "secret-body"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace bhi::store::test
