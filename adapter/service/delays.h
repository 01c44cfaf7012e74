// Keys that failed and rest for a while, so that one that always fails costs others nothing.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace bhi::service {

class Delays {
 public:
  using Clock = std::chrono::steady_clock;

  Delays(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most) {}

  bool resting(const std::string& key, Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    const auto found = until_.find(key);
    return found != until_.end() && now < found->second.at;
  }

  // Our own store was busy or its disk full: what waits goes on soon after it is better.
  void busy(const std::string& key, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& rest = until_[key];
    rest.at = now + first_;
    rest.length = {};
  }

  // Doubles from failure to failure.
  void failed(const std::string& key, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& rest = until_[key];
    rest.length = rest.length.count() == 0 ? first_ : std::min(rest.length * 2, most_);
    rest.at = now + rest.length;
  }

  void worked(const std::string& key) {
    const std::lock_guard lock(mutex_);
    until_.erase(key);
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return until_.size();
  }

 private:
  struct Rest {
    Clock::time_point at;
    std::chrono::milliseconds length{0};
  };
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  mutable std::mutex mutex_;
  std::map<std::string, Rest> until_;
};

}  // namespace bhi::service
