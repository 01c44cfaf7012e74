// How much we ask of one EHR, and when we leave it alone: a budget for each minute of the clock, the pauses it asks
// for, quiet hours, and a circuit breaker. Decides only; who waits is elsewhere. Safe from any thread.
#pragma once

#include "base/instant.h"
#include "ehr/http.h"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace bhi::ehr {

struct TrafficSettings {
  int calls_per_minute = 0;  // 0: no budget; a tenth of it is kept for what is urgent
  // In quiet hours: when they end. Empty otherwise. What is urgent does not ask.
  std::function<std::optional<Instant>(Instant now)> quiet_until{};
};

enum class Circuit { Closed, HalfOpen, Open };
std::string_view name(Circuit circuit);

struct TrafficState {
  Circuit circuit = Circuit::Closed;
  int used = 0;                    // calls in this minute
  std::optional<Instant> until{};  // nothing usual is sent before
  std::string reason{};            // why not
};

class Traffic {
 public:
  explicit Traffic(TrafficSettings settings) : settings_(std::move(settings)) {}

  // May a request go now? It is counted when it may. Else: ask again after `wait`.
  struct Leave {
    bool go = false;
    std::chrono::milliseconds wait{0};
    std::string reason{};
  };
  Leave ask(Instant now, bool urgent);

  // What came of a request: 429 and 503 may ask for a pause (without a word of how long a 429 holds until the next
  // minute); five failures in a row (no answer, 5xx) open the circuit for ten seconds, then for twice as long, up to
  // five minutes; then one request is let through to see.
  void heard(const Response& response, Instant now);

  TrafficState state(Instant now) const;

 private:
  Leave decide(Instant now, bool urgent) const;
  bool went_back(Instant now) const;
  void follow(Instant now);

  const TrafficSettings settings_;
  mutable std::mutex mutex_;
  Instant seen_{};    // the latest time we were told
  Instant minute_{};  // the one that used_ counts
  int used_ = 0;
  Instant held_until_{};
  Instant open_until_{};
  int failures_ = 0;
  int opened_ = 0;          // times in a row
  Instant trying_until_{};  // one request is under way to see; whoever was let go may fail before it is sent
};

}  // namespace bhi::ehr
