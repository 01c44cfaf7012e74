#include "store/schema.h"

#include "base/failpoint.h"
#include "store/place.h"
#include "store/sqlite_connection.h"

#include <cstdint>
#include <string>
#include <utility>

namespace bhi::store {

namespace {

// Times are milliseconds since 1970 in UTC. States are the words of flow::name(state). SQLite takes a partial index
// only for a query that repeats its WHERE term word by word.
constexpr const char* kFirst = R"sql(
-- Texts of received resources, each kept once: an inbox row and the current copy of the resource share it. No foreign
-- keys point here; they would need an index on every user. Whoever lets the last user go deletes the text.
CREATE TABLE body (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

-- What we hold to be at the EHR: one row per resource. body NULL: deleted there. own_body: no inbox row shares the text.
CREATE TABLE resource (
  source   TEXT NOT NULL,
  type     TEXT NOT NULL,
  id       TEXT NOT NULL,
  version  TEXT NOT NULL,
  updated  TEXT NOT NULL,
  hash     TEXT NOT NULL,
  url      TEXT NOT NULL,
  body     INTEGER,
  own_body INTEGER NOT NULL,
  PRIMARY KEY (source, type, id)
) STRICT;
CREATE INDEX resource_by_url ON resource (source, url) WHERE url <> '';

-- Everything received and not yet forgotten, in order. head: the oldest pending row of its lane, so that the lanes with
-- work are found without a walk over their rows.
CREATE TABLE inbox (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  lane     TEXT NOT NULL,
  channel  TEXT NOT NULL,
  received INTEGER NOT NULL,
  source   TEXT NOT NULL,
  type     TEXT NOT NULL,
  id       TEXT NOT NULL,
  version  TEXT NOT NULL,
  updated  TEXT NOT NULL,
  hash     TEXT NOT NULL,
  url      TEXT NOT NULL,
  body     INTEGER,
  state    TEXT NOT NULL,
  reason   TEXT NOT NULL,
  head     INTEGER
) STRICT;
CREATE INDEX inbox_pending ON inbox (lane) WHERE state = 'pending';
CREATE INDEX inbox_heads ON inbox (seq) WHERE head = 1;
CREATE INDEX inbox_kept ON inbox (state) WHERE state IN ('waiting', 'quarantined', 'left');
CREATE INDEX inbox_waiting ON inbox (reason) WHERE state = 'waiting';

CREATE TABLE inbox_issue (
  inbox    INTEGER NOT NULL REFERENCES inbox (seq) ON DELETE CASCADE,
  place    INTEGER NOT NULL,
  severity TEXT NOT NULL,
  code     TEXT NOT NULL,
  path     TEXT NOT NULL,
  text     TEXT NOT NULL,
  PRIMARY KEY (inbox, place)
) STRICT, WITHOUT ROWID;

-- The care model: one row per entity, its logical-model JSON.
CREATE TABLE care (
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  patient TEXT NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX care_by_patient ON care (patient, kind, id);

-- What is to be written to an EHR. lane: items of one lane go one after the other. ready_at: set on the one item of a lane
-- that may go next, when it may (0: at once), so that due items are found without a walk over those held up.
CREATE TABLE outbox (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  lane         TEXT NOT NULL,
  destination  TEXT NOT NULL,
  patient      TEXT NOT NULL,
  artifact     TEXT NOT NULL,
  care_id      TEXT NOT NULL,
  care_version INTEGER NOT NULL,
  urgent       INTEGER NOT NULL,
  state        TEXT NOT NULL,
  attempts     INTEGER NOT NULL,
  not_before   INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  sent         TEXT NOT NULL DEFAULT '',
  created      INTEGER NOT NULL,
  ready_at     INTEGER
) STRICT;
CREATE INDEX outbox_open ON outbox (lane) WHERE state IN ('planned', 'sent', 'unknown', 'retry-at');
CREATE INDEX outbox_sent ON outbox (lane) WHERE state = 'sent';
CREATE INDEX outbox_ready ON outbox (urgent, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX outbox_by_state ON outbox (state) WHERE state NOT IN ('verified', 'superseded');
CREATE INDEX outbox_by_patient ON outbox (patient);

-- What the EHR holds of our entities.
CREATE TABLE ledger (
  destination  TEXT NOT NULL,
  artifact     TEXT NOT NULL,
  care_id      TEXT NOT NULL,
  type         TEXT NOT NULL,
  id           TEXT NOT NULL,
  version      TEXT NOT NULL,
  care_version INTEGER NOT NULL,
  hash         TEXT NOT NULL,
  held         TEXT NOT NULL DEFAULT '',
  rendered     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (destination, artifact, care_id)
) STRICT;
CREATE INDEX ledger_by_resource ON ledger (destination, type, id);

CREATE TABLE cursor (
  source TEXT NOT NULL,
  name   TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- Who did what. hash covers the row and the hash of the row before (audit_chain.h).
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  action  TEXT NOT NULL,
  actor   TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  hash    TEXT NOT NULL
) STRICT;

-- One row that a readiness check writes.
CREATE TABLE probe (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  count INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
)sql";

// One row for each version of an entity, in the order of commits. The one writing connection gives the numbers inside
// the transaction that changes the entity, so they have no gaps and none appears behind one that was seen. What a store
// already holds is told first, so that who follows from the start has everything.
constexpr const char* kEvents = R"sql(
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  patient TEXT NOT NULL,
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  version INTEGER NOT NULL,
  reason  TEXT NOT NULL
) STRICT;
INSERT INTO event (at, patient, kind, id, version, reason)
  SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000, patient, kind, id, version, 'kept before events were'
  FROM care ORDER BY rowid;
)sql";

// The rung that an item takes, what holds it up, and the emergency that lets it pass.
constexpr const char* kRungs = R"sql(
ALTER TABLE outbox ADD COLUMN rung TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN emergency TEXT NOT NULL DEFAULT '';
)sql";

// What the consent guard asks for before each delivery that stands on a consent.
constexpr const char* kUnreadConsents = R"sql(
CREATE INDEX inbox_unread_consent ON inbox (lane)
  WHERE type = 'Consent' AND state IN ('pending', 'waiting', 'quarantined');
)sql";

constexpr Migration kMigrations[] = {
    {1, kFirst},
    {2, kEvents},
    {3, kRungs},
    {4, kUnreadConsents},
};

constexpr std::int64_t kApplicationId = 0x42484941;  // "BHIA"

Result<std::int64_t> number(Query query) {
  BHI_TRY(const auto found, first(std::move(query), [](const Query& row) { return row.integer(0); }));
  return found.value_or(0);
}

Result<void> run_steps(Connection& connection, std::span<const Migration> steps, int have) {
  if (have == 0) {
    BHI_CHECK(connection.script("CREATE TABLE migration (version INTEGER PRIMARY KEY, applied TEXT NOT NULL) STRICT;"));
  }
  for (const Migration& step : steps) {
    if (step.version <= have) continue;
    BHI_CHECK(connection.script(step.sql));
    BHI_CHECK(connection.run("INSERT INTO migration VALUES (?1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))", step.version));
  }
  return connection.script("PRAGMA application_id = 1112033601;");
}

// On disk for good before anything is changed; SQLite itself does not sync what VACUUM INTO writes. One of an attempt
// that failed is replaced: the store may have been written since.
Result<void> copy_before(Connection& connection, const std::string& path, int version) {
  const std::string copy = path + ".before-" + std::to_string(version);
  const std::string part = copy + ".unfinished";
  BHI_CHECK(make_private_file(part));
  auto done = connection.run("VACUUM INTO ?1", part);
  if (!done) {
    forget_file(part);
    return Error{done.error().kind, done.error().message + "; while copying the store to " + copy +
                                        " before a change of its schema: nothing was changed"};
  }
  BHI_TRY([[maybe_unused]] const std::uint64_t bytes, sync_file(part));
  forget_file(copy);
  return rename_for_good(part, copy);
}

int newest_of(std::span<const Migration> steps) { return steps.empty() ? 0 : steps.back().version; }

}  // namespace

