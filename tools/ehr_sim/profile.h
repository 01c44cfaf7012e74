// What differs between EHRs: which types they know, what may be done with them, what can be searched by, and how they
// refuse. A table of our own for each (what their public statements of 2026 declare of the types that matter here), or
// a captured CapabilityStatement, which is then served as it is.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

struct ProfileType {
  std::string type;
  std::string allowed;  // letters: r read, s search, c create, u update
  std::vector<std::string> parameters;
};

struct Profile {
  std::string name;  // empty: an open server, everything goes
  std::vector<ProfileType> types;
  bool patient_required = false;  // a search of records about patients names one
  int calls_per_minute = 0;       // 0: no limit; one more is 429 without Retry-After
  std::string statement;          // captured; empty: made from `types`

  const ProfileType* of(std::string_view type) const;
};

// epic, oracle, athenahealth, eclinicalworks, or open. Error Incorrect: another name.
Result<Profile> profile_named(std::string_view name);

// Types, interactions and parameters from a captured statement. Error Incorrect: it is none.
Result<void> take_statement(Profile& profile, std::string text);

}  // namespace bhi::sim
