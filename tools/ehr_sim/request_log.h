// What was asked and how it was answered, for tests and demonstrations: never a body. Keeps the newest lines and all
// counts.
#pragma once

#include "base/instant.h"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace bhi::sim {

struct LogLine {
  std::uint64_t number = 0;
  Instant at{};
  std::string method;
  std::string type;  // "Patient", "Bundle", "metadata"; empty when the path leads nowhere
  std::string path;
  std::string query;
  int status = 0;        // as decided; the client may have seen none (see faults)
  std::string location;  // of what was written
  std::vector<std::string> faults;
};

struct RequestCount {
  std::string method;
  std::string type;
  int status = 0;
  std::uint64_t count = 0;
};

// Safe from any thread.
class RequestLog {
 public:
  void add(LogLine line);
  std::vector<LogLine> last(std::size_t most) const;  // oldest first
  std::vector<RequestCount> counts() const;
  void clear();

 private:
  static constexpr std::size_t kMost = 10'000;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::deque<LogLine> lines_;
  std::map<std::tuple<std::string, std::string, int>, std::uint64_t> counts_;
};

}  // namespace bhi::sim
