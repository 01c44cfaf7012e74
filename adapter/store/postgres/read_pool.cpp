#include "store/postgres/read_pool.h"

namespace bhi::store::postgres {

namespace {

constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Result<ReadPool::Loan> ReadPool::borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return left_to_lend_ > 0; });
  if (!idle_.empty()) {
    --left_to_lend_;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Loan(*this, std::move(connection));
  }
  if (latest_failure_ && std::chrono::steady_clock::now() < next_attempt_) return *latest_failure_;
  --left_to_lend_;
  lock.unlock();
  auto made = Connection::open(where_, times_);
  lock.lock();
  if (made) {
    latest_failure_.reset();
    return Loan(*this, std::move(made).value());
  }
  ++left_to_lend_;
  returned_.notify_one();
  next_attempt_ = std::chrono::steady_clock::now() + kPause;
  latest_failure_ = Error{Kind::Unavailable, made.error().message};  // it was right when the store was opened
  return *latest_failure_;
}

void ReadPool::take_back(std::unique_ptr<Connection> connection) {
  const bool useful = !connection->broken() && (!connection->in_transaction() || connection->script("ROLLBACK").ok());
  const std::unique_lock lock(mutex_);
  if (useful) idle_.push_back(std::move(connection));
  ++left_to_lend_;
  returned_.notify_one();
}

void ReadPool::forget_idle() {
  const std::unique_lock lock(mutex_);
  idle_.clear();
}

}  // namespace bhi::store::postgres
