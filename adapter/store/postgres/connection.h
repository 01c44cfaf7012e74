// One connection to a PostgreSQL database, and the answers it gives. Failures are Errors by their SQLSTATE. With
// connection.cpp and pipeline.cpp the only place that talks to libpq. One thread at a time.
#pragma once

#include "base/instant.h"
#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

struct pg_conn;
struct pg_result;

namespace bhi::store::postgres {

struct ResultCloser {
  void operator()(pg_result* result) const noexcept;
};

// The answer to one statement, in the binary format. Texts live as long as it does.
class Rows {
 public:
  explicit Rows(pg_result* result = nullptr) : result_(result) {}

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  std::int64_t changed() const;  // rows written by it

  std::string_view view(std::size_t row, int column) const;
  std::string text(std::size_t row, int column) const { return std::string(view(row, column)); }
  std::int64_t integer(std::size_t row, int column) const;  // of 1, 2, 4 or 8 bytes
  bool flag(std::size_t row, int column) const { return integer(row, column) != 0; }
  Instant instant(std::size_t row, int column) const {
    return Instant(std::chrono::milliseconds(integer(row, column)));
  }
  bool null(std::size_t row, int column) const;

 private:
  std::unique_ptr<pg_result, ResultCloser> result_;
};

struct Times {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds answer{30'000};  // a server that says nothing for so long counts as lost
  // The server ends a transaction of ours in which we say nothing for so long: what it has locked, others wait for.
  std::chrono::milliseconds idle{30'000};
};

class Connection {
 public:
  // `where`: a URI as libpq knows it ("postgres://bhi@db/bhi"), with several hosts the one that takes writes. Errors:
  // Unavailable (not there, starting, too many connections, read-only), Forbidden (password, rights), Incorrect
  // (address, no such database, a server that would not keep what it confirms).
  static Result<std::unique_ptr<Connection>> open(const std::string& where, const Times& times);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Statements without values, one transaction unless they say otherwise: migrations and settings. Rows of the last,
  // whose cells are texts whatever their type.
  Result<Rows> script(const std::string& sql);

  bool in_transaction() const;
  bool broken() const { return broken_; }  // lost for good: the next use needs a new one
  // The other side has hung up while we said nothing.
  bool hung_up();
  // The latest failure was said by the server, in its place among the answers: what was sent behind it did not happen.
  bool answered() const { return answered_; }
  // The latest failure may pass when the whole transaction is run again (serialization, deadlock).
  bool worth_repeating() const { return repeat_; }

 private:
  friend class Pipeline;
  Connection(pg_conn* handle, const Times& times) : handle_(handle), times_(times) {}

  Result<void> prepare_session();
  // The next answer, null at the end of a statement's answers; gives up a silent server as lost.
  pg_result* next_answer();
  Error failure(const pg_result* result);
  Error lost();

  pg_conn* handle_;
  const Times times_;
  std::unordered_set<const char*> prepared_;
  bool broken_ = false;
  bool repeat_ = false;
  bool guard_failed_ = false;  // pipeline.h
  bool answered_ = false;      // the latest failure was an answer of the server
};

// What an SQLSTATE means for the caller. Public for its test.
struct Meaning {
  std::string_view state;  // an SQLSTATE, or how those of a class begin
  Kind kind;
  bool repeat;  // the same transaction may succeed when run again
  bool lost;    // the connection is of no more use
  const char* text;
};
const Meaning& meaning_of(std::string_view sqlstate);

// Refuses an address that is none, or that holds a password: secrets come by file (passfile=, ~/.pgpass, a service
// file). Error Incorrect; never repeats the address.
Result<void> check_address(const std::string& where);

}  // namespace bhi::store::postgres
