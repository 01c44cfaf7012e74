#include "flow/fate.h"

#include "base/hash.h"
#include "flow/deliver.h"
#include "flow/refusal.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

using What = Answer::What;

constexpr std::chrono::milliseconds kFirstDelay{2'000};
constexpr std::chrono::milliseconds kLongestDelay{300'000};

struct Refusal {
  int status;
  OutboxState state;
  std::string_view trouble;
};
// Refused for what the EHR can do or what it holds: a person can settle that, and the item may then go. Any other
// refusal is of the content itself, and the same content is not sent again.
constexpr std::array kRefusals = std::to_array<Refusal>({
    {404, OutboxState::Parked, kPolicy},
    {405, OutboxState::Parked, kPolicy},
    {410, OutboxState::Parked, kPolicy},
    {501, OutboxState::Parked, kPolicy},
});
constexpr Refusal kRedirected{0, OutboxState::Parked, kPolicy};  // redirects are not followed
constexpr Refusal kOfContent{0, OutboxState::Dead, kContent};

Refusal refusal_of(int status) {
  if (status / 100 == 3) return kRedirected;
  const auto* row = std::ranges::find(kRefusals, status, &Refusal::status);
  return row == kRefusals.end() ? kOfContent : *row;
}

}  // namespace

Fate closed(std::string rung, std::string reason) {
  return {OutboxState::Parked, std::move(reason), std::nullopt, true, kPolicy, std::move(rung)};
}

Fate parked(std::string reason, std::string_view trouble) {
  return {OutboxState::Parked, std::move(reason), std::nullopt, false, trouble};
}

Fate fate_of(const Answer& answer, std::string_view rung) {
  const std::string reason = std::string(rung) + ": " + answer.reason;
  switch (answer.what) {  // no default: the compiler reports a forgotten answer
    case What::Done: break;
    // Of a create: 409 or 412, somebody was at it too, or several match its condition. The next try looks first.
    case What::Conflict: return {OutboxState::RetryAt, reason, answer.retry_after_ms, false, kTransient};
    case What::Refused: {
      const Refusal refusal = refusal_of(answer.status);
      return {refusal.state, reason, std::nullopt, true, refusal.trouble};
    }
    // 403 is about this write: a rule of theirs, broken glass. Whatever else it is, every write meets it, and the lane
    // of the destination stops (lane_health.h). Without a token that works (401, or none to be had) no write is better
    // off, and none is to blame.
    case What::Forbidden:
      if (answer.status == 403) return {OutboxState::Parked, reason, std::nullopt, true, kPolicy};
      return {OutboxState::RetryAt, reason, answer.retry_after_ms, true, kAuth};
    // A 5xx of a gateway says little of the server behind it: the next try looks first.
    case What::Later: return {OutboxState::RetryAt, reason, answer.retry_after_ms, answer.status < 500, kTransient};
    case What::Unknown:
      return {OutboxState::Unknown, std::string(rung) + ": outcome unknown: " + answer.reason, std::nullopt, false,
              kTransient};
    case What::NotSent:
      return {OutboxState::RetryAt, std::string(rung) + ": not sent: " + answer.reason, std::nullopt, true, kTransient};
  }
  return parked(reason);
}

Fate with_policy(Fate fate, const Answer& answer, std::string_view rung) {
  if (!is_refused_by_policy(answer, rung)) return fate;
  fate.refused = rung;
  fate.trouble = kPolicy;
  return fate;
}

Fate fate_of(const Error& error, bool uncertain) {
  const OutboxState again = uncertain ? OutboxState::Unknown : OutboxState::RetryAt;
  switch (error.kind) {
    case Kind::Forbidden:
      if (error.message.find("401") != std::string::npos)
        return {again, error.message, std::nullopt, !uncertain, kAuth};
      return parked(error.message, kPolicy);
    case Kind::Incorrect:  // a page for maintenance, a half answer
    case Kind::NotFound:
    case Kind::Conflict:
    case Kind::Busy:
    case Kind::Fault:
    case Kind::Unsupported:
    case Kind::Unavailable: break;
  }
  return {again, error.message, std::nullopt, !uncertain, kTransient};
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
