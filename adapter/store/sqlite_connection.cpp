#include "store/sqlite_connection.h"

#include <sqlite3.h>

#include <cerrno>

namespace bhi::store {

namespace {

struct Meaning {
  int code;  // primary result code
  Kind kind;
  Trouble trouble;
  const char* text;
};

constexpr Meaning kMeanings[] = {
    {SQLITE_BUSY, Kind::Unavailable, Trouble::Passing, "busy: another connection holds the database"},
    {SQLITE_LOCKED, Kind::Unavailable, Trouble::Passing, "busy: a table is locked"},
    {SQLITE_FULL, Kind::Unavailable, Trouble::Passing, "disk full"},
    {SQLITE_NOMEM, Kind::Unavailable, Trouble::Passing, "out of memory"},
    {SQLITE_INTERRUPT, Kind::Unavailable, Trouble::Passing, "interrupted"},
    {SQLITE_TOOBIG, Kind::Incorrect, Trouble::None, "a value is too large"},
    {SQLITE_CONSTRAINT, Kind::Fault, Trouble::None, "a row breaks a constraint"},
    {SQLITE_READONLY, Kind::Fault, Trouble::Passing, "the database cannot be written (read-only)"},
    {SQLITE_CANTOPEN, Kind::Fault, Trouble::Passing, "the database file cannot be opened"},
    {SQLITE_IOERR, Kind::Fault, Trouble::Lasting, "disk I/O error"},
    {SQLITE_CORRUPT, Kind::Fault, Trouble::Lasting, "the database file is damaged"},
    {SQLITE_NOTADB, Kind::Fault, Trouble::Lasting, "the file is not a database"},
};

constexpr Meaning kOther = {SQLITE_ERROR, Kind::Fault, Trouble::Passing, "the database refused a statement"};

// A full disk can also show as a failed write of the shared-memory file; an unclear memory failure as an I/O error. A
// failed sync stays what it is whatever the system says: the data may be gone.
int plain_code(int extended, int system_error) {
  if (extended == SQLITE_IOERR_NOMEM) return SQLITE_NOMEM;
  const bool sync = extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
  if ((extended & 0xff) == SQLITE_IOERR && !sync && (system_error == ENOSPC || system_error == EDQUOT))
    return SQLITE_FULL;
  return extended & 0xff;
}

const Meaning& meaning_of(int code) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code == code) return meaning;
  }
  return kOther;
}

// temp_store: nothing of a patient spills into /tmp. secure_delete: what is deleted is overwritten.
constexpr const char* kSettings = R"(
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA secure_delete = ON;
  PRAGMA cell_size_check = ON;
  PRAGMA mmap_size = 0;
)";
// auto_vacuum: of a new file, before anything else is written (compact.h).
constexpr const char* kWriterSettings = R"(
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -8192;
  PRAGMA journal_size_limit = 67108864;
)";
constexpr const char* kReaderSettings = R"(
  PRAGMA query_only = ON;
  PRAGMA cache_size = -2048;
)";

}  // namespace

// ---- Query
// ------------------------------------------------------------------------------------------------------------

Query::~Query() {
  if (statement_ != nullptr) connection_->give_back(statement_);
}

