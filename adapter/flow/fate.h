// What becomes of an outbox item after an answer or an error of the EHR: one table each.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

struct Fate {
  OutboxState state = OutboxState::Parked;
  std::string reason;                   // no PHI
  std::optional<std::int64_t> wait_ms;  // told by the EHR; of Unknown and RetryAt
  bool nothing_happened = false;        // surely: a repeat of a create needs no look-up
};

// `rung`: "Observation create". Not for Answer::What::Done, and not for a conflict of an update, which is merged again.
Fate fate_of(const Answer& answer, std::string_view rung);

// Of a search or read that came before or after a write. `uncertain`: an earlier write's outcome is still unknown.
Fate fate_of(const Error& error, bool uncertain);

Fate parked(std::string reason);

}  // namespace bhi::flow
