#include "store/postgres/rekey.h"

#include "store/postgres/pipeline.h"
#include "store/postgres/schema.h"
#include "store/postgres_store.h"
#include "store/rules.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::store::postgres {

namespace {

// A row is known by up to three texts; pages go by them in their order, and rows are locked until they are written.
struct Sealed {
  std::string_view name;  // what it is sealed as
  Sql newest;
  Sql page;                // the three and the text, behind $1, $2, $3
  Sql update;              // $1, $2, $3 and the text $4
  std::string_view least;  // the first of the three at the start
};
constexpr std::array kSealed = std::to_array<Sealed>({
    {kBodyText, "SELECT text FROM body ORDER BY id DESC LIMIT 1",
     "SELECT id::text, '', '', text FROM body WHERE id > $1::text::bigint ORDER BY id LIMIT 200 FOR UPDATE",
     "UPDATE body SET text = $4 WHERE id = $1::text::bigint", "0"},
    {kCareBody, "SELECT body FROM care ORDER BY kind DESC, id DESC LIMIT 1",
     "SELECT kind, id, '', body FROM care WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT 200 FOR UPDATE",
     "UPDATE care SET body = $4 WHERE kind = $1 AND id = $2", ""},
    {kLedgerHeld, "SELECT held FROM ledger ORDER BY destination DESC, artifact DESC, care_id DESC LIMIT 1",
     "SELECT destination, artifact, care_id, held FROM ledger WHERE (destination, artifact, care_id) > ($1, $2, $3) "
     "ORDER BY destination, artifact, care_id LIMIT 200 FOR UPDATE",
     "UPDATE ledger SET held = $4 WHERE destination = $1 AND artifact = $2 AND care_id = $3", ""},
    {kLedgerRendered, "SELECT rendered FROM ledger ORDER BY destination DESC, artifact DESC, care_id DESC LIMIT 1",
     "SELECT destination, artifact, care_id, rendered FROM ledger WHERE (destination, artifact, care_id) > ($1, $2, "
     "$3) "
     "ORDER BY destination, artifact, care_id LIMIT 200 FOR UPDATE",
     "UPDATE ledger SET rendered = $4 WHERE destination = $1 AND artifact = $2 AND care_id = $3", ""},
    {kOutboxSent, "SELECT sent FROM outbox WHERE sent <> '' ORDER BY seq DESC LIMIT 1",
     "SELECT seq::text, '', '', sent FROM outbox WHERE seq > $1::text::bigint ORDER BY seq LIMIT 200 FOR UPDATE",
     "UPDATE outbox SET sent = $4 WHERE seq = $1::text::bigint", "0"},
});

struct Key {
  std::string parts[3];
};

// One page in one transaction. The last row, none at the end.
Result<std::optional<Key>> rekey_page(Connection& connection, const Sealed& column, const Key& after,
                                      const Keyring& opens, const Keyring& seals, RekeyReport& report) {
  Pipeline line(connection);
  line.add("BEGIN");
  const auto page = line.add(column.page, after.parts[0], after.parts[1], after.parts[2]);
  BHI_CHECK(line.sync());
  const std::size_t rows = line.rows(page).size();
  std::optional<Key> last;
  for (std::size_t row = 0; row < rows; ++row) {
    const Rows& found = line.rows(page);
    last = Key{{found.text(row, 0), found.text(row, 1), found.text(row, 2)}};
    if (seals.is_newest(found.view(row, 3))) {
      ++report.fitting;
      continue;
    }
    BHI_TRY(const std::string plain, opens.unseal(found.view(row, 3), column.name));
    const std::string sealed = seals.seal(plain, column.name);
    line.add(column.update, last->parts[0], last->parts[1], last->parts[2], Blob{sealed});
    ++report.changed;
  }
  line.add("COMMIT");
  BHI_CHECK(line.sync());
  return last;
}

}  // namespace

Result<void> check_keys(Connection& connection, const Keyring& keys) {
  for (const Sealed& column : kSealed) {
    Pipeline line(connection);
    const auto place = line.add(column.newest);
    BHI_CHECK(line.sync());
    if (line.rows(place).empty()) continue;
    BHI_TRY([[maybe_unused]] const std::string plain, keys.unseal(line.rows(place).view(0, 0), column.name));
  }
  return {};
}

Result<RekeyReport> rekey(Connection& connection, const Keyring& opens, const Keyring& seals) {
  RekeyReport report;
  for (const Sealed& column : kSealed) {
    for (std::optional<Key> after = Key{{std::string(column.least), "", ""}}; after;) {
      BHI_TRY(after, rekey_page(connection, column, Key(*after), opens, seals, report));
    }
  }
  return report;
}

}  // namespace bhi::store::postgres

namespace bhi::store {

Result<RekeyReport> rekey_postgres(const std::string& url, const std::vector<SealKey>& keys, bool plain) {
  BHI_TRY(const auto connection, postgres::Connection::open(url, {}));
  BHI_CHECK(postgres::check_schema(*connection, postgres::migrations()));
  const Keyring opens(keys);
  const Keyring seals(plain ? std::vector<SealKey>{} : keys);
  return postgres::rekey(*connection, opens, seals);
}

}  // namespace bhi::store
