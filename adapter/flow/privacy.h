// What the site says about confidentiality, for one destination: what the consent guard goes by at the moment of
// sending.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bhi::flow {

// Does somebody hold itself out as a programme for substance use (42 CFR 2.11)? Nobody has said: as if it were one.
enum class Part2 : std::uint8_t { Unstated, Yes, No };

struct Privacy {
  Part2 practice = Part2::Unstated;          // the BHI side
  std::vector<std::string> part2_sources{};  // EHRs that are programmes themselves
  bool consent_required = false;             // nothing leaves to this destination without a privacy consent
  std::string redisclosure_notice{};         // travels with Part 2 data (42 CFR 2.32); empty: such data stays
  std::string consent_scope{};               // the same, on what the consent covers; {covers}, {starts}, {expires}
};

}  // namespace bhi::flow
