// The compile step: names become interned Names, type names TypeInfos, functions table entries, patterns RE2 objects,
// and what can be known before any data is seen is checked: elements of known types, numbers of arguments, variables.
#pragma once

#include "base/result.h"
#include "fhirpath/ast.h"

namespace bhi::fhirpath {

// Completes ast.root in place. Error: Incorrect, "line:column: ...", with a suggestion for a misspelt name.
Result<void> resolve(Ast& ast, const CompileOptions& options);

}  // namespace bhi::fhirpath
