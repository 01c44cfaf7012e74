// Is there a privacy consent in force, and may we believe it? Inside of `flow` only; the decision is judge().
#pragma once

#include "flow/guard.h"

#include <span>
#include <string>
#include <string_view>

namespace bhi::flow {

inline constexpr std::string_view kCoversMentalHealth = "mental-health";
inline constexpr std::string_view kCoversSubstanceUse = "substance-use";

struct Permission {
  const care::Consent* consent = nullptr;  // null: none
  std::string why{};                       // not: "the patient took the consent back"
};

// Of all privacy consents together. One that its source holds in a newer version than the care model may say no by now,
// as may one that was received and not taken in (`unread`): while that is so, nobody's yes counts.
Permission permission(std::span<const KnownConsent> consents, bool unread, std::string_view covers, Instant now);

// The site's text with {covers}, {starts} and {expires} filled in.
std::string scope_text(std::string_view text, const care::Consent& consent);

}  // namespace bhi::flow
