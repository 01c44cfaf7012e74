// Work to be handed out, one piece per key at a time: a lane is never worked by two threads at once.
//
// One dispatcher asks for what there is to do and offers it; several workers take. The dispatcher must look at busy()
// BEFORE it asks: what was not busy then and is still to be done is really to be done; what ended in between may be an
// old answer and comes again with the next look.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

namespace bhi::service {

template <typename Job>
class Board {
 public:
  std::set<std::string> busy() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  // Jobs offered that nobody has taken yet.
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }

  // False: the key is being worked on or waits already.
  bool offer(const std::string& key, Job job) {
    const std::lock_guard lock(mutex_);
    if (!keys_.insert(key).second) return false;
    jobs_.emplace_back(key, std::move(job));
    ready_.notify_one();
    return true;
  }

  // The next job and its key; empty when it is time to stop. Call done(key) afterwards.
  std::optional<std::pair<std::string, Job>> take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!ready_.wait(lock, stop, [this] { return !jobs_.empty(); }) || stop.stop_requested()) return std::nullopt;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  // The first that `fits`, without waiting.
  template <typename Fits>
  std::optional<std::pair<std::string, Job>> take_if(const Fits& fits) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(jobs_, [&](const auto& one) { return fits(one.second); });
    if (found == jobs_.end()) return std::nullopt;
    auto job = std::move(*found);
    jobs_.erase(found);
    return job;
  }

  void done(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::pair<std::string, Job>> jobs_;
  std::set<std::string> keys_;
};

// Something to sleep on: until woken, until the time has passed, or until it is time to stop.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    waiting_.notify_all();
  }

  template <typename Duration>
  void wait(std::stop_token stop, Duration most) {
    std::unique_lock lock(mutex_);
    waiting_.wait_for(lock, stop, most, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any waiting_;
  bool rung_ = false;
};

}  // namespace bhi::service
