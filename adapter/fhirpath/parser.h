// From tokens to the tree: a Pratt parser of FHIRPath expressions. https://hl7.org/fhirpath/grammar.html
// Names are not looked up here; see resolver.h.
#pragma once

#include "base/result.h"
#include "fhirpath/ast.h"
#include "fhirpath/lexer.h"

namespace bhi::fhirpath {

// Reads one expression from the lexer's present position and stops before the first token that cannot belong to it.
// Error: Incorrect, "line:column: expected ..., found ...".
Result<Expr*> parse_expression(Lexer& lexer, Ast& ast);

}  // namespace bhi::fhirpath
