#include "store/audit_chain.h"

#include "tests/store/support/driver_test.h"

#include <random>

namespace bhi::store::test {
namespace {

class Audit : public DriverTest {
 protected:
  void add(int rows) {
    for (int i = 0; i < rows; ++i) must(store().audit(audit_of("read", "Patient/" + std::to_string(i))));
  }
  // SQL that sets the counter of rows that were written, as somebody would who knows the driver.
  static std::string set_counter(int rows) {
    return on_postgres() ? "UPDATE tail SET audit_seq = " + std::to_string(rows) +
                               ", audit_hash = coalesce((SELECT hash FROM audit "
                               "ORDER BY seq DESC LIMIT 1), '')"
                         : "UPDATE sqlite_sequence SET seq = " + std::to_string(rows) + " WHERE name = 'audit'";
  }
};

BHI_ON_BOTH_DRIVERS(Audit);

TEST_P(Audit, GrowsAcrossRestarts) {
  add(3);
  const auto before = must(audit_report());
  open();
  add(2);
  const auto after = must(audit_report());
  EXPECT_EQ(before.audit_rows, 3u);
  EXPECT_EQ(after.audit_rows, 5u);
  EXPECT_EQ(after.audit_last_hash.size(), 64u);
  EXPECT_NE(after.audit_last_hash, before.audit_last_hash);
}

TEST_P(Audit, IsFineWhenEmpty) { EXPECT_EQ(must(audit_report()).audit_rows, 0u); }

TEST_P(Audit, FindsEveryChangedField) {
  for (const char* column : {"action", "actor", "subject", "outcome", "at", "hash"}) {
    add(5);
    const std::string value = std::string(column) == "at" ? "at + 1" : std::string(column) + " || 'x'";
    meddle("UPDATE audit SET " + std::string(column) + " = " + value + " WHERE seq = 3");
    const auto found = audit_report();
    ASSERT_EQ(kind_of(found), "fault") << column;
    EXPECT_NE(found.error().message.find("row 3"), std::string::npos) << found.error().message;
    // Start over for the next one.
    start_over();
  }
}

TEST_P(Audit, FindsAMovedBoundaryBetweenFields) {
  must(store().audit({"re", "ad", "s", "ok", at(1)}));
  meddle("UPDATE audit SET action = 'r', actor = 'ead'");
  EXPECT_EQ(kind_of(audit_report()), "fault");
}

TEST_P(Audit, FindsRowsMissingAtTheStartInTheMiddleAndAtTheEnd) {
  for (const char* which : {"seq = 1", "seq = 3", "seq = 5", "seq >= 3", "1 = 1"}) {
    add(5);
    meddle("DELETE FROM audit WHERE " + std::string(which));
    EXPECT_EQ(kind_of(audit_report()), "fault") << which;
    start_over();
  }
}

TEST_P(Audit, FindsTwoRowsExchanged) {
  add(5);
  meddle(
      "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 "
      "WHERE seq = 100;");
  EXPECT_EQ(kind_of(audit_report()), "fault");
}

// One meddler a seed: a field of a row, a row taken out or slipped in, two exchanged, the end cut off; with the counter
// of the table set right again, as somebody would who knows the driver.
TEST_P(Audit, FindsAHundredOfAHundredTamperedTrails) {
  const char* columns[] = {"action", "actor", "subject", "outcome", "at", "hash"};
  int found = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](int least, int most) {
      return std::uniform_int_distribution<int>(least, most)(random);
    };
    const int rows = pick(3, 12);
    add(rows);
    const std::string one = std::to_string(pick(1, rows - 1)), next = std::to_string(std::stoi(one) + 1);
    std::string sql;
    switch (seed % 5) {
      case 0: {
        const std::string column = columns[pick(0, 5)];
        sql = "UPDATE audit SET " + column + " = " + (column == "at" ? "at + 1" : "'x' || " + column) +
              " WHERE seq = " + one;
        break;
      }
      case 1: sql = "DELETE FROM audit WHERE seq = " + one; break;
      case 2:  // slipped in: everything behind it moves by one
        sql = "UPDATE audit SET seq = seq + 1000 WHERE seq > " + one + "; INSERT INTO audit SELECT " + next +
              ", at, action, actor, subject, outcome, hash FROM audit WHERE seq = " + one +
              "; UPDATE audit SET seq = seq - 999 WHERE seq > 1000; " + set_counter(rows + 1);
        break;
      case 3:
        sql = "UPDATE audit SET seq = 9999 WHERE seq = " + one + "; UPDATE audit SET seq = " + one +
              " WHERE seq = " + next + "; UPDATE audit SET seq = " + next + " WHERE seq = 9999";
        break;
      default: sql = "DELETE FROM audit WHERE seq > " + one; break;
    }
    meddle(sql);
    const auto verdict = audit_report();
    found += kind_of(verdict) == "fault" ? 1 : 0;
    EXPECT_EQ(kind_of(verdict), "fault") << "seed " << seed << ": " << sql;
    start_over();
  }
  EXPECT_EQ(found, 100);
}

// What the chain alone cannot tell: its end cut off with the counter set back, or written anew from some row on so that
// every hash fits. The last hash, kept elsewhere, tells it.
TEST_P(Audit, AnEndThatWasMadeToFitAgainIsFoundByTheHashKeptElsewhere) {
  add(8);
  const auto before = must(audit_report());
  const AuditMark kept{8, before.audit_last_hash};
  EXPECT_EQ(must(audit_report(kept)).audit_rows, 8u);
  add(2);
  EXPECT_EQ(must(audit_report(kept)).audit_rows, 10u) << "the trail goes on";

  const auto rows = must(store().audit_trail(0, 100));
  std::string hash = rows[4].hash;
  std::string sql;
  for (std::size_t i = 5; i < rows.size(); ++i) {
    auto entry = rows[i].entry;
    if (i == 5) entry.actor = "nobody";
    hash = audit_hash(hash, rows[i].seq, entry);
    sql += "UPDATE audit SET actor = '" + entry.actor + "', hash = '" + hash +
           "' WHERE seq = " + std::to_string(rows[i].seq) + "; ";
  }
  meddle(sql + set_counter(10));
  EXPECT_TRUE(audit_report().ok()) << "the limit of a chain without a witness";
  const auto found = audit_report(kept);
  ASSERT_EQ(kind_of(found), "fault");
  EXPECT_NE(found.error().message.find("row 8"), std::string::npos) << found.error().message;

  meddle("DELETE FROM audit WHERE seq > 6; " + set_counter(6));
  EXPECT_TRUE(audit_report().ok());
  EXPECT_EQ(kind_of(audit_report(kept)), "fault");
}

TEST_P(Audit, HoldsAfterWritesThatWereTakenBack) {
  add(2);
  flow::Worked worked;
  worked.entities = {{"Screening", "s", "p", 0, "{}"}};
  worked.audit = {audit_of("map")};
  must(store().commit(worked));
  EXPECT_EQ(kind_of(store().commit(worked)), "conflict");
  // A batch of items, then its audit, then a failure is not possible from outside; a refused settlement comes close.
  add(2);
  EXPECT_EQ(must(audit_report()).audit_rows, 5u);
}

TEST_P(Audit, DoesNotMergeEntriesOfTheSameText) {
  const auto entry = audit_of("read");
  EXPECT_NE(audit_hash("", 1, entry), audit_hash("", 2, entry));
  EXPECT_NE(audit_hash("", 1, entry), audit_hash("x", 1, entry));
  EXPECT_EQ(audit_hash("x", 1, entry), audit_hash("x", 1, entry));
}

}  // namespace
}  // namespace bhi::store::test
