// The leases that this replica holds, by its own clock, and which thread works under which. Knows no database. Safe
// from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

// Goes on while the machine sleeps, and is never set.
using LeaseTime = std::chrono::milliseconds;
LeaseTime lease_clock();

// A lease and the token under which something was begun.
struct LeaseMark {
  std::string name;
  std::int64_t token = 0;
};

class LeaseBook {
 public:
  LeaseBook() = default;
  LeaseBook(const LeaseBook&) = delete;
  LeaseBook& operator=(const LeaseBook&) = delete;

  // Held until `deadline`: newly taken, or renewed. Work that was begun under another token stays refused.
  void hold(std::string_view name, std::int64_t token, LeaseTime deadline);
  void drop(std::string_view name);  // lost or released

  // Those to be given up, and none else; begin() refuses them.
  void give_up(const std::set<std::string>& names);
  // Everything, from now on.
  void retire();
  bool retired() const;
  // Given up, and nobody works under them: to be released. They are dropped at once.
  std::vector<std::string> take_idle();

  std::vector<std::string> names() const;            // held, whatever the clock says
  std::vector<int> partitions(LeaseTime now) const;  // whose lanes may be begun
  bool holds(std::string_view name, LeaseTime now) const;

  bool begin(std::string_view name, LeaseTime now);
  void end(std::string_view name);
  bool may_send(std::string_view name, LeaseTime now) const;
  // What the calling thread has begun in this book, and not ended.
  std::vector<LeaseMark> begun_here() const;

 private:
  struct Held {
    std::int64_t token = 0;
    LeaseTime deadline{};
    bool giving = false;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Held, std::less<>> held_;
  std::map<std::string, int, std::less<>> users_;  // stay counted when the lease is lost
  bool retired_ = false;
};

}  // namespace bhi::store::postgres
