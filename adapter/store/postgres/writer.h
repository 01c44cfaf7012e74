// Group commit on PostgreSQL: callers that come while a transaction is under way are run together in the next one, so
// that under load one sync of the server's disk (and of its standby) serves many. No thread of its own. Those whose
// answers just went out are likely to be back at once: they are waited for, an eighth of a transaction's usual time at
// most, unless as many are there; a caller who is alone never waits.
//
// A job that is refused undoes the transaction; the others are run again without it and it is run alone, so that its
// answer follows from what was really kept.
//
// Two sessions cannot commit at the same time, as they meet at the row that numbers events and audit (table tail). So
// the second is for when the first one takes long (a large batch, a row that somebody holds, a crowd).
#pragma once

#include "base/result.h"
#include "store/company.h"
#include "store/postgres/session.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bhi::store::postgres {

class Writer {
 public:
  // settle_for: how long a commit of unknown outcome is asked for until the caller is told that it is unknown.
  Writer(const std::string& where, const Times& times, Fence* fence, std::chrono::milliseconds settle_for,
         int sessions);

  Result<void> connect() { return sessions_.front()->connect(); }  // before the first run()

  // Durable when it returns. Errors: the job's own; Unavailable (the server is not there, full, or others were always
  // faster: nothing kept); Fault (the connection was lost while committing and the server did not come back in time: it
  // may be kept or not).
  Result<void> run(Job& job);

  bool wrote_lately() const;  // a commit went well less than a second ago, and none failed since

 private:
  struct Waiting {
    Job* job;
    std::vector<std::string> decides_by;
    Result<void> result{};
    bool done = false;
    std::chrono::steady_clock::time_point since{};
    std::condition_variable turn{};
  };
  using Group = std::vector<Waiting*>;
  template <typename>
  friend class store::Company;
  template <typename Queue>
  friend void store::wait_in(Queue&, typename Queue::Waiting&);

  void wait_for_all(std::span<Waiting* const> all);
  std::chrono::steady_clock::time_point begin_at(const Waiting& first) const;
  void lead(std::unique_lock<std::mutex>& lock);
  Group take_group();
  void work(Session& session, Group group);
  // Until kept, refused or given up. True: all have their answers. False: the job at `refused` is to be run alone; when
  // that is the group's size, each is.
  bool run_group(Session& session, const Group& group, std::size_t& refused);
  std::optional<bool> settle(Session& session);
  void note(const Session::End& end);

  std::vector<std::unique_ptr<Session>> sessions_;  // each used by one leader at a time
  Fence* const fence_;                              // may be none; lent
  const std::chrono::milliseconds settle_for_;

  mutable std::mutex mutex_;
  std::deque<Waiting*> queue_;
  std::vector<Session*> idle_;
  std::chrono::steady_clock::time_point ended_{};  // of the latest transaction
  std::chrono::steady_clock::duration usual_{};    // how long one takes, by the latest
  std::size_t expected_ = 1;                       // so many may be back at once after the latest
  int settling_ = 0;                               // nobody is made to wait for that
  std::optional<std::chrono::steady_clock::time_point> wrote_at_;
};

}  // namespace bhi::store::postgres
