#include "care/consent.h"

#include "care/times.h"

#include <algorithm>
#include <tuple>

namespace bhi::care {

namespace {

bool is_known(const Consent& consent) { return !consent.recorded.at.empty(); }

bool concerns(const Consent& consent, std::string_view kind, std::string_view covers) {
  if (!is_known(consent) || consent.kind != kind) return false;
  return covers.empty() || consent.decision == "declined" ||
         std::ranges::find(consent.covers, covers) != consent.covers.end();
}

bool has_begun(const Consent& consent, Instant at) {
  const auto start = instant_from(consent.starts);
  return start && *start <= at;
}

// The newest decision of the kind that counts at that moment; nullptr: none.
const Consent* speaking(std::span<const Consent> consents, std::string_view kind, std::string_view covers, Instant at) {
  const Consent* found = nullptr;
  for (const Consent& consent : consents) {
    if (!concerns(consent, kind, covers) || !has_begun(consent, at)) continue;
    if (found == nullptr || !earlier(consent.starts, found->starts)) found = &consent;
  }
  return found;
}

std::string state_of(const Consent& consent, Instant at) {
  if (const auto revoked = instant_from(consent.revoked.at); revoked && *revoked <= at) return "revoked";
  if (const auto end = latest_moment(consent.expires); end && *end < at) return "expired";
  return consent.decision;
}

}  // namespace

std::string consent_state(std::span<const Consent> consents, std::string_view kind, std::string_view covers,
                          Instant at) {
  const Consent* consent = speaking(consents, kind, covers, at);
  return consent == nullptr ? "missing" : state_of(*consent, at);
}

const Consent* consent_in_force(std::span<const Consent> consents, std::string_view kind, std::string_view covers,
                                Instant at) {
  const Consent* consent = speaking(consents, kind, covers, at);
  return consent != nullptr && state_of(*consent, at) == "given" ? consent : nullptr;
}

std::string service_consent_since(std::span<const Consent> consents, Instant at) {
  const Consent* consent = speaking(consents, "service", "", at);
  return consent != nullptr && state_of(*consent, at) == "given" ? consent->starts : std::string();
}

Issues check_revocation(std::string_view consent, const Recorded& recorded) {
  Issues issues;
  const std::string path = "Consent/" + std::string(consent);
  if (consent.empty()) issues.push_back({Severity::Error, "required", path, "expected the consent that is revoked"});
  if (!instant_from(recorded.at)) issues.push_back({Severity::Error, "value", path + ".revoked.at", "expected a time"});
  if (recorded.by.empty())
    issues.push_back({Severity::Error, "required", path + ".revoked.by", "expected a value, found none"});
  return issues;
}

void revoke(Consent& consent, const Recorded& by, std::string_view reason) {
  const bool same_moment = same_time(consent.revoked.at, by.at);
  const bool stands = !consent.revoked.at.empty() &&
                      (same_moment ? std::tie(consent.revoked.by, consent.revoke_reason) <= std::tuple(by.by, reason)
                                   : earlier(consent.revoked.at, by.at));
  if (stands) return;
  consent.revoked = by;
  consent.revoke_reason = reason;
}

void keep_revocation(Consent& incoming, const Consent& held) {
  if (held.revoked.at.empty()) return;
  if (incoming.revoked.at.empty()) {
    incoming.revoked = held.revoked;
    incoming.revoke_reason = held.revoke_reason;
  } else {
    revoke(incoming, held.revoked, held.revoke_reason);
  }
}

}  // namespace bhi::care
