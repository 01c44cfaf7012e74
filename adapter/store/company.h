// Fibers of one thread that have something to write (base/fibers.h): all who came while others were at work go into the
// queue of a group commit together.
#pragma once

#include "base/fibers.h"

#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace bhi::store {

// `Queue`: has a type Waiting, and wait_for_all(span of Waiting*) that returns when each of them is done.
template <typename Queue>
class Company final : public Gathering {
 public:
  using Waiting = typename Queue::Waiting;

  void join(Queue& queue, Fibers& fibers, Waiting& one) {
    queue_ = &queue;
    joined_.push_back(&one);
    fibers_.push_back(fibers.self());
    fibers.pause();
  }

  void attend(Fibers& fibers, std::chrono::milliseconds) override {
    const auto together = std::exchange(joined_, {});
    const auto who = std::exchange(fibers_, {});
    queue_->wait_for_all(together);
    for (Fibers::Fiber* fiber : who) fibers.wake(fiber);
  }

  bool anybody() const override { return !joined_.empty(); }
  bool comes_from_outside() const override { return false; }

 private:
  Queue* queue_ = nullptr;
  std::vector<Waiting*> joined_;
  std::vector<Fibers::Fiber*> fibers_;
};

// Returns when `one` is done, with others of its thread or alone.
template <typename Queue>
void wait_in(Queue& queue, typename Queue::Waiting& one) {
  if (Fibers* fibers = Fibers::here()) {
    fibers->gathering<Company<Queue>>(&queue).join(queue, *fibers, one);
    return;
  }
  typename Queue::Waiting* alone[] = {&one};
  queue.wait_for_all(alone);
}

}  // namespace bhi::store
