// Does the EHR hold what we wrote, or may have written? The answer to a lost answer.
#pragma once

#include "base/result.h"
#include "fhir/json.h"
#include "flow/ports.h"

#include <string>
#include <string_view>

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

// Is the type searchable by identifier, as far as declared?
bool can_find(const TypeCapability& capability);

// By identifier, checked again on what comes back. Follows a few pages.
Result<Found> find_ours(Ehr& ehr, std::string_view type, std::string_view system, std::string_view value);

}  // namespace bhi::flow
