// A writing session: a connection that is made anew when it is lost, and transactions of which it is always known
// whether they were kept.
//
// Every transaction counts up the session's row in table `writer` before it does anything else. When the connection is
// lost while COMMIT is on its way, that row is read on a new connection, under a lock: should the old session still be
// alive on the server, the lock waits until it has committed or not. A standby that took over answers by its own copy.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/fence.h"
#include "store/postgres/job.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace bhi::store::postgres {

class Session {
 public:
  Session(std::string where, const Times& times, Fence* fence);

  struct End {
    enum class What {
      Kept,     // committed
      Refused,  // nothing kept; `job` is why
      Again,    // nothing kept; the same may succeed (others were faster)
      Lost,     // nothing kept; the connection is gone, or the server refuses everybody (disk full)
      Open,     // the connection is gone and COMMIT was on its way: settle()
    };
    What what = What::Kept;
    std::optional<Error> error{};
    std::size_t job = 0;  // its place in the group
  };
  // All jobs in one transaction, or none.
  End run(std::span<Job* const> jobs);

  // Was the transaction kept whose end is open? Error: the server is not to be reached; ask again.
  Result<bool> settle();

  // A connection, made if there is none. Between attempts that failed some time passes, during which it only repeats
  // the error.
  Result<void> connect();
  void drop() { connection_.reset(); }  // nothing is on its way
  // When the next attempt is due.
  std::chrono::steady_clock::time_point next_attempt() const { return next_attempt_; }

 private:
  End write(Pipeline& line, std::span<Job* const> jobs, std::span<const std::size_t> marks);
  End commit(Pipeline& line, std::span<Job* const> jobs, std::size_t tail);
  End undo(Pipeline& line, End end);
  Result<void> sign_in();

  const std::string where_;
  const Times times_;
  Fence* const fence_;  // may be none; lent
  const std::string id_;
  std::int64_t number_ = 0;  // of the latest transaction
  std::unique_ptr<Connection> connection_;
  bool signed_in_ = false;
  std::chrono::steady_clock::time_point next_attempt_{};
  std::chrono::milliseconds pause_{0};
  std::optional<Error> latest_failure_;
};

}  // namespace bhi::store::postgres
