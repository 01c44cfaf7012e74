// The operators of FHIRPath. https://hl7.org/fhirpath/#operations
#pragma once

#include "fhirpath/evaluator.h"

namespace bhi::fhirpath {

// Runs an Expr whose op is an operator: types, collections, comparison and logic here, numbers and times in
// arithmetic.h.
[[nodiscard]] bool run_operator(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out);

}  // namespace bhi::fhirpath
