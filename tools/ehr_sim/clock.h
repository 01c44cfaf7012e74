// The server's clock as a test sets it: runs with the true one, ahead or behind, or stands still; and the parts of the
// server may disagree about it.
//
//   {"advance_secs": 120,          jumps; a negative number is a step back
//    "now": "2026-11-22T09:00:00Z", jumps there
//    "stand_still": true,          from now on only jumps move it
//    "date_skew_secs": 10,         the Date header is so far ahead of it
//    "stamp_skew_secs": [-10, 10]} so is meta.lastUpdated; a list: of one node after the other
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

namespace bhi::sim {

// Safe from any thread.
class SimClock {
 public:
  // `now`: the true time. Error Incorrect names the member; then nothing has changed.
  Result<void> set(const fhir::Node& settings, Instant now);
  Instant at(Instant now) const;
  bool changed() const;  // does it differ from the true one?
  std::chrono::seconds date_skew() const;
  std::chrono::milliseconds set_back() const;  // by all steps back together
  std::chrono::seconds next_stamp_skew();      // of the node whose turn it is
  void reset();

 private:
  mutable std::mutex mutex_;
  std::chrono::milliseconds ahead_{0};
  std::chrono::milliseconds set_back_{0};
  std::optional<Instant> stands_;
  std::chrono::seconds date_skew_{0};
  std::vector<std::chrono::seconds> stamp_skews_;
  std::size_t next_ = 0;
};

}  // namespace bhi::sim
