// The check that every input gets before a map sees it: JSON kinds, lists, and the form of dates, codes and ids,
// against the R4 element table (https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/datatypes.html). Not
// validation: invariants, bindings and profiles are the business of `profile`.
#pragma once

#include "base/issue.h"
#include "fhir/node.h"
#include "fhir/types.h"

#include <string>

namespace bhi::flow {

// Wrong kind, list or form: error, with the element path ("Patient.name[0].given[1]"). An element that R4 does not
// know: warning (many EHRs add their own); it is kept and no map reads it. Types that R4B added or wrote anew are not
// looked into: nothing here says what they are.
Issues check_structure(const fhir::Node& resource, const fhir::Types& types);

}  // namespace bhi::flow
