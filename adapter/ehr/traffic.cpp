#include "ehr/traffic.h"

#include "ehr/headers.h"

#include <algorithm>

namespace bhi::ehr {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int kFailuresToOpen = 5;
constexpr milliseconds kFirstOpen{10s};
constexpr milliseconds kMostOpen{5min};
constexpr milliseconds kTrial{1s};        // until it is asked again whether a trial has ended
constexpr milliseconds kStep{1min};       // a clock that goes back by more was set; less is how calls overlap
constexpr milliseconds kLostTrial{2min};  // a trial that nobody hears of any more

Instant next_minute(Instant now) { return Instant(std::chrono::floor<std::chrono::minutes>(now)) + 1min; }

bool failed(const Response& response) {
  return response.what != Response::What::Answered || (response.status >= 500 && response.status != 501);
}

}  // namespace

std::string_view name(Circuit circuit) {
  switch (circuit) {
    case Circuit::Closed: return "closed";
    case Circuit::HalfOpen: return "half-open";
    case Circuit::Open: return "open";
  }
  return "closed";
}

Traffic::Leave Traffic::decide(Instant now, bool urgent) const {
  const auto later = [&](Instant until, std::string reason) { return Leave{false, until - now, std::move(reason)}; };
  // Pauses are in the time of the clock that noted them.
  const Instant then = went_back(now) ? seen_ : now;
  if (failures_ >= kFailuresToOpen) {
    if (then < open_until_)
      return {false, open_until_ - then, "the circuit is open: the EHR failed several times in a row"};
    if (then < trying_until_) return {false, kTrial, "the circuit is half open: one request is under way to see"};
  }
  if (then < held_until_) return {false, held_until_ - then, "the EHR asked for a pause"};
  if (!urgent && settings_.quiet_until) {
    if (const auto end = settings_.quiet_until(now); end && *end > now) return later(*end, "quiet hours");
  }
  const int budget = settings_.calls_per_minute;
  if (budget > 0 && Instant(std::chrono::floor<std::chrono::minutes>(now)) <= minute_) {
    const int limit = urgent ? budget : std::max(1, budget - budget / 10);
    // The clock may have gone back: then the minute that was counted last is waited out.
    if (used_ >= limit) return later(next_minute(std::max(now, minute_)), "the budget of this minute is used up");
  }
  return {true, 0ms, {}};
}

bool Traffic::went_back(Instant now) const { return now + kStep < seen_; }

// A pause of a second must not become one of an hour because the clock was set back by an hour.
void Traffic::follow(Instant now) {
  if (!went_back(now)) {
    seen_ = std::max(seen_, now);
    return;
  }
  const auto step = seen_ - now;
  for (Instant* until : {&held_until_, &open_until_, &trying_until_}) {
    if (*until > now) *until -= step;
  }
  minute_ = std::min(minute_, Instant(std::chrono::floor<std::chrono::minutes>(now)));
  seen_ = now;
}

Traffic::Leave Traffic::ask(Instant now, bool urgent) {
  const std::lock_guard lock(mutex_);
  follow(now);
  Leave leave = decide(now, urgent);
  if (!leave.go) return leave;
  if (failures_ >= kFailuresToOpen) trying_until_ = now + kLostTrial;
  const Instant minute(std::chrono::floor<std::chrono::minutes>(now));
  if (minute > minute_) minute_ = minute, used_ = 0;
  ++used_;
  return leave;
}

void Traffic::heard(const Response& response, Instant now) {
  const std::lock_guard lock(mutex_);
  follow(now);
  trying_until_ = {};
  const bool answered = response.what == Response::What::Answered;
  if (answered && (response.status == 429 || response.status == 503)) {
    const auto told = wait_ms(response.retry_after, response.rate_limit, http_date(response.date));
    if (told) held_until_ = std::max(held_until_, now + milliseconds(*told));
    if (!told && response.status == 429) held_until_ = std::max(held_until_, next_minute(now));
  }
  if (!failed(response)) {
    failures_ = opened_ = 0;
    return;
  }
  ++failures_;
  if (failures_ < kFailuresToOpen || now < open_until_) return;
  open_until_ = now + std::min(kMostOpen, kFirstOpen * (1 << std::min(opened_, 6)));
  ++opened_;
}

TrafficState Traffic::state(Instant now) const {
  const std::lock_guard lock(mutex_);
  TrafficState state;
  if (failures_ >= kFailuresToOpen)
    state.circuit = (went_back(now) ? seen_ : now) < open_until_ ? Circuit::Open : Circuit::HalfOpen;
  state.used = Instant(std::chrono::floor<std::chrono::minutes>(now)) <= minute_ ? used_ : 0;
  const Leave leave = decide(now, false);
  if (!leave.go) state.until = now + leave.wait, state.reason = leave.reason;
  return state;
}

}  // namespace bhi::ehr
