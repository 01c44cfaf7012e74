// Consents over time. The service consent (to be cared for in this way, and to its cost) and the privacy consent (to
// disclose) are asked for, given and taken back apart from each other.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "care/model_work.h"

#include <span>
#include <string>
#include <string_view>

namespace bhi::care {

// missing | given | declined | expired | revoked: of all consents of the kind, as they stand at that moment. The newest
// decision by then speaks; `covers` (may be empty) narrows privacy consents to those that cover it.
std::string consent_state(std::span<const Consent> consents, std::string_view kind, std::string_view covers,
                          Instant at);

// The consent that speaks for it at that moment, if it is given then; null when none does.
const Consent* consent_in_force(std::span<const Consent> consents, std::string_view kind, std::string_view covers,
                                Instant at);

// From when the service consent in force at `at` counts; empty when there is none.
std::string service_consent_since(std::span<const Consent> consents, Instant at);

Issues check_revocation(std::string_view consent, const Recorded& recorded);

// The earliest revocation stands, whichever arrives first.
void revoke(Consent& consent, const Recorded& by, std::string_view reason);

// A corrected or late entry of a consent does not undo its revocation.
void keep_revocation(Consent& incoming, const Consent& held);

}  // namespace bhi::care
