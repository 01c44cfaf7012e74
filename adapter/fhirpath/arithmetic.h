// + - * / div mod & and the signs, over numbers, texts, quantities and times. https://hl7.org/fhirpath/#math
#pragma once

#include "fhirpath/evaluator.h"

namespace bhi::fhirpath {

[[nodiscard]] bool run_arithmetic(Evaluator& evaluator, const Expr& expr, const Frame& frame, Items& out);

}  // namespace bhi::fhirpath
