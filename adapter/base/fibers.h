// Several pieces of work that wait a lot, on one thread: while one waits for an answer or for the disk, another goes
// on.
//
// The work is written as if it had the thread to itself. Where it would block it asks Fibers::here(); if that is not
// null it joins a Gathering (a transfer under way, a group of writes) and pause()s instead. A fiber keeps its thread
// for life. It must not pause while it holds a lock, nor inside of a catch block: others run before it goes on.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace bhi {

class Fibers;

// What several fibers of a thread wait for together. Kept by Fibers, found again by its owner.
class Gathering {
 public:
  virtual ~Gathering() = default;
  // On the thread's own stack, when no fiber can run: does what they wait for, or looks whether it has happened, for at
  // most `patience`, and wakes them.
  virtual void attend(Fibers& fibers, std::chrono::milliseconds patience) = 0;
  virtual bool anybody() const = 0;
  // True: attend() only looks for what comes from outside, and costs nothing to ask again.
  virtual bool comes_from_outside() const = 0;
};

class Fibers {
 public:
  using Clock = std::chrono::steady_clock;

  Fibers();
  ~Fibers();  // all have ended by then
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // Those of the fiber that calls; null outside of a fiber, and where it must stay (StayHere).
  static Fibers* here();

  // What is at work on this thread: the fiber, or the thread itself outside of fibers. For what belongs to one piece of
  // work and not to all that take turns.
  static const void* strand();

  // Begins with the next turn. Exceptions must not leave `body`.
  void start(std::function<void()> body);
  std::size_t open() const { return open_; }  // started and not ended

  // Lets everybody go on who can, then attends to what they wait for. Waits at most `patience` when nothing happens.
  void turn(std::chrono::milliseconds patience);

  // ---- inside of a fiber

  class Fiber;
  Fiber* self() const { return running_; }
  // Until wake().
  void pause();
  void sleep(std::chrono::milliseconds time);

  // ---- for gatherings

  void wake(Fiber* fiber) { ready_.push_back(fiber); }
  // The one of this owner and thread, made when first asked for. The owner outlives it.
  template <typename G>
  G& gathering(const void* owner) {
    for (const auto& [of, one] : gatherings_) {
      if (of == owner) return static_cast<G&>(*one);
    }
    gatherings_.emplace_back(owner, std::make_unique<G>());
    return static_cast<G&>(*gatherings_.back().second);
  }

 private:
  friend class StayHere;
  struct Stack;
  struct Sleeper {
    Clock::time_point until;
    Fiber* fiber;
  };

  void run_ready();
  bool attend(bool outside, std::chrono::milliseconds patience);
  void wake_sleepers();
  std::chrono::milliseconds until_next_sleeper(std::chrono::milliseconds most) const;
  void aim(Fiber& fiber);
  void switch_to(Fiber& fiber);
  void switch_back(bool for_good);
  static void begin(unsigned low, unsigned high);

  std::deque<Fiber*> ready_;
  std::vector<std::unique_ptr<Fiber>> idle_;  // ended; their stacks are used again
  std::vector<Sleeper> sleepers_;
  std::vector<std::pair<const void*, std::unique_ptr<Gathering>>> gatherings_;
  Fiber* running_ = nullptr;
  std::size_t open_ = 0;
  int staying_ = 0;
  std::unique_ptr<Stack> own_;
};

// As long as it lives, what would pause blocks the thread instead: for a wait under a lock.
class StayHere {
 public:
  StayHere();
  ~StayHere();
  StayHere(const StayHere&) = delete;
  StayHere& operator=(const StayHere&) = delete;

 private:
  Fibers* fibers_;
};

}  // namespace bhi
