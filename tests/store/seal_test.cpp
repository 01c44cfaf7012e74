#include "store/seal.h"

#include "store/backup.h"
#include "store/rekey.h"
#include "tests/store/support/driver_test.h"

#include <fstream>
#include <iterator>
#include <set>

namespace bhi::store::test {
namespace {

SealKey key_of(char fill) { return must(seal_key_from(std::string(32, fill))); }

constexpr std::string_view kCanary = "CANARY-Alder-June-PHQ9";

TEST(Seal, OpensWhatItSealedAndNeverSealsTheSameTwice) {
  const Keyring keys({key_of('a')});
  std::set<std::string> sealed;
  for (const std::size_t size : std::vector<std::size_t>{1, 2, 3, 15, 16, 17, 1000, 100'000}) {
    std::string plain(size, 'x');
    plain[size / 2] = '\0';
    const std::string text = keys.seal(plain, "care.body");
    EXPECT_TRUE(is_sealed(text));
    EXPECT_EQ(key_id_in(text), key_id_of(key_of('a')));
    EXPECT_TRUE(sealed.insert(text).second);
    EXPECT_TRUE(sealed.insert(keys.seal(plain, "care.body")).second);
    EXPECT_EQ(must(keys.unseal(text, "care.body")), plain);
  }
  EXPECT_EQ(keys.seal("", "care.body"), "");
  EXPECT_EQ(must(keys.unseal("{}", "care.body")), "{}");  // from before
}

TEST(Seal, OpensNothingThatWasChangedMovedOrCutShort) {
  const Keyring keys({key_of('a')});
  const std::string text = keys.seal(R"({"kind":"Screening"})", "care.body");
  for (std::size_t i = text.rfind(' ') + 1; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    if (other[i] == text[i]) continue;
    const auto opened = keys.unseal(other, "care.body");
    EXPECT_EQ(kind_of(opened), "fault") << i;
    EXPECT_EQ(kind_of(keys.unseal(text.substr(0, i), "care.body")), "fault") << i;
  }
  EXPECT_EQ(kind_of(keys.unseal(text, "ledger.held")), "fault");
  const auto missing = Keyring({key_of('b')}).unseal(text, "care.body");
  ASSERT_EQ(kind_of(missing), "incorrect");
  EXPECT_NE(missing.error().message.find(key_id_of(key_of('a'))), std::string::npos);
}

TEST(Seal, KeysAreThirtyTwoBytesOrTheirDigits) {
  EXPECT_EQ(must(seal_key_from(std::string(64, '6') + "\n")), key_of('f'));  // 0x66
  for (const std::string& wrong : {std::string(), std::string(31, 'x'), std::string(63, '6'), std::string(64, 'z')}) {
    EXPECT_EQ(kind_of(seal_key_from(wrong)), "incorrect") << wrong.size();
  }
}

class Sealed : public DriverTest {
 protected:
  void SetUp() override {
    if (prepare()) open_with({key_of('a')});
  }
  void open_with(std::vector<SealKey> keys) {
    SqliteOptions options;
    options.keys = std::move(keys);
    open(options);
  }
  Result<RekeyReport> rekey(const std::vector<SealKey>& keys, bool plain) {
    return on_postgres() ? rekey_postgres(url(), keys, plain) : rekey_sqlite(path(), keys, plain);
  }
  void fill() {
    flow::Accepted batch;
    batch.items.push_back({0, "clinic|Patient/1", "poll", at(1), copy_of("1", "h1")});
    batch.items.back().resource.body += kCanary;
    must(store().accept(batch));
    flow::Worked worked;
    worked.entities = {{"Screening", "s1", "p1", 0, R"({"name":")" + std::string(kCanary) + "\"}"}};
    flow::Ledger ledger{"clinic",
                        "care-plan",
                        "c1",
                        "CarePlan",
                        "7",
                        "1",
                        1,
                        "h",
                        std::string(kCanary) + "held",
                        std::string(kCanary) + "rendered"};
    worked.ledger = {ledger};
    auto item = intent_of("p1", "s1");
    worked.outbox = {item};
    must(store().commit(worked));
    for (auto& due : must(store().due(at(10), 10))) {
      ++due.attempts;
      due.request_hash = "r";
      due.sent = std::string(kCanary) + "sent";
      must(store().mark_sent(due, audit_of("send")));
    }
  }
  void expect_all_there() {
    EXPECT_NE(must(store().entity("Screening", "s1"))->body.find(kCanary), std::string::npos);
    EXPECT_EQ(must(store().ledger("clinic", "care-plan", "c1"))->held, std::string(kCanary) + "held");
    EXPECT_EQ(must(store().ledger("clinic", "care-plan", "c1"))->rendered, std::string(kCanary) + "rendered");
    EXPECT_EQ(must(store().outbox("", 10)).at(0).sent, std::string(kCanary) + "sent");
    EXPECT_NE(must(store().pending("clinic|Patient/1", 10)).at(0).resource.body.find(kCanary), std::string::npos);
  }
  // In the database, its log, and whatever lies beside them; on PostgreSQL in any cell of any table.
  bool on_disk() {
    if (on_postgres()) {
      RawPostgres raw(url());
      const std::string bytes = raw.ask("SELECT encode('" + std::string(kCanary) + "', 'hex')");
      for (const char* table : {"body", "care", "ledger", "outbox", "inbox", "resource", "event", "audit"}) {
        if (raw.ask("SELECT count(*) FROM " + std::string(table) + " t WHERE t::text LIKE '%" + bytes +
                    "%' OR t::text LIKE '%" + std::string(kCanary) + "%'") != "0")
          return true;
      }
      return false;
    }
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      if (bytes.find(kCanary) != std::string::npos) return true;
    }
    return false;
  }
};

BHI_ON_BOTH_DRIVERS(Sealed);

TEST_P(Sealed, NothingOfAPersonStandsOnTheDiskAndAllOfItIsRead) {
  fill();
  expect_all_there();
  EXPECT_FALSE(on_disk());
  store_.reset();
  EXPECT_FALSE(on_disk());
  open_with({key_of('a')});
  expect_all_there();
}

TEST_P(Sealed, TheRightKeyIsAskedForBeforeAnythingIsDone) {
  fill();
  store_.reset();
  for (const std::vector<SealKey>& keys : {std::vector<SealKey>{}, std::vector<SealKey>{key_of('b')}}) {
    SqliteOptions options;
    options.keys = keys;
    const auto opened = try_open(options);
    ASSERT_EQ(kind_of(opened), "incorrect");
    EXPECT_NE(opened.error().message.find(key_id_of(key_of('a'))), std::string::npos);
  }
  open_with({key_of('b'), key_of('a')});  // the new one first
  expect_all_there();
}

TEST_P(Sealed, ATextChangedBehindOurBackIsDamage) {
  fill();
  ask("UPDATE care SET body = substr(body, 1, length(body) - 8) || 'AAAAAAA='");
  EXPECT_EQ(kind_of(store().entity("Screening", "s1")), "fault");
  EXPECT_EQ(kind_of(store().record("p1")), "fault");
}

TEST_P(Sealed, RekeyGoesFromNoKeyToAKeyToAnotherAndBack) {
  open_with({});  // nothing written yet
  fill();
  EXPECT_TRUE(on_disk());
  if (!on_postgres()) {
    EXPECT_EQ(kind_of(rekey({key_of('a')}, false)), "unavailable") << "in use";
  }
  store_.reset();
  EXPECT_EQ(must(rekey({key_of('a')}, false)).changed, 5U);
  EXPECT_FALSE(on_disk());  // neither in free pages nor in the log
  EXPECT_EQ(must(rekey({key_of('a')}, false)).changed, 0U);
  EXPECT_EQ(kind_of(rekey({key_of('b')}, false)), "incorrect");
  EXPECT_EQ(must(rekey({key_of('b'), key_of('a')}, false)).changed, 5U);
  open_with({key_of('b')});
  expect_all_there();
  store_.reset();
  EXPECT_EQ(must(rekey({key_of('b')}, true)).changed, 5U);
  open_with({});
  expect_all_there();
}

TEST_F(Sealed, ABackupStaysSealed) {
  fill();
  must(backup_sqlite(path(), folder_.file("copy.db")));
  store_.reset();
  EXPECT_FALSE(on_disk());
  must(verify_sqlite(folder_.file("copy.db")));
}

}  // namespace
}  // namespace bhi::store::test
