// Consents, labels and texts for tests of the consent guard.
#pragma once

#include "care/model.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::test {

inline constexpr std::string_view kNotice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";
inline constexpr std::string_view kScope = "Covers {covers} from {starts} until {expires}.";

inline care::Code act_label(std::string_view code) {
  return {"http://terminology.hl7.org/CodeSystem/v3-ActCode", std::string(code), ""};
}

// Given on the BHI side and in force in November 2026.
inline care::Consent privacy_consent(std::vector<std::string> covers) {
  care::Consent consent;
  consent.id = "n1";
  consent.kind = "privacy";
  consent.decision = "given";
  consent.method = "written";
  consent.covers = std::move(covers);
  consent.starts = "2026-01-01";
  consent.recorded = {"m1", "2026-01-01T09:00:00Z"};
  return consent;
}

}  // namespace bhi::test
