// Wrong types, found when compiling: what surely cannot be, is refused; what may be, passes.
// https://hl7.org/fhirpath/#type-safety-and-strict-evaluation
//
// The rules are those by which the functions and operators judge values when they run. Errors: Incorrect, in the form
// "line:column: expected ..., found ...".
#pragma once

#include "base/result.h"
#include "fhirpath/functions.h"
#include "fhirpath/static_type.h"

#include <span>

namespace bhi::fhirpath {

Result<void> check_criterion(const Expr& criterion, const StaticType& type);
// What stands before the dot of a call.
Result<void> check_input(const Expr& call, const StaticType& input);
// An argument of the meaning `s`, `w` or `#` (Function::arguments); every other meaning passes.
Result<void> check_argument(const Expr& argument, char meant, const StaticType& type);

// The type that an operator gives; an error when no possible operands fit it. One type for each of expr.args.
Result<StaticType> check_operands(const Expr& expr, std::span<const StaticType> operands);

}  // namespace bhi::fhirpath
