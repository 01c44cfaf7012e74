#include "flow/fate.h"

#include "base/hash.h"
#include "flow/deliver.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

using What = Answer::What;

constexpr std::chrono::milliseconds kFirstDelay{2'000};
constexpr std::chrono::milliseconds kLongestDelay{300'000};

// Refused for what the EHR can do or what it holds: a person can settle that, and the item may then go. Any other
// refusal is of the content itself.
constexpr std::array kOfTheSystem = {404, 405, 410, 501};

bool is_of_the_system(int status) {
  return std::ranges::find(kOfTheSystem, status) != kOfTheSystem.end() || status / 100 == 3;
}

}  // namespace

Fate parked(std::string reason) { return {OutboxState::Parked, std::move(reason), std::nullopt, false}; }

Fate fate_of(const Answer& answer, std::string_view rung) {
  const std::string reason = std::string(rung) + ": " + answer.reason;
  switch (answer.what) {  // no default: the compiler reports a forgotten answer
    case What::Done: break;
    case What::Conflict:
      if (answer.status == 412)
        return parked(std::string(rung) + ": several resources at the EHR carry our identifier");
      return {OutboxState::RetryAt, reason, answer.retry_after_ms, false};
    case What::Refused: {
      const OutboxState state = is_of_the_system(answer.status) ? OutboxState::Parked : OutboxState::Dead;
      return {state, reason, std::nullopt, true};
    }
    case What::Forbidden: return {OutboxState::Parked, reason, std::nullopt, true};
    // A 5xx of a gateway says little of the server behind it: the next try looks first.
    case What::Later: return {OutboxState::RetryAt, reason, answer.retry_after_ms, answer.status < 500};
    case What::Unknown:
      return {OutboxState::Unknown, std::string(rung) + ": outcome unknown: " + answer.reason, std::nullopt, false};
    case What::NotSent:
      return {OutboxState::RetryAt, std::string(rung) + ": not sent: " + answer.reason, std::nullopt, true};
  }
  return parked(reason);
}

Fate fate_of(const Error& error, bool uncertain) {
  switch (error.kind) {
    case Kind::Forbidden: return parked(error.message);
    case Kind::Incorrect:  // a page for maintenance, a half answer
    case Kind::NotFound:
    case Kind::Conflict:
    case Kind::Busy:
    case Kind::Fault:
    case Kind::Unsupported:
    case Kind::Unavailable: break;
  }
  return {uncertain ? OutboxState::Unknown : OutboxState::RetryAt, error.message, std::nullopt, !uncertain};
}

// Doubling from two seconds to five minutes; between half and all of it, the same for the same item and attempt, so
// that the items of an EHR that comes back do not all come at once.
std::chrono::milliseconds retry_delay(int attempts, std::string_view salt) {
  const int doublings = std::clamp(attempts - 1, 0, 16);
  const auto full = std::min(kLongestDelay, kFirstDelay * (std::int64_t{1} << doublings));
  const Digest digest = sha256(std::string(salt) + "#" + std::to_string(attempts));
  const std::int64_t share = digest[0] * 256 + digest[1];  // of 65,535
  return full / 2 + full / 2 * share / 65'535;
}

}  // namespace bhi::flow
