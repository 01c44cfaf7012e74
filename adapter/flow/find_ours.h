// Does the EHR hold what we wrote, or may have written? The answer to a lost answer.
#pragma once

#include "base/result.h"
#include "fhir/json.h"
#include "flow/alike.h"
#include "flow/ports.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct Found {
  enum class What {
    None,  // the EHR holds no such resource
    One,
    Several,      // which of them is ours, a person must say
    NotHonoured,  // the EHR answers with resources that do not match: it ignores the search parameter
  };
  What what = What::None;
  std::string id;
  fhir::DocumentPtr page;                // keeps `resource` alive
  const fhir::Node* resource = nullptr;  // of One
};

// A search may lag behind the writes of an EHR. After a lost answer that nothing was found is believed only when it is
// said twice, so far apart; what is urgent waits less, for there late is worse than twice.
inline constexpr std::chrono::milliseconds kLookAgain{20'000};
inline constexpr std::chrono::milliseconds kLookAgainUrgent{2'000};

// Is the type searchable by identifier, as far as declared?
bool can_find(const TypeCapability& capability);

// By identifier, checked again on what comes back. Follows a few pages.
Result<Found> find_ours(Ehr& ehr, std::string_view type, std::string_view system, std::string_view value);

// What the EHR holds that may be ours, by what it says (alike.h).
struct LookAlikes {
  struct One {
    Likeness likeness = Likeness::Doubtful;
    std::string id;
    fhir::DocumentPtr page;  // keeps `resource` alive
    const fhir::Node* resource = nullptr;
  };
  std::vector<One> ones;  // nothing that is Other
  bool whole = true;      // false: more pages than are looked through
};

// `searches`: of searches_for(); one that the EHR refuses is followed by the next.
Result<LookAlikes> find_alike(Ehr& ehr, const fhir::Node& ours, const std::vector<std::string>& searches);

}  // namespace bhi::flow
