#include "store/postgres/schema.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace bhi::store::postgres {

namespace {

// Times are milliseconds since 1970 in UTC. States are the words of flow::name(state). Texts that are compared or
// sorted are COLLATE "C": by their bytes, as on SQLite. Texts that tell of people are BYTEA: kept byte for byte, NULs
// too.
constexpr const char* kFirst = R"sql(
-- Numbers for received rows and kept texts, in the order of receipt; those of work that was not kept are left out.
CREATE SEQUENCE received;

-- Texts of received resources, each kept once: an inbox row and the current copy of the resource share it.
CREATE TABLE body (
  id   BIGINT PRIMARY KEY,
  text BYTEA NOT NULL
);

-- What we hold to be at the EHR: one row per resource. body NULL: deleted there. own_body: no inbox row shares the text.
CREATE TABLE resource (
  source   TEXT COLLATE "C" NOT NULL,
  type     TEXT COLLATE "C" NOT NULL,
  id       TEXT COLLATE "C" NOT NULL,
  version  TEXT NOT NULL,
  updated  TEXT NOT NULL,
  hash     TEXT NOT NULL,
  url      TEXT COLLATE "C" NOT NULL,
  body     BIGINT,
  own_body BOOLEAN NOT NULL,
  PRIMARY KEY (source, type, id)
);
CREATE INDEX resource_by_url ON resource (source, url, body) WHERE url <> '';

-- Everything received and not yet forgotten, in order.
CREATE TABLE inbox (
  seq      BIGINT PRIMARY KEY,
  lane     TEXT COLLATE "C" NOT NULL,
  channel  TEXT NOT NULL,
  received BIGINT NOT NULL,
  source   TEXT COLLATE "C" NOT NULL,
  type     TEXT COLLATE "C" NOT NULL,
  id       TEXT COLLATE "C" NOT NULL,
  version  TEXT NOT NULL,
  updated  TEXT NOT NULL,
  hash     TEXT NOT NULL,
  url      TEXT NOT NULL,
  body     BIGINT,
  part     BIGINT NOT NULL, -- of the lane: flow::partition_of
  state    TEXT COLLATE "C" NOT NULL,
  reason   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX inbox_pending ON inbox (lane, seq) WHERE state = 'pending';
CREATE INDEX inbox_kept ON inbox (state, seq) WHERE state IN ('waiting', 'quarantined', 'left');
CREATE INDEX inbox_waiting ON inbox (reason, seq) WHERE state = 'waiting';

CREATE TABLE inbox_issue (
  inbox    BIGINT NOT NULL,
  place    BIGINT NOT NULL,
  severity TEXT NOT NULL,
  code     TEXT NOT NULL,
  path     TEXT NOT NULL,
  text     TEXT NOT NULL,
  PRIMARY KEY (inbox, place)
);

-- The lanes that have pending rows, each with the oldest of them. Who adds to a lane or takes from it holds this row
-- from then to its commit, so that no other can overlook what it does (lanes.h).
CREATE TABLE lane (
  lane TEXT COLLATE "C" PRIMARY KEY,
  part BIGINT NOT NULL,
  head BIGINT NOT NULL
);
CREATE INDEX lane_by_head ON lane (head, lane);
CREATE INDEX lane_by_part ON lane (part, head, lane);

-- The care model: one row per entity, its logical-model JSON.
CREATE TABLE care (
  kind    TEXT COLLATE "C" NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  body    BYTEA NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX care_by_patient ON care (patient, kind, id);

-- What is to be written to an EHR. lane: items of one lane go one after the other.
CREATE SEQUENCE planned;
CREATE TABLE outbox (
  seq          BIGINT PRIMARY KEY,
  lane         TEXT COLLATE "C" NOT NULL,
  part         BIGINT NOT NULL, -- of destination and patient: flow::outbox_key
  destination  TEXT NOT NULL,
  patient      TEXT COLLATE "C" NOT NULL,
  artifact     TEXT NOT NULL,
  care_id      TEXT NOT NULL,
  care_version BIGINT NOT NULL,
  urgent       BOOLEAN NOT NULL,
  state        TEXT COLLATE "C" NOT NULL,
  attempts     BIGINT NOT NULL,
  not_before   BIGINT NOT NULL,
  reason       TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  sent         BYTEA NOT NULL,
  created      BIGINT NOT NULL,
  rung         TEXT NOT NULL,
  trouble      TEXT NOT NULL,
  emergency    TEXT NOT NULL
);
CREATE INDEX outbox_open ON outbox (lane, seq) WHERE state IN ('planned', 'sent', 'unknown', 'retry-at');
CREATE INDEX outbox_sent ON outbox (lane) WHERE state = 'sent';
CREATE INDEX outbox_sent_by_part ON outbox (part, seq) WHERE state = 'sent';
CREATE INDEX outbox_by_state ON outbox (state, seq) WHERE state NOT IN ('verified', 'superseded');
CREATE INDEX outbox_by_patient ON outbox (patient, seq);

-- The lanes of the outbox that have open items: seq is the first of them; ready_at when it may go (0: at once, NULL: one
-- of the lane is on its way). Held from a change of the lane to its commit, as the rows of `lane` are.
CREATE TABLE turn (
  lane     TEXT COLLATE "C" PRIMARY KEY,
  part     BIGINT NOT NULL,
  urgent   BOOLEAN NOT NULL,
  seq      BIGINT NOT NULL,
  ready_at BIGINT
);
CREATE INDEX turn_ready ON turn (urgent, ready_at, seq) WHERE ready_at IS NOT NULL;
CREATE INDEX turn_by_part ON turn (part, urgent, ready_at, seq) WHERE ready_at IS NOT NULL;

-- What the EHR holds of our entities. written: the order of their making.
CREATE SEQUENCE written;
CREATE TABLE ledger (
  destination  TEXT COLLATE "C" NOT NULL,
  artifact     TEXT COLLATE "C" NOT NULL,
  care_id      TEXT COLLATE "C" NOT NULL,
  type         TEXT COLLATE "C" NOT NULL,
  id           TEXT COLLATE "C" NOT NULL,
  version      TEXT NOT NULL,
  care_version BIGINT NOT NULL,
  hash         TEXT NOT NULL,
  held         BYTEA NOT NULL,
  rendered     BYTEA NOT NULL,
  written      BIGINT NOT NULL,
  PRIMARY KEY (destination, artifact, care_id)
);
CREATE INDEX ledger_by_resource ON ledger (destination, type, id, written);

CREATE TABLE cursor (
  source TEXT COLLATE "C" NOT NULL,
  name   TEXT COLLATE "C" NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (source, name)
);

-- Who did what. hash covers the row and the hash of the row before (../audit_hash.h).
CREATE TABLE audit (
  seq     BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  action  TEXT NOT NULL,
  actor   TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  hash    TEXT NOT NULL
);

-- One row for each version of an entity, in the order of commits.
CREATE TABLE event (
  seq     BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  patient TEXT NOT NULL,
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  version BIGINT NOT NULL,
  reason  TEXT NOT NULL
);

-- The ends of the two rows that many writers add to: the last numbers given and the last hash. Every transaction that
-- adds to them takes this row last and holds it to its commit, so numbers follow the order of commits without gaps.
CREATE TABLE tail (
  id         BIGINT PRIMARY KEY CHECK (id = 1),
  event_seq  BIGINT NOT NULL,
  audit_seq  BIGINT NOT NULL,
  audit_hash TEXT NOT NULL
);
INSERT INTO tail VALUES (1, 0, 0, '');

-- The number of the latest transaction of each writing session: tells, when a connection was lost while committing,
-- whether it was committed (writer.h).
CREATE TABLE writer (
  id   TEXT COLLATE "C" PRIMARY KEY,
  last BIGINT NOT NULL,
  seen BIGINT NOT NULL
);

-- The replicas that share the database, and what each of them works on (leases.h). Times by the database's clock alone.
CREATE TABLE member (
  name    TEXT COLLATE "C" PRIMARY KEY,
  expires BIGINT NOT NULL,
  leaving BOOLEAN NOT NULL
);
CREATE TABLE lease (
  name   TEXT COLLATE "C" PRIMARY KEY,
  holder TEXT COLLATE "C" NOT NULL,
  token  BIGINT NOT NULL
);
)sql";

// What the consent guard asks for before each delivery that stands on a consent.
constexpr const char* kUnreadConsents = R"sql(
CREATE INDEX inbox_unread_consent ON inbox (lane)
  WHERE type = 'Consent' AND state IN ('pending', 'waiting', 'quarantined');
)sql";

constexpr Migration kMigrations[] = {
    {1, kFirst},
    {2, kUnreadConsents},
};

int newest_of(std::span<const Migration> steps) { return steps.empty() ? 0 : steps.back().version; }

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Error newer(std::span<const Migration> steps, int have) {
  return Error{Kind::Unsupported, "store: expected schema version " + std::to_string(newest_of(steps)) +
                                      " or older, found " + std::to_string(have) +
                                      "; this store was written by a newer bhi-adapter"};
}

// Two sessions that create one table at the same time may both try; the later one is told that it is there.
Result<void> make_ledger_of_steps(Connection& connection) {
  constexpr const char* kMake =
      "CREATE TABLE IF NOT EXISTS bhi_migration (version BIGINT PRIMARY KEY, applied TIMESTAMPTZ NOT NULL); "
      "INSERT INTO bhi_migration VALUES (0, now()) ON CONFLICT DO NOTHING";
  auto made = connection.script(kMake);
  for (int again = 0; !made && !connection.broken() && again < 3; ++again) made = connection.script(kMake);
  if (!made) return made.error();
  return {};
}

Result<void> run_steps(Connection& connection, std::span<const Migration> steps) {
  BHI_TRY([[maybe_unused]] const auto locked,
          connection.script("SELECT version FROM bhi_migration WHERE version = 0 FOR UPDATE"));
  BHI_TRY(const int have, schema_version(connection));
  if (have > newest_of(steps)) return newer(steps, have);
  for (const Migration& step : steps) {
    if (step.version <= have) continue;
    if (const auto done = connection.script(step.sql); !done) {
      if (have > 0 || connection.broken()) return done.error();
      return Error{Kind::Incorrect,
                   "store: expected a store of bhi-adapter or an empty schema, could not make our tables: " +
                       done.error().message};
    }
    BHI_TRY([[maybe_unused]] const auto noted,
            connection.script("INSERT INTO bhi_migration VALUES (" + std::to_string(step.version) + ", now())"));
  }
  return {};
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<int> schema_version(Connection& connection) {
  BHI_TRY(const auto there, connection.script("SELECT to_regclass('bhi_migration') IS NOT NULL"));
  if (there.text(0, 0) != "t") return 0;
  BHI_TRY(const auto found, connection.script("SELECT coalesce(max(version), 0) FROM bhi_migration"));
  return number(found.view(0, 0));
}

Result<void> check_schema(Connection& connection, std::span<const Migration> steps) {
  BHI_TRY(const int have, schema_version(connection));
  if (have == 0) return Error{Kind::NotFound, "store: no store of bhi-adapter in this database"};
  if (have > newest_of(steps)) return newer(steps, have);
  return {};
}

Result<void> migrate(Connection& connection, std::span<const Migration> steps) {
  BHI_TRY(const int have, schema_version(connection));
  if (have == newest_of(steps)) return {};
  if (have > newest_of(steps)) return newer(steps, have);
  BHI_CHECK(make_ledger_of_steps(connection));
  BHI_TRY([[maybe_unused]] const auto begun, connection.script("BEGIN"));
  auto done = run_steps(connection, steps);
  if (const auto ended = connection.script(done ? "COMMIT" : "ROLLBACK"); done && !ended) done = ended.error();
  return done;
}

}  // namespace bhi::store::postgres
