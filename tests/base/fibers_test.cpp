#include "base/fibers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bhi {
namespace {

using namespace std::chrono_literals;

// Done for all who have come, in one go.
class Ferry final : public Gathering {
 public:
  void board(Fibers& fibers) {
    waiting_.push_back(fibers.self());
    fibers.pause();
  }
  void attend(Fibers& fibers, std::chrono::milliseconds) override {
    loads.push_back(waiting_.size());
    for (auto* fiber : waiting_) fibers.wake(fiber);
    waiting_.clear();
  }
  bool anybody() const override { return !waiting_.empty(); }
  bool comes_from_outside() const override { return false; }
  std::vector<std::size_t> loads;

 private:
  std::vector<Fibers::Fiber*> waiting_;
};

void finish(Fibers& fibers) {
  while (fibers.open() > 0) fibers.turn(10ms);
}

int depth_of(int n) {
  volatile char page[512] = {};
  page[0] = static_cast<char>(n);
  return n == 0 ? 0 : 1 + depth_of(n - 1) + (page[0] == 0 ? 0 : 0);
}

TEST(Fibers, WhoWaitsForTheSameIsServedTogether) {
  Fibers fibers;
  std::string order;
  const int owner = 0;
  for (const char who : {'a', 'b', 'c'}) {
    fibers.start([&, who] {
      order += who;
      Fibers::here()->gathering<Ferry>(&owner).board(*Fibers::here());
      order += who;
      Fibers::here()->gathering<Ferry>(&owner).board(*Fibers::here());
      order += who;
    });
  }
  finish(fibers);
  EXPECT_EQ(order, "abcabcabc");
  EXPECT_EQ(fibers.gathering<Ferry>(&owner).loads, (std::vector<std::size_t>{3, 3}));
}

TEST(Fibers, AFiberThatHasEndedLeavesItsStackToTheNext) {
  Fibers fibers;
  int done = 0;
  for (int round = 0; round < 1000; ++round) {
    fibers.start([&] { done += depth_of(200) == 200 ? 1 : 0; });
    finish(fibers);
  }
  EXPECT_EQ(done, 1000);
}

TEST(Fibers, ASleeperLetsOthersGoOn) {
  Fibers fibers;
  std::string order;
  fibers.start([&] {
    Fibers::here()->sleep(30ms);
    order += "slept ";
  });
  fibers.start([&] { order += "other "; });
  finish(fibers);
  EXPECT_EQ(order, "other slept ");
}

TEST(Fibers, ExceptionsStayInTheirFiber) {
  Fibers fibers;
  std::vector<std::string> caught(2);
  const int owner = 0;
  for (std::size_t at = 0; at < 2; ++at) {
    fibers.start([&, at] {
      try {
        Fibers::here()->gathering<Ferry>(&owner).board(*Fibers::here());
        throw std::runtime_error("of " + std::to_string(at));
      } catch (const std::exception& problem) {
        caught[at] = problem.what();
      }
      Fibers::here()->gathering<Ferry>(&owner).board(*Fibers::here());
    });
  }
  finish(fibers);
  EXPECT_EQ(caught, (std::vector<std::string>{"of 0", "of 1"}));
}

TEST(Fibers, OutsideAndWhereItMustStayThereIsNobodyToPauseWith) {
  EXPECT_EQ(Fibers::here(), nullptr);
  Fibers fibers;
  std::vector<bool> seen;
  fibers.start([&] {
    seen.push_back(Fibers::here() != nullptr);
    {
      const StayHere here;
      seen.push_back(Fibers::here() != nullptr);
    }
    seen.push_back(Fibers::here() != nullptr);
  });
  finish(fibers);
  EXPECT_EQ(Fibers::here(), nullptr);
  EXPECT_EQ(seen, (std::vector<bool>{true, false, true}));
}

TEST(Fibers, EachThreadHasItsOwn) {
  std::vector<int> counts(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : counts) {
      threads.emplace_back([&count] {
        Fibers fibers;
        for (int n = 0; n < 100; ++n) {
          fibers.start([&count] {
            Fibers::here()->gathering<Ferry>(&count).board(*Fibers::here());
            ++count;
          });
        }
        finish(fibers);
      });
    }
  }
  EXPECT_EQ(counts, std::vector<int>(4, 100));
}

}  // namespace
}  // namespace bhi
