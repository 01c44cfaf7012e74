// Literals as items. https://hl7.org/fhirpath/#literals
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhirpath/expression.h"
#include "fhirpath/lexer.h"
#include "fhirpath/value.h"

namespace bhi::fhirpath {

// Of true/false, string, numbers, date, dateTime and time tokens. Error (Incorrect): an Integer out of its range, no
// such day.
Result<Item> make_literal(const Token& token, Arena& arena);

}  // namespace bhi::fhirpath
