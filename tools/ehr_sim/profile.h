// What differs between EHRs: which types they know, what may be done with them, what can be searched by, and how they
// refuse. A table of our own for each (what their public statements of 2026 declare of the types that matter here, and
// how open servers were seen to behave), or a captured CapabilityStatement, which is then served as it is.
#pragma once

#include "base/result.h"
#include "ehr_sim/manners.h"

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
  std::string name;                // empty: the plain simulator
  std::vector<ProfileType> types;  // empty: everything goes
  bool patient_required = false;   // a search of records about patients names one
  int calls_per_minute = 0;        // 0: no limit; one more is 429 without Retry-After
  Manners manners{};
  std::string statement;  // captured; empty: made from `types`

  const ProfileType* of(std::string_view type) const;
  bool open() const { return types.empty(); }  // every type and interaction that this server has
};

// epic, oracle, athenahealth, eclinicalworks: what they do not declare they refuse. medplum, medplum-plain (a project
// without transactions), hapi: open servers with manners of their own. open: neither. Error Incorrect: another name.
Result<Profile> profile_named(std::string_view name);

// Types, interactions and parameters from a captured statement. Error Incorrect: it is none.
Result<void> take_statement(Profile& profile, std::string text);

}  // namespace bhi::sim
