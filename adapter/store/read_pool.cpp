#include "store/read_pool.h"

#include <utility>

namespace bhi::store {

Result<ReadPool::Loan> ReadPool::borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || left_to_open_ > 0; });
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Loan(*this, std::move(connection));
  }
  --left_to_open_;
  lock.unlock();
  auto opened = Connection::open(path_, Connection::Access::Read, busy_timeout_);
  if (opened) (*opened)->use(&keys_);
  if (opened) return Loan(*this, std::move(opened).value());
  lock.lock();
  ++left_to_open_;
  returned_.notify_one();
  return std::move(opened).error();
}

void ReadPool::take_back(std::unique_ptr<Connection> connection) {
  const std::unique_lock lock(mutex_);
  idle_.push_back(std::move(connection));
  returned_.notify_one();
}

}  // namespace bhi::store
