// Statements on their way together: what travels in one pipeline (libpq 14 and later) costs one round trip.
//
// Guards: a statement that is to fail when it did not change what it should divides by zero (SQLSTATE 22012, which
// nothing else of ours gives). What stands behind it, COMMIT too, then does not happen, without an answer in between:
//
//   WITH w AS (UPDATE care SET ... WHERE id = $1 AND version = $2 RETURNING 1) SELECT 1 / count(*) FROM w
//
// Use:
//
//   Pipeline line(connection);
//   line.add("BEGIN");
//   const auto held = line.add("SELECT hash FROM resource WHERE id = $1 FOR UPDATE", id);
//   BHI_CHECK(line.sync());
//   ... line.rows(held) ...
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/values.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace bhi::store::postgres {

// SQL is always a literal: it is prepared once per connection, under its address, and never holds a value.
struct Sql {
  consteval Sql(const char* literal) : text(literal) {}
  const char* text;
};

class Pipeline {
 public:
  explicit Pipeline(Connection& connection) : connection_(connection) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();  // what was not synced is read away, so that the connection can be used again

  // Values stand for $1, $2, ... Its place among the answers.
  template <typename... Values>
  std::size_t add(Sql sql, const Values&... values) {
    Parameters parameters;
    (parameters.put(values), ...);
    return send(sql, parameters);
  }
  // The same with values whose number only the caller knows.
  std::size_t add(Sql sql, const Parameters& parameters) { return send(sql, parameters); }
  std::size_t next_place() const { return answers_.size() + runs_; }

  // One round trip for all that was added since the last. The first failure of any of them; what came behind it did not
  // happen. Whether a transaction stands open is the caller's to know. Kinds: see connection.h, meaning_of().
  Result<void> sync();
  std::size_t failed_place() const { return failed_place_; }  // of the statement that failed
  bool guard_failed() const { return connection_.guard_failed_; }

  // Of all syncs, in the order of add().
  const Rows& rows(std::size_t place) const { return answers_[place]; }
  std::size_t answered() const { return answers_.size(); }
  Connection& connection() const { return connection_; }

 private:
  std::size_t send(Sql sql, const Parameters& parameters);
  Result<void> enter();
  std::optional<Error> read_answers();

  // What is on its way: a statement to be prepared, or one to be run.
  struct Message {
    const char* sql;
    bool prepares;
  };

  Connection& connection_;
  std::vector<Message> sent_;
  std::size_t runs_ = 0;  // of `sent_`, those that are run
  std::vector<Rows> answers_;
  std::optional<Error> failed_;  // while sending: nothing more is sent
  std::size_t failed_place_ = 0;
  bool entered_ = false;
};

}  // namespace bhi::store::postgres
