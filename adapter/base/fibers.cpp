#include "base/fibers.h"

#include <poll.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace bhi {

namespace {

// Of address space; memory is taken as it is used.
constexpr std::size_t kStackBytes = std::size_t{1} << 20;

thread_local Fibers* current = nullptr;

// A stack with a page behind it that nobody may touch.
class StackMemory {
 public:
  StackMemory() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* memory =
        mmap(nullptr, kStackBytes + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    start_ = static_cast<char*>(memory);
    if (mprotect(start_, page_, PROT_NONE) != 0) {
      munmap(start_, kStackBytes + page_);
      throw std::bad_alloc();
    }
  }
  StackMemory(const StackMemory&) = delete;
  StackMemory& operator=(const StackMemory&) = delete;
  ~StackMemory() { munmap(start_, kStackBytes + page_); }
  char* bottom() const { return start_ + page_; }

 private:
  std::size_t page_;
  char* start_;
};

}  // namespace

// Where a context stands, with what the sanitizers want to know of it.
struct Fibers::Stack {
  ucontext_t context{};
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* fake = nullptr;    // of AddressSanitizer
  void* thread = nullptr;  // of ThreadSanitizer
};

class Fibers::Fiber {
 public:
  StackMemory memory;
  Stack stack;
  std::function<void()> body;
  bool ended = false;
};

namespace {

template <typename Stack>
void leave(Stack& from, Stack& to, bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake, to.bottom, to.size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(to.thread, 0);
#endif
  static_cast<void>(for_good);
  swapcontext(&from.context, &to.context);
}

template <typename Stack>
void arrive([[maybe_unused]] Stack& here, [[maybe_unused]] Stack* came_from) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(here.fake, came_from ? &came_from->bottom : nullptr,
                                  came_from ? &came_from->size : nullptr);
#endif
}

}  // namespace

Fibers::Fibers() : own_(std::make_unique<Stack>()) {
#if defined(__SANITIZE_THREAD__)
  own_->thread = __tsan_get_current_fiber();
#endif
}

Fibers::~Fibers() {
#if defined(__SANITIZE_THREAD__)
  for (const auto& fiber : idle_) __tsan_destroy_fiber(fiber->stack.thread);
#endif
}

Fibers* Fibers::here() {
  return current != nullptr && current->running_ != nullptr && current->staying_ == 0 ? current : nullptr;
}

const void* Fibers::strand() {
  if (current != nullptr && current->running_ != nullptr) return current->running_;
  return &current;  // another address in each thread
}

void Fibers::start(std::function<void()> body) {
  std::unique_ptr<Fiber> fiber;
  if (idle_.empty()) {
    fiber = std::make_unique<Fiber>();
    fiber->stack.bottom = fiber->memory.bottom();
    fiber->stack.size = kStackBytes;
#if defined(__SANITIZE_THREAD__)
    fiber->stack.thread = __tsan_create_fiber(0);
#endif
  } else {
    fiber = std::move(idle_.back());
    idle_.pop_back();
  }
  fiber->body = std::move(body);
  fiber->ended = false;
  aim(*fiber);
  ready_.push_back(fiber.release());
  ++open_;
}

// The next switch to it begins its body.
void Fibers::aim(Fiber& fiber) {
  ucontext_t& context = fiber.stack.context;
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.memory.bottom();
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  // makecontext() hands over ints only.
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&context, reinterpret_cast<void (*)()>(&Fibers::begin), 2, static_cast<unsigned>(address & 0xffffffffU),
              static_cast<unsigned>(address >> 32U));
}

void Fibers::begin(unsigned low, unsigned high) {
  auto* fibers = reinterpret_cast<Fibers*>((static_cast<std::uintptr_t>(high) << 32U) | low);
  Fiber& self = *fibers->running_;
  arrive(self.stack, fibers->own_.get());
  self.body();
  self.body = nullptr;
  self.ended = true;
  fibers->switch_back(true);
}

void Fibers::switch_to(Fiber& fiber) {
  Fibers* const before = current;
  current = this;
  running_ = &fiber;
  leave(*own_, fiber.stack, false);
  arrive(*own_, static_cast<Stack*>(nullptr));
  running_ = nullptr;
  current = before;
}

void Fibers::switch_back(bool for_good) {
  Stack& mine = running_->stack;
  leave(mine, *own_, for_good);
  arrive(mine, own_.get());
}

void Fibers::pause() { switch_back(false); }

void Fibers::sleep(std::chrono::milliseconds time) {
  sleepers_.push_back({Clock::now() + time, running_});
  pause();
}

void Fibers::run_ready() {
  while (!ready_.empty()) {
    Fiber* next = ready_.front();
    ready_.pop_front();
    switch_to(*next);
    if (!next->ended) continue;
    --open_;
    idle_.emplace_back(next);
  }
}

bool Fibers::attend(bool outside, std::chrono::milliseconds patience) {
  for (std::size_t at = 0; at < gatherings_.size(); ++at) {
    Gathering& one = *gatherings_[at].second;
    if (one.comes_from_outside() == outside && one.anybody()) one.attend(*this, patience);
  }
  return !ready_.empty();
}

void Fibers::wake_sleepers() {
  if (sleepers_.empty()) return;
  const auto now = Clock::now();
  std::erase_if(sleepers_, [&](const Sleeper& sleeper) {
    if (sleeper.until > now) return false;
    wake(sleeper.fiber);
    return true;
  });
}

std::chrono::milliseconds Fibers::until_next_sleeper(std::chrono::milliseconds most) const {
  const auto now = Clock::now();
  for (const Sleeper& sleeper : sleepers_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(sleeper.until - now);
    most = std::clamp(left, std::chrono::milliseconds(0), most);
  }
  return most;
}

// What is done together (a commit for many) comes last, so that all who can join it have.
void Fibers::turn(std::chrono::milliseconds patience) {
  do {
    run_ready();
    wake_sleepers();
  } while (attend(true, std::chrono::milliseconds(0)) || !ready_.empty());
  if (attend(false, std::chrono::milliseconds(0)) || open_ == 0) return;
  const auto wait = until_next_sleeper(patience);
  const bool somebody = std::ranges::any_of(gatherings_, [](const auto& one) { return one.second->anybody(); });
  if (somebody) {
    attend(true, wait);
  } else {
    ::poll(nullptr, 0, static_cast<int>(wait.count()));
  }
  wake_sleepers();
}

StayHere::StayHere() : fibers_(current) {
  if (fibers_ != nullptr) ++fibers_->staying_;
}

StayHere::~StayHere() {
  if (fibers_ != nullptr) --fibers_->staying_;
}

}  // namespace bhi
