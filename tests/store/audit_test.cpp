#include "store/audit_chain.h"

#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

namespace bhi::store::test {
namespace {

class Audit : public StoreTest {
 protected:
  void add(int rows) {
    for (int i = 0; i < rows; ++i) must(store().audit(audit_of("read", "Patient/" + std::to_string(i))));
  }
  void meddle(const std::string& sql) {
    store_.reset();
    RawDatabase(path()).run(sql);
  }
};

TEST_F(Audit, GrowsAcrossRestarts) {
  add(3);
  const auto before = must(verify_audit(path()));
  open();
  add(2);
  const auto after = must(verify_audit(path()));
  EXPECT_EQ(before.audit_rows, 3u);
  EXPECT_EQ(after.audit_rows, 5u);
  EXPECT_EQ(after.audit_last_hash.size(), 64u);
  EXPECT_NE(after.audit_last_hash, before.audit_last_hash);
}

TEST_F(Audit, IsFineWhenEmpty) { EXPECT_EQ(must(verify_audit(path())).audit_rows, 0u); }

TEST_F(Audit, FindsEveryChangedField) {
  for (const char* column : {"action", "actor", "subject", "outcome", "at", "hash"}) {
    add(5);
    const std::string value = std::string(column) == "at" ? "at + 1" : std::string(column) + " || 'x'";
    meddle("UPDATE audit SET " + std::string(column) + " = " + value + " WHERE seq = 3");
    const auto found = verify_audit(path());
    ASSERT_EQ(kind_of(found), "fault") << column;
    EXPECT_NE(found.error().message.find("row 3"), std::string::npos) << found.error().message;
    // Start over for the next one.
    std::filesystem::remove(path());
    open();
  }
}

TEST_F(Audit, FindsAMovedBoundaryBetweenFields) {
  must(store().audit({"re", "ad", "s", "ok", at(1)}));
  meddle("UPDATE audit SET action = 'r', actor = 'ead'");
  EXPECT_EQ(kind_of(verify_audit(path())), "fault");
}

TEST_F(Audit, FindsRowsMissingAtTheStartInTheMiddleAndAtTheEnd) {
  for (const char* which : {"seq = 1", "seq = 3", "seq = 5", "seq >= 3", "1"}) {
    add(5);
    meddle("DELETE FROM audit WHERE " + std::string(which));
    EXPECT_EQ(kind_of(verify_audit(path())), "fault") << which;
    std::filesystem::remove(path());
    open();
  }
}

TEST_F(Audit, FindsTwoRowsExchanged) {
  add(5);
  meddle(
      "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 "
      "WHERE seq = 100;");
  EXPECT_EQ(kind_of(verify_audit(path())), "fault");
}

TEST_F(Audit, HoldsAfterWritesThatWereTakenBack) {
  add(2);
  flow::Worked worked;
  worked.entities = {{"Screening", "s", "p", 0, "{}"}};
  worked.audit = {audit_of("map")};
  must(store().commit(worked));
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");
  // A batch of items, then its audit, then a failure is not possible from outside; a refused settlement comes close.
  add(2);
  EXPECT_EQ(must(verify_audit(path())).audit_rows, 5u);
}

TEST_F(Audit, DoesNotMergeEntriesOfTheSameText) {
  const auto entry = audit_of("read");
  EXPECT_NE(audit_hash("", 1, entry), audit_hash("", 2, entry));
  EXPECT_NE(audit_hash("", 1, entry), audit_hash("x", 1, entry));
  EXPECT_EQ(audit_hash("x", 1, entry), audit_hash("x", 1, entry));
}

}  // namespace
}  // namespace bhi::store::test
