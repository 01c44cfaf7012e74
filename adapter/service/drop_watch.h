// Which files of a drop folder are complete, and whose turn it is. Pure: what lies there is told, look by look.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

struct DropEntry {
  std::string name;
  std::string state;          // size, times, inode: as long as it is the same the file was not written to
  std::int64_t modified = 0;  // orders the files: nanoseconds
};

class DropWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit DropWatch(std::chrono::seconds settle) : settle_(settle) {}

  // Those that have been the same since a look at least `settle` ago, oldest first; a file that was put to rest only
  // when its rest is over. Clocks of file servers differ from ours, so only looks of ours count.
  std::vector<DropEntry> due(const std::vector<DropEntry>& there, Time now);

  // Not before `until`, unless it is written to.
  void rest(const std::string& name, Time until);

  // Does a file of the last look rest?
  bool any_rests(Time now) const;

  // Not for us: names of files on their way (".x", "x.part", "x.tmp", "x~") are left alone.
  static bool on_its_way(std::string_view name);

 private:
  struct Seen {
    std::string state;
    Time since;
    Time rests_until{};
  };
  std::chrono::seconds settle_;
  std::map<std::string, Seen> seen_;
};

}  // namespace bhi::service
