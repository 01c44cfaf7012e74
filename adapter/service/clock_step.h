// The clock of the machine went back (somebody set it, or it was wrong at start): a moment noted by the old clock would
// then be waited for too long, by an hour after a step of an hour.
#pragma once

#include "base/instant.h"

#include <chrono>

namespace bhi::service {

class ClockStep {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  // How far the clock was ahead before it went back by more than a minute. Remembered for ten minutes, longer than our
  // own back-off ever is: within them what was noted by the new clock may come early by as much.
  std::chrono::milliseconds ahead(Instant now, Steady at) {
    using std::chrono::milliseconds;
    if (seen_ != Instant{}) {
      const auto expected = seen_ + std::chrono::duration_cast<milliseconds>(at - seen_at_);
      if (expected - now > std::chrono::minutes(1)) {
        ahead_ = expected - now;
        until_ = at + std::chrono::minutes(10);
      }
    }
    seen_ = now;
    seen_at_ = at;
    return at < until_ ? ahead_ : milliseconds(0);
  }

 private:
  Instant seen_{};
  Steady seen_at_{};
  std::chrono::milliseconds ahead_{0};
  Steady until_{};
};

}  // namespace bhi::service
