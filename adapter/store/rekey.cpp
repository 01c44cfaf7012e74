#include "store/rekey.h"

#include "base/failpoint.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/sqlite_store.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bhi::store {

namespace {

struct Column {
  std::string_view name;  // what it is sealed as
  Sql newest;
  Sql page;    // rowid and text after a rowid
  Sql update;  // ?1 rowid, ?2 text
};
constexpr std::array kColumns = std::to_array<Column>({
    {"body.text", "SELECT text FROM body ORDER BY rowid DESC LIMIT 1",
     "SELECT rowid, text FROM body WHERE rowid > ?1 ORDER BY rowid LIMIT 200",
     "UPDATE body SET text = ?2 WHERE rowid = ?1"},
    {"care.body", "SELECT body FROM care ORDER BY rowid DESC LIMIT 1",
     "SELECT rowid, body FROM care WHERE rowid > ?1 ORDER BY rowid LIMIT 200",
     "UPDATE care SET body = ?2 WHERE rowid = ?1"},
    {"ledger.held", "SELECT held FROM ledger ORDER BY rowid DESC LIMIT 1",
     "SELECT rowid, held FROM ledger WHERE rowid > ?1 ORDER BY rowid LIMIT 200",
     "UPDATE ledger SET held = ?2 WHERE rowid = ?1"},
    {"ledger.rendered", "SELECT rendered FROM ledger ORDER BY rowid DESC LIMIT 1",
     "SELECT rowid, rendered FROM ledger WHERE rowid > ?1 ORDER BY rowid LIMIT 200",
     "UPDATE ledger SET rendered = ?2 WHERE rowid = ?1"},
    {"outbox.sent", "SELECT sent FROM outbox WHERE sent <> '' ORDER BY seq DESC LIMIT 1",
     "SELECT rowid, sent FROM outbox WHERE rowid > ?1 ORDER BY rowid LIMIT 200",
     "UPDATE outbox SET sent = ?2 WHERE rowid = ?1"},
});

struct Row {
  std::int64_t at;
  std::string text;
};

// One page in one transaction. The last rowid, none at the end.
Result<std::optional<std::int64_t>> rekey_page(Connection& on, const Column& column, std::int64_t after,
                                               const Keyring& opens, const Keyring& seals, RekeyReport& report) {
  BHI_TRY(const auto rows, all(on.query(column.page, after), [](const Query& row) {
            return Row{row.integer(0), row.text(1)};
          }));
  if (rows.empty()) return std::optional<std::int64_t>();
  for (const Row& row : rows) {
    if (seals.is_newest(row.text)) {
      ++report.fitting;
      continue;
    }
    BHI_TRY(const std::string plain, opens.unseal(row.text, column.name));
    const std::string sealed = seals.seal(plain, column.name);
    BHI_CHECK(on.run(column.update, row.at, sealed));
    ++report.changed;
  }
  return std::optional(rows.back().at);
}

Result<void> rekey_column(Connection& on, const Column& column, const Keyring& opens, const Keyring& seals,
                          RekeyReport& report) {
  for (std::optional<std::int64_t> after = 0; after;) {
    BHI_CHECK(on.script("BEGIN IMMEDIATE"));
    auto last = rekey_page(on, column, *after, opens, seals, report);
    failpoint("rekey.page");
    const auto done = last ? on.script("COMMIT") : Result<void>(last.error());
    if (!done) {
      if (on.in_transaction()) static_cast<void>(on.script("ROLLBACK"));
      return done;
    }
    after = *last;
  }
  failpoint("rekey.column");
  return {};
}

}  // namespace

Result<void> check_keys(Connection& connection, const Keyring& keys) {
  for (const Column& column : kColumns) {
    BHI_TRY(const auto text, first(connection.query(column.newest), [](const Query& row) { return row.text(0); }));
    if (!text) continue;
    BHI_TRY([[maybe_unused]] const std::string plain, keys.unseal(*text, column.name));
  }
  return {};
}

Result<RekeyReport> rekey_sqlite(const std::string& path, const std::vector<SealKey>& keys, bool plain) {
  if (!exists(path)) return Error{Kind::NotFound, "store: no file " + path};
  BHI_TRY(const auto lock, LockFile::take(path + ".lock"));
  BHI_TRY(const auto on, Connection::open(path, Connection::Access::Write, SqliteOptions{}.busy_timeout));
  BHI_CHECK(check_schema(*on, migrations()));
  BHI_CHECK(on->begin_log());
  const Keyring opens(keys);
  const Keyring seals(plain ? std::vector<SealKey>{} : keys);
  RekeyReport report;
  for (const Column& column : kColumns) BHI_CHECK(rekey_column(*on, column, opens, seals, report));
  BHI_CHECK(on->checkpoint(true));
  return report;
}

}  // namespace bhi::store
