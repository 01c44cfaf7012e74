// Is it one item that fails, or the whole destination? Heard of every settled delivery to one destination, it says when
// the lane has to stop and which failing item has to make way for those behind it. Decides only; nothing is kept over a
// restart. Not safe from several threads.
#pragma once

#include "base/instant.h"
#include "flow/ports.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

// An item that is tried again and again (trouble transient) holds up those behind it in its lane. After so many tries
// it is set aside (content) if so many others got through since its first failure, and more got through than failed:
// then it is not the EHR that is ill. Otherwise it is tried without a limit.
inline constexpr int kTriesOfALoneFailure = 5;
inline constexpr int kOthersThatPassed = 3;

// So many different items in a row refused with 403, and none accepted: everything is refused, not these.
inline constexpr int kRefusalsToStop = 3;

// Without a token that works, or with everything refused, the next item is tried after so long; then after twice as
// long, up to the longest.
inline constexpr std::chrono::minutes kFirstStop{1};
inline constexpr std::chrono::minutes kLongestStop{15};

class LaneHealth {
 public:
  struct Stop {
    Instant until{};
    std::string_view trouble;  // auth | policy
    std::string reason;
    bool fresh = false;  // it was not stopped before: somebody is to be told
  };

  // The stop that this delivery brought about, if any.
  std::optional<Stop> heard(const OutboxItem& settled, Instant now);
  // After heard() of it: is it to be set aside? Its state is then to be settled as parked, trouble content.
  bool is_lone_failure(const OutboxItem& settled) const;
  // Nothing is to be sent before `until`.
  std::optional<Stop> stopped(Instant now) const;

 private:
  struct Since {
    int passed = 0;  // counts at the time of its first failure
    int failed = 0;
  };
  Stop stop(std::string_view trouble, std::string reason, Instant now);

  int passed_ = 0, failed_ = 0;
  std::map<std::int64_t, Since> failing_;
  std::int64_t last_refused_ = 0;
  int refused_in_a_row_ = 0;
  std::optional<Stop> stop_;
  std::chrono::minutes next_stop_{kFirstStop};
};

}  // namespace bhi::flow
