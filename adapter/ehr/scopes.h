// What we ask to be allowed, what we were allowed, and what that leaves us of an EHR's capabilities.
// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
#pragma once

#include "flow/ports.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::ehr {

enum class ScopeVersion { V1, V2 };  // "system/X.read", "system/X.rs"

// One resource type as the configuration wants it.
struct ScopeLane {
  std::string type;
  bool read = false;
  bool write = false;
};

// Scopes for the lanes, then `more`, without repeats, separated by blanks.
std::string scopes_for(std::span<const ScopeLane> lanes, ScopeVersion version, std::span<const std::string> more);

enum class Act { Read, Search, Create, Update };

// The scopes of a token, of both versions. What is bound to a condition ("system/Observation.rs?category=...") counts:
// part of a type is allowed, and which part the EHR decides.
class Grant {
 public:
  explicit Grant(std::string_view scopes);
  bool allows(std::string_view type, Act act) const;
  const std::vector<std::string>& scopes() const { return scopes_; }

 private:
  std::vector<std::string> scopes_;
};

// Takes from the capabilities what the grant does not allow, and says in their place which scope is missing.
void narrow(flow::Capabilities& capabilities, const Grant& grant, ScopeVersion version);

}  // namespace bhi::ehr
