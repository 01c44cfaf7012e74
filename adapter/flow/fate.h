// What becomes of an outbox item after an answer or an error of the EHR: one table each.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

// What kind of trouble holds an item up, as OutboxItem::trouble says it. Each asks for something else:
inline constexpr std::string_view kTransient = "transient";  // time: it is tried again, without a limit
inline constexpr std::string_view kAuth = "auth";            // a token or key that works; the whole destination waits
inline constexpr std::string_view kPolicy = "policy";        // what the EHR, its scopes or the site allow
inline constexpr std::string_view kContent = "content";      // another content: the EHR refuses this one
inline constexpr std::string_view kPerson = "person";        // somebody who looks at it and decides

struct Fate {
  OutboxState state = OutboxState::Parked;
  std::string reason;                   // no PHI
  std::optional<std::int64_t> wait_ms;  // told by the EHR; of Unknown and RetryAt
  bool nothing_happened = false;        // surely: a repeat of a create needs no look-up
  std::string_view trouble{};           // one of those above; empty: none
  std::string refused{};  // "CarePlan create": by the EHR's policy, for good; another way may be open (refusal.h)
};

// `rung`: "Observation create". Not for Answer::What::Done, and not for a conflict of an update, which is merged again.
Fate fate_of(const Answer& answer, std::string_view rung);

// Of a search or read that came before or after a write. `uncertain`: an earlier write's outcome is still unknown.
Fate fate_of(const Error& error, bool uncertain);

Fate parked(std::string reason, std::string_view trouble = kPerson);
// Parked for this way into the EHR, which is not open to us; nothing was sent.
Fate closed(std::string rung, std::string reason);

// Marked when the refusal is one of policy (refusal.h); its reason is then the interaction and what the EHR answered.
Fate with_policy(Fate fate, const Answer& answer, std::string_view rung);

}  // namespace bhi::flow
