// dateOp(): of the language from its beginning, but its parameters were never documented and no other engine has it.
// Our reading, after what authors tried to write with it:
//
//   dateOp(source, 'date' | 'dateTime' | 'instant' | 'time'[, format])   the source as that type (as toDate() and
//   others) dateOp(source, '5 days')  dateOp(source, 5 days)                     the source that much later; '-5 days'
//   earlier
//
// New maps better say toDate(text, format) or (date + 5 days).
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhirpath/expression.h"

#include <string_view>

namespace bhi::mapping {

// `operation` is one item; `format` may be empty. Error (Incorrect): no date, no such type, no such amount of time.
Result<fhirpath::Item> date_operation(const fhirpath::Item& source, const fhirpath::Item& operation,
                                      std::string_view format, Arena& arena);

}  // namespace bhi::mapping