static_assert(kApplicationId == 1112033601, "the number that run_steps writes");

std::span<const Migration> migrations() { return kMigrations; }

Result<int> schema_version(Connection& connection) {
  BHI_TRY(const std::int64_t table,
          number(connection.query("SELECT count(*) FROM sqlite_schema WHERE name = 'migration'")));
  if (table == 0) return 0;
  BHI_TRY(const std::int64_t version, number(connection.query("SELECT max(version) FROM migration")));
  return static_cast<int>(version);
}

Result<void> check_schema(Connection& connection, std::span<const Migration> steps) {
  BHI_TRY(const std::int64_t tables, number(connection.query("SELECT count(*) FROM sqlite_schema")));
  BHI_TRY(const std::int64_t mark, number(connection.query("PRAGMA application_id")));
  if (tables > 0 && mark != kApplicationId) {
    return Error{Kind::Incorrect, "store: expected a store of bhi-adapter or no file, found another database"};
  }
  BHI_TRY(const std::int64_t moved,
          number(connection.query("SELECT count(*) FROM sqlite_schema WHERE name = 'moved'")));
  if (moved > 0) {
    return Error{Kind::Incorrect,
                 "store: this store was moved to PostgreSQL (bhi store migrate); store.path must name that one"};
  }
  BHI_TRY(const int have, schema_version(connection));
  if (have > newest_of(steps)) {
    return Error{Kind::Unsupported, "store: expected schema version " + std::to_string(newest_of(steps)) +
                                        " or older, found " + std::to_string(have) +
                                        "; this store was written by a newer bhi-adapter"};
  }
  return {};
}

Result<void> migrate(Connection& connection, const std::string& path, std::span<const Migration> steps) {
  BHI_TRY(const int have, schema_version(connection));
  if (have == newest_of(steps)) return {};
  if (have > 0) BHI_CHECK(copy_before(connection, path, newest_of(steps)));
  failpoint("migrate.copied");

  BHI_CHECK(connection.script("BEGIN IMMEDIATE"));
  auto done = run_steps(connection, steps, have);
  failpoint("migrate.step");
  if (done) done = connection.script("COMMIT");
  failpoint("migrate.after");
  if (!done && connection.in_transaction()) static_cast<void>(connection.script("ROLLBACK"));
  return done;
}

}  // namespace bhi::store
