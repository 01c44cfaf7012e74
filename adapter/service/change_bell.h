// Rung when the care model has changed, for those who wait for it (long polls, the caseload).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace bhi::service {

class ChangeBell {
 public:
  // How often it has rung. Read before looking, so that a ring between looking and waiting is not missed.
  std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void ring() {
    const std::lock_guard lock(mutex_);
    ++count_;
    rung_.notify_all();
  }
  // Nobody waits any more, now or later.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    rung_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  // Until it has rung more often than `seen`, is closed, or the time is over. At once when `most` others wait already.
  void wait(std::uint64_t seen, std::chrono::steady_clock::time_point until, std::size_t most) {
    std::unique_lock lock(mutex_);
    if (waiting_ >= most) return;
    ++waiting_;
    rung_.wait_until(lock, until, [&] { return closed_ || count_ != seen; });
    --waiting_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable rung_;
  std::uint64_t count_ = 0;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace bhi::service
