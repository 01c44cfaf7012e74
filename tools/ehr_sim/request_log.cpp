#include "ehr_sim/request_log.h"

#include <algorithm>

namespace bhi::sim {

void RequestLog::add(LogLine line) {
  const std::lock_guard lock(mutex_);
  line.number = next_++;
  ++counts_[{line.method, line.type, line.status}];
  lines_.push_back(std::move(line));
  if (lines_.size() > kMost) lines_.pop_front();
}

std::vector<LogLine> RequestLog::last(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(most, lines_.size());
  return {lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end()};
}

std::vector<RequestCount> RequestLog::counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<RequestCount> counts;
  for (const auto& [key, count] : counts_)
    counts.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  return counts;
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
  counts_.clear();
}

}  // namespace bhi::sim
