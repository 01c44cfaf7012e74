// What of an entity somebody may not see: substance-use results and clinical texts, by right (care/team.h). What is
// taken out is named in the member `redacted`, so that a gap never looks like an absence.
#pragma once

#include "base/result.h"
#include "care/caseload.h"
#include "flow/ports.h"

#include <functional>
#include <string>
#include <string_view>

namespace bhi::flow {

using May = std::function<bool(std::string_view right)>;

// The body of the entity as the caller may see it.
Result<std::string> redacted(const StoredEntity& entity, const May& may);

// A caseload row as JSON, without scores of substance-use instruments and names of medicines for who may not see them.
std::string redacted_view(care::CaseloadRow row, const May& may);

}  // namespace bhi::flow
