// A writing session: a connection that is made anew when it is lost, and transactions of which it is always known
// whether they were kept.
//
// A transaction is one round trip when nobody in it must read first and the connection was just used, else two. It
// first sets the session's row in table `writer` to its number, which must be higher than the one there. When the
// connection is lost after COMMIT went out, a new connection reads that row and, if it does not have the number, raises
// it: from then on what may still be on its way to the old session fails at its first statement. Should the old session
// be at work on it, the row's lock waits until it has committed or not. A standby that took over answers by its own
// copy.
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
#include <vector>

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
    bool apart = false;   // one of them, not known which: `job` is none
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
  // Jobs whose statements stand together, up to a place among the answers.
  struct Part {
    std::vector<std::size_t> jobs;  // places in the group
    std::size_t end = 0;
  };
  std::vector<Part> write(Pipeline& line, std::span<Job* const> jobs);
  End undo(Pipeline& line, std::span<Job* const> jobs, std::span<const Part> parts, Error error);
  End judge(Pipeline& line, std::span<Job* const> jobs, std::span<const Part> parts, std::size_t place);
  Result<void> sign_in();

  const std::string where_;
  const Times times_;
  Fence* const fence_;  // may be none; lent
  const std::string id_;
  std::int64_t number_ = 0;  // of the latest transaction
  std::unique_ptr<Connection> connection_;
  bool signed_in_ = false;
  std::chrono::steady_clock::time_point used_{};  // the latest answer
  std::chrono::steady_clock::time_point next_attempt_{};
  std::chrono::milliseconds pause_{0};
  std::optional<Error> latest_failure_;
};

}  // namespace bhi::store::postgres
