// Is a refusal one of policy? Then it is final for this way into the EHR, and another may be open; a refusal of the
// content is none: the same would be refused again, or worse, taken in another form.
#pragma once

#include "flow/ports.h"

#include <string_view>

namespace bhi::flow {

// 405, 501, 403; 404 of a create (no such type there); 400 and 422 with an issue code that speaks of what the server
// does: not-supported, business-rule, extension, forbidden, suppressed.
// https://hl7.org/fhir/R4/valueset-issue-type.html `interaction`: "CarePlan create".
bool is_refused_by_policy(const Answer& answer, std::string_view interaction);

}  // namespace bhi::flow
