#include "flow/lane_health.h"

#include "flow/fate.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

constexpr std::size_t kMostRemembered = 10'000;

bool got_through(OutboxState state) { return state == OutboxState::Verified || state == OutboxState::Superseded; }

}  // namespace

LaneHealth::Stop LaneHealth::stop(std::string_view trouble, std::string reason, Instant now) {
  // Several workers hear the same at once: that is one stop.
  if (stop_ && now < stop_->until) return *stop_;
  const bool fresh = !stop_;
  stop_ = Stop{now + next_stop_, trouble, std::move(reason), false};
  next_stop_ = std::min(2 * next_stop_, kLongestStop);
  Stop told = *stop_;
  told.fresh = fresh;
  return told;
}

std::optional<LaneHealth::Stop> LaneHealth::heard(const OutboxItem& settled, Instant now) {
  const bool tried = settled.attempts > 0;  // a request went out for it, now or earlier
  if (got_through(settled.state)) {
    failing_.erase(settled.seq);
    if (settled.state != OutboxState::Verified) return std::nullopt;  // it says nothing of the EHR
    ++passed_;
    refused_in_a_row_ = 0;
    stop_.reset();
    next_stop_ = kFirstStop;
    return std::nullopt;
  }
  if (settled.trouble == kAuth) return stop(kAuth, settled.reason, now);
  if (settled.trouble == kPolicy && tried && settled.reason.find(": 403") != std::string::npos) {
    if (settled.seq != last_refused_) ++refused_in_a_row_;
    last_refused_ = settled.seq;
    if (refused_in_a_row_ >= kRefusalsToStop) return stop(kPolicy, settled.reason, now);
    return std::nullopt;
  }
  if (settled.state != OutboxState::RetryAt || settled.trouble != kTransient) return std::nullopt;
  if (failing_.size() < kMostRemembered) failing_.try_emplace(settled.seq, Since{passed_, failed_});
  ++failed_;
  return std::nullopt;
}

bool LaneHealth::is_lone_failure(const OutboxItem& settled) const {
  if (settled.state != OutboxState::RetryAt || settled.trouble != kTransient) return false;
  if (settled.attempts < kTriesOfALoneFailure) return false;
  const auto since = failing_.find(settled.seq);
  if (since == failing_.end()) return false;
  const int passed = passed_ - since->second.passed;
  const int failed = failed_ - since->second.failed - settled.attempts;  // of others, roughly
  return passed >= kOthersThatPassed && passed > failed;
}

std::optional<LaneHealth::Stop> LaneHealth::stopped(Instant now) const {
  return stop_ && now < stop_->until ? stop_ : std::nullopt;
}

}  // namespace bhi::flow
