#include "store/write_queue.h"

#include "base/failpoint.h"
#include "store/company.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace bhi::store {

namespace {

// So that the first of a group does not wait for ever.
constexpr std::size_t kMaxGroup = 256;

// The log is this many times longer than it should be: readers that overlap kept it from starting anew.
constexpr int kLongLog = 16;

}  // namespace

struct WriteQueue::Waiting {
  const Job* job;
  Result<void> result;
  bool done = false;
  std::condition_variable turn;
};

WriteQueue::WriteQueue(std::unique_ptr<Connection> writer, int checkpoint_pages, std::function<void()> undone)
    : writer_(std::move(writer)), checkpoint_pages_(checkpoint_pages), undone_(std::move(undone)) {}

WriteQueue::~WriteQueue() {
  if (stopped_) writer_->keep_log();
}

Result<void> WriteQueue::run(const Job& job) {
  Waiting mine{&job, {}, false, {}};
  wait_in(*this, mine);
  return std::move(mine.result);
}

void WriteQueue::wait_for_all(std::span<Waiting* const> all) {
  std::unique_lock lock(mutex_);
  queue_.insert(queue_.end(), all.begin(), all.end());
  for (Waiting* mine : all) {
    mine->turn.wait(lock, [&] { return mine->done || (!leading_ && queue_.front() == mine); });
    if (!mine->done) lead(lock);
  }
}

void WriteQueue::lead(std::unique_lock<std::mutex>& lock) {
  const std::size_t size = std::min(queue_.size(), kMaxGroup);
  const std::vector<Waiting*> group(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
  leading_ = true;

  if (stopped_) {
    for (Waiting* waiting : group) waiting->result = *stopped_;
  } else {
    const auto commits = writer_->commits();
    lock.unlock();
    work(group);
    lock.lock();
    if (writer_->trouble() != Trouble::None) wrote_at_.reset();
    if (writer_->commits() != commits) wrote_at_ = std::chrono::steady_clock::now();
  }
  for (Waiting* waiting : group) {
    waiting->done = true;
    waiting->turn.notify_one();  // under the lock: the other's stack frame stays until we let go
  }

  if (!stopped_) {
    lock.unlock();
    tidy_log();
    lock.lock();
  }
  leading_ = false;
  if (!queue_.empty()) queue_.front()->turn.notify_one();
}

void WriteQueue::work(std::span<Waiting* const> group) {
  writer_->clear_trouble();
  const Result<void> whole = run_group(group);
  if (whole) return;

  if (writer_->in_transaction()) static_cast<void>(writer_->script("ROLLBACK"));
  undone_();
  for (Waiting* waiting : group) {
    if (waiting->result) waiting->result = whole.error();
  }
  if (writer_->trouble() == Trouble::Lasting) stop(whole.error().message);
}

// The group's own failure; what single jobs answer stands in their results. Nearly always none is refused, and a
// savepoint for each would cost more than a second run of all when one is.
Result<void> WriteQueue::run_group(std::span<Waiting* const> group) {
  BHI_CHECK(writer_->run("BEGIN IMMEDIATE"));
  BHI_TRY(const bool all_fine, run_all(group));
  if (!all_fine) {
    if (group.size() == 1) return group.front()->result;
    BHI_CHECK(writer_->run("ROLLBACK"));
    undone_();
    BHI_CHECK(writer_->run("BEGIN IMMEDIATE"));
    for (Waiting* waiting : group) BHI_CHECK(run_apart(*waiting));
  }
  failpoint("commit.before");
  BHI_CHECK(writer_->run("COMMIT"));
  failpoint("commit.after");
  return {};
}

// False: one was refused, those behind it were not run.
Result<bool> WriteQueue::run_all(std::span<Waiting* const> group) {
  for (Waiting* waiting : group) {
    BHI_CHECK(run_one(*waiting));
    if (!waiting->result) return false;
  }
  return true;
}

Result<void> WriteQueue::run_apart(Waiting& waiting) {
  BHI_CHECK(writer_->run("SAVEPOINT job"));
  BHI_CHECK(run_one(waiting));
  if (!waiting.result) {
    BHI_CHECK(writer_->run("ROLLBACK TO job"));
    undone_();
  }
  BHI_CHECK(writer_->run("RELEASE job"));
  return {};
}

Result<void> WriteQueue::run_one(Waiting& waiting) {
  try {
    waiting.result = (*waiting.job)(*writer_);
  } catch (const std::exception&) {  // memory, most likely; its text could hold anything
    waiting.result = Error{Kind::Fault, "store: an exception ended a write"};
  }
  // Trouble below us has ended the transaction for all.
  if (writer_->trouble() == Trouble::None) return {};
  return waiting.result ? Error{Kind::Fault, "store: a write went on after an error"} : waiting.result;
}

void WriteQueue::tidy_log() {
  const int pages = writer_->wal_pages();
  if (pages < checkpoint_pages_) return;
  failpoint("checkpoint.before");
  const auto done = writer_->checkpoint(pages / kLongLog >= checkpoint_pages_);
  failpoint("checkpoint.after");
  if (!done && writer_->trouble() == Trouble::Lasting) stop(done.error().message);
}

void WriteQueue::stop(const std::string& why) {
  const std::unique_lock lock(mutex_);
  if (stopped_) return;
  stopped_ = Error{Kind::Fault, why + "; writing has stopped, restart to recover from the log"};
}

bool WriteQueue::wrote_lately() const {
  const std::unique_lock lock(mutex_);
  return wrote_at_ && std::chrono::steady_clock::now() - *wrote_at_ < std::chrono::seconds(1);
}

Result<void> WriteQueue::state() const {
  const std::unique_lock lock(mutex_);
  if (stopped_) return *stopped_;
  return {};
}

}  // namespace bhi::store
