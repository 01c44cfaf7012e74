// Embedded FHIRPath of a map, compiled with the names that are in scope where it stands.
#pragma once

#include "fhir/types.h"
#include "mapping/compiled.h"
#include "mapping/diagnostic.h"
#include "mapping/scope.h"

namespace bhi::mapping {

// `focus`: static type of what the expression is evaluated on; null: not known. A failure is reported; the result is
// then empty, as it is for an empty text.
MaybeExpression compile_expression(const ExpressionText& text, const fhir::TypeInfo* focus, const Scope& scope,
                                   const fhir::Types& types, Reporter& reporter);

}  // namespace bhi::mapping