void Query::bind(int at, std::string_view value) {
  if (code_ != SQLITE_OK) return;
  // An empty view may point nowhere, which SQLite would take for NULL.
  const char* data = value.data() == nullptr ? "" : value.data();
  code_ = sqlite3_bind_text64(statement_, at, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Query::bind(int at, const Payload& value) {
  if (connection_->keys_ == nullptr || !connection_->keys_->seals() || value.text.empty()) return bind(at, value.text);
  if (code_ != SQLITE_OK) return;
  const std::string sealed = connection_->keys_->seal(value.text, value.column);
  code_ = sqlite3_bind_text64(statement_, at, sealed.data(), sealed.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Query::bind(int at, std::int64_t value) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, at, value);
}

void Query::bind(int at, std::size_t value) { bind(at, static_cast<std::int64_t>(value)); }

void Query::bind(int at, std::optional<std::int64_t> value) {
  if (value) return bind(at, *value);
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_null(statement_, at);
}

void Query::expect_parameters([[maybe_unused]] int count) const {
  assert(statement_ == nullptr || sqlite3_bind_parameter_count(statement_) == count);
}

Result<bool> Query::next() {
  if (code_ != SQLITE_OK) return connection_->failure(code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->failure(code);
}

std::string_view Query::view(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::payload(int column, std::string_view name) const {
  const std::string_view text = view(column);
  if (connection_->keys_ == nullptr && !is_sealed(text)) return std::string(text);
  static const Keyring none({});
  auto plain = (connection_->keys_ == nullptr ? none : *connection_->keys_).unseal(text, name);
  if (plain) return *std::move(plain);
  connection_->damage_ = plain.error();
  return {};
}

const std::optional<Error>& Query::damage() const { return connection_->damage_; }

bool Query::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// ---- Connection
// -------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access,
                                                     std::chrono::milliseconds busy_timeout) {
  const int mode = access == Access::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (handle == nullptr) return Error{Kind::Unavailable, "store: out of memory"};
  std::unique_ptr<Connection> made(new Connection(handle));
  if (code != SQLITE_OK) return made->failure(code);

  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_wal_autocheckpoint(handle, 0);
  BHI_CHECK(made->script(kSettings));
  if (access == Access::Read) {
    made->keep_log();
    BHI_CHECK(made->script(kReaderSettings));
  }
  return made;
}

Result<void> Connection::begin_log() {
  sqlite3_wal_hook(handle_, &Connection::note_wal, this);
  BHI_CHECK(script(kWriterSettings));
  BHI_TRY(const auto journal, first(query("PRAGMA journal_mode"), [](const Query& row) { return row.text(0); }));
  if (journal != "wal") {
    return Error{Kind::Fault,
                 "store: expected a file system that allows journal mode wal, found " + journal.value_or("none")};
  }
  return {};
}

Connection::~Connection() {
  for (const auto& [sql, statement] : kept_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Query Connection::prepare(Sql sql) {
  damage_.reset();
  auto& kept = kept_[sql.text];
  if (kept != nullptr) {
    assert(sqlite3_stmt_busy(kept) == 0 && "a statement is used inside itself");
    return Query(*this, kept, SQLITE_OK);
  }
  const int code = sqlite3_prepare_v3(handle_, sql.text, -1, SQLITE_PREPARE_PERSISTENT, &kept, nullptr);
  return Query(*this, kept, code);
}

void Connection::give_back(sqlite3_stmt* statement) { sqlite3_reset(statement); }

Result<void> Connection::script(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

std::int64_t Connection::last_row() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Connection::changes() const { return sqlite3_changes64(handle_); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<void> Connection::checkpoint(bool wait) {
  const int mode = wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  int pages = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, &pages, &moved);
  // Everything moved: the next commit starts the log anew.
  if (code == SQLITE_OK && pages == moved) wal_pages_ = 0;
  if (code == SQLITE_OK || code == SQLITE_BUSY) return {};
  return failure(code);
}

void Connection::keep_log() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

std::int64_t Connection::effort() const {
  std::int64_t steps = 0;
  for (const auto& [sql, statement] : kept_) steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
  return steps;
}

int Connection::note_wal(void* self, sqlite3*, const char*, int pages) {
  auto* connection = static_cast<Connection*>(self);
  connection->wal_pages_ = pages;
  ++connection->commits_;
  return SQLITE_OK;
}

Error Connection::failure(int code) {
  const Meaning& meaning = meaning_of(plain_code(code, sqlite3_system_errno(handle_)));
  if (meaning.trouble == Trouble::Lasting || trouble_ == Trouble::None) trouble_ = meaning.trouble;
  return Error{meaning.kind, std::string("store: ") + meaning.text + " (SQLite code " + std::to_string(code) + ")"};
}

}  // namespace bhi::store
