// The engine that new work begins with. A reload puts another one in its place at once; work that has begun ends with
// the one that it took.
#pragma once

#include "flow/engine.h"

#include <memory>
#include <mutex>
#include <utility>

namespace bhi::service {

class LiveEngine {
 public:
  explicit LiveEngine(std::shared_ptr<const flow::Engine> first) : engine_(std::move(first)) {}

  // To be held for as long as one piece of work takes.
  std::shared_ptr<const flow::Engine> get() const {
    const std::lock_guard lock(mutex_);
    return engine_;
  }

  void put(std::shared_ptr<const flow::Engine> next) {
    const std::lock_guard lock(mutex_);
    engine_.swap(next);
  }  // the old one goes behind the lock, unless somebody still works with it

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const flow::Engine> engine_;
};

}  // namespace bhi::service
