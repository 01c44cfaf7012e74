// One connection to the store's database file: statements prepared once, values bound without a copy, failures as
// Errors. With sqlite_connection.cpp the only place that talks to SQLite's C API. One thread at a time.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "store/seal.h"

#include <cassert>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace bhi::store {

// SQL is always a literal: it can be prepared once per connection, under its address, and never holds a value.
struct Sql {
  consteval Sql(const char* literal) : text(literal) {}
  const char* text;
};

// What went wrong below us since the last clear_trouble().
enum class Trouble {
  None,     // nothing, or only what the statement itself asked for (a constraint)
  Passing,  // busy, disk full, no memory: the transaction is lost, the next may succeed
  Lasting,  // the disk or the file is broken: nothing may be written any more
};

// A text that tells of people: sealed on its way in, opened on its way out, when the connection has keys. `column`:
// "care.body".
struct Payload {
  std::string_view text;
  std::string_view column;
};

// A prepared statement in use. Column texts live until the next next(). Gives the statement back when it goes.
class Query {
 public:
  Query(Query&& other) noexcept
      : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)), code_(other.code_) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  // True: there is a row to read.
  Result<bool> next();

  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }
  std::int64_t integer(int column) const;
  Instant instant(int column) const { return Instant(std::chrono::milliseconds(integer(column))); }
  bool null(int column) const;
  // A text bound as Payload. Should it not open, all() and first() answer with the Error; the text is then empty.
  std::string payload(int column, std::string_view name) const;
  const std::optional<Error>& damage() const;

 private:
  friend class Connection;
  Query(class Connection& connection, sqlite3_stmt* statement, int code)
      : connection_(&connection), statement_(statement), code_(code) {}

  void bind(int at, std::string_view value);
  void bind(int at, std::int64_t value);
  void bind(int at, int value) { bind(at, std::int64_t{value}); }
  void bind(int at, bool value) { bind(at, std::int64_t{value ? 1 : 0}); }
  void bind(int at, std::size_t value);
  void bind(int at, Instant value) { bind(at, std::int64_t{value.time_since_epoch().count()}); }
  void bind(int at, std::optional<std::int64_t> value);
  void bind(int at, const Payload& value);
  void bind(int at, const std::string& value) { bind(at, std::string_view(value)); }
  void expect_parameters(int count) const;

  class Connection* connection_;
  sqlite3_stmt* statement_;
  int code_;  // of preparing and binding; told by next()
};

class Connection {
 public:
  enum class Access { Write, Read };

  // No connection checkpoints by itself; the writer does on checkpoint(). A Read connection neither writes nor
  // checkpoints, not even when closed.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Access access,
                                                  std::chrono::milliseconds busy_timeout);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Lent; outlives the connection. None: texts are kept as they are.
  void use(const Keyring* keys) { keys_ = keys; }

  // The writer, once it knows the file to be ours: WAL, synchronous=FULL.
  Result<void> begin_log();

  // Values stand for ?1, ?2, ... in order. Texts are not copied, so they must outlive the Query; a temporary string is
  // therefore refused.
  template <typename... Values>
  Query query(Sql sql, Values&&... values) {
    static_assert((!std::is_same_v<Values, std::string> && ...), "a temporary string would be gone before it is read");
    Query made = prepare(sql);
    made.expect_parameters(sizeof...(values));
    int at = 0;
    (made.bind(++at, values), ...);
    return made;
  }

  // For statements that give no rows. Number of rows changed.
  template <typename... Values>
  Result<std::int64_t> run(Sql sql, Values&&... values) {
    Query made = query(sql, std::forward<Values>(values)...);
    BHI_TRY([[maybe_unused]] const bool row, made.next());
    return changes();
  }

  // Several statements in a row, not kept prepared: settings and migrations.
  Result<void> script(const char* sql);

  std::int64_t last_row() const;
  std::int64_t changes() const;
  bool in_transaction() const;

  // Pages in the write-ahead log after the latest commit of this connection.
  int wal_pages() const { return wal_pages_; }
  // Commits that wrote something.
  std::uint64_t commits() const { return commits_; }
  // Moves the log into the database as far as readers allow; `wait` lets readers go first, so that the log can start
  // anew.
  Result<void> checkpoint(bool wait);
  // The file is broken: leave the log as it is when closing.
  void keep_log();

  // Steps of SQLite's machine in all statements so far: what a test of index use counts instead of time.
  std::int64_t effort() const;

  Trouble trouble() const { return trouble_; }
  void clear_trouble() {
    if (trouble_ == Trouble::Passing) trouble_ = Trouble::None;
  }

 private:
  friend class Query;
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Query prepare(Sql sql);
  void give_back(sqlite3_stmt* statement);
  // The Error for a result code, without any value of the data; notes the trouble.
  Error failure(int code);
  static int note_wal(void* self, sqlite3*, const char*, int pages);

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> kept_;
  int wal_pages_ = 0;
  std::uint64_t commits_ = 0;
  Trouble trouble_ = Trouble::None;
  const Keyring* keys_ = nullptr;
  std::optional<Error> damage_;  // of the query at hand
};

// All rows, each made by `row`.
template <typename Row>
auto all(Query query, Row row) -> Result<std::vector<decltype(row(query))>> {
  std::vector<decltype(row(query))> rows;
  for (;;) {
    BHI_TRY(const bool more, query.next());
    if (!more) return rows;
    rows.push_back(row(query));
    if (query.damage()) return *query.damage();
  }
}

// The first row, if there is one.
template <typename Row>
auto first(Query query, Row row) -> Result<std::optional<decltype(row(query))>> {
  BHI_TRY(const bool found, query.next());
  if (!found) return std::optional<decltype(row(query))>();
  std::optional<decltype(row(query))> found_row(row(query));
  if (query.damage()) return *query.damage();
  return found_row;
}

}  // namespace bhi::store
