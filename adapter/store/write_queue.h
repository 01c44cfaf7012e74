// The one connection that writes, shared by all threads: who comes while a commit is under way is committed together
// with all others who came (group commit). There is no thread of its own and no waiting for company.
//
// Each caller puts its job into the queue. The one at the front leads: it runs every queued job in one transaction,
// commits once, wakes the others, and hands the lead on. When one of them is refused all are run again, each inside a
// savepoint, so that it leaves no trace. run() returns only when the job's rows are on disk or certainly not kept by
// us. Of a thread of fibers (base/fibers.h) all who came while others were at work go into the queue together.
#pragma once

#include "base/result.h"
#include "store/sqlite_connection.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace bhi::store {

class WriteQueue {
 public:
  // Runs while the transaction is open; an Error undoes this job alone. May be run again from the start; nothing of the
  // former run counts then.
  using Job = std::function<Result<void>(Connection&)>;

  // `undone` is called, while leading, whenever something written was taken back.
  WriteQueue(std::unique_ptr<Connection> writer, int checkpoint_pages, std::function<void()> undone);
  ~WriteQueue();

  // Errors: the job's own; Unavailable (busy, disk full: nothing kept); Fault (the disk failed: it may or may not have
  // been kept, and from now on everything is refused).
  Result<void> run(const Job& job);

  // Refuses all further writes. A failed sync must not be tried again: the kernel may have dropped the pages and report
  // success next time. The process should end and start anew from the log.
  void stop(const std::string& why);
  Result<void> state() const;
  // The latest write went well, less than a second ago.
  bool wrote_lately() const;

 private:
  struct Waiting;
  template <typename>
  friend class Company;
  template <typename Queue>
  friend void wait_in(Queue&, typename Queue::Waiting&);

  void wait_for_all(std::span<Waiting* const> all);
  void lead(std::unique_lock<std::mutex>& lock);
  void work(std::span<Waiting* const> group);
  Result<void> run_group(std::span<Waiting* const> group);
  Result<bool> run_all(std::span<Waiting* const> group);
  Result<void> run_apart(Waiting& waiting);
  Result<void> run_one(Waiting& waiting);
  void tidy_log();

  const std::unique_ptr<Connection> writer_;  // used by the leader only
  const int checkpoint_pages_;
  const std::function<void()> undone_;

  mutable std::mutex mutex_;
  std::deque<Waiting*> queue_;
  bool leading_ = false;
  std::optional<std::chrono::steady_clock::time_point> wrote_at_;  // none: the latest write failed
  std::optional<Error> stopped_;
};

}  // namespace bhi::store
