#include "flow/guard_consent.h"

#include "care/consent.h"

#include <algorithm>
#include <vector>

namespace bhi::flow {

namespace {

bool is_privacy(const care::Consent& consent) { return consent.kind == "privacy"; }

// Given, but for later?
bool begins_later(std::span<const care::Consent> consents, std::string_view covers, Instant now) {
  return std::ranges::any_of(consents, [&](const care::Consent& consent) {
    const auto start = instant_from(consent.starts);
    return is_privacy(consent) && consent.decision == "given" && start && *start > now &&
           std::ranges::find(consent.covers, covers) != consent.covers.end();
  });
}

std::string why_not(std::span<const care::Consent> consents, std::string_view covers, Instant now) {
  const std::string state = care::consent_state(consents, "privacy", covers, now);
  if (state == "declined") return "the patient declined";
  if (state == "expired") return "the consent has expired";
  if (state == "revoked") return "the patient took the consent back";
  if (begins_later(consents, covers, now)) return "the consent has not begun";
  return "no privacy consent of the patient covers " + std::string(covers);
}

void replace(std::string& text, std::string_view place, std::string_view value) {
  for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
    text.replace(at, place.size(), value);
  }
}

}  // namespace

Permission permission(std::span<const KnownConsent> known, bool unread, std::string_view covers, Instant now) {
  std::vector<care::Consent> consents;
  std::vector<const care::Consent*> places;
  std::string doubt;
  for (const KnownConsent& one : known) {
    if (!is_privacy(one.consent) || one.gone) continue;
    consents.push_back(one.consent);
    places.push_back(&one.consent);
    if (doubt.empty()) doubt = one.doubt;
  }
  const care::Consent* found = care::consent_in_force(consents, "privacy", covers, now);
  if (found == nullptr) {
    const bool gone =
        std::ranges::any_of(known, [](const KnownConsent& one) { return is_privacy(one.consent) && one.gone; });
    const std::string why = why_not(consents, covers, now);
    return {nullptr, gone && why.starts_with("no privacy") ? "the consent was deleted at its source" : why};
  }
  if (doubt.empty() && unread) doubt = "a consent of the patient was received and could not be taken in";
  if (!doubt.empty()) return {nullptr, doubt};
  return {places[static_cast<std::size_t>(found - consents.data())], {}};
}

std::string scope_text(std::string_view text, const care::Consent& consent) {
  std::string covers;
  for (const std::string& one : consent.covers) covers += (covers.empty() ? "" : ", ") + one;
  std::string filled(text);
  replace(filled, "{covers}", covers);
  replace(filled, "{starts}", consent.starts);
  replace(filled, "{expires}", consent.expires.empty() ? "no end date" : consent.expires);
  return filled;
}

}  // namespace bhi::flow
