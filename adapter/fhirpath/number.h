// Numbers and times of items. https://hl7.org/fhirpath/#types
#pragma once

#include "fhir/date_time.h"
#include "fhir/decimal.h"
#include "fhirpath/value.h"

#include <optional>

namespace bhi::fhirpath {

// Empty when the item is no number, or one of more than 38 digits.
std::optional<fhir::Decimal> decimal_of(const Item& item);
// Empty when the item is no number or not whole.
std::optional<std::int64_t> integer_of(const Item& item);

// Beyond what a Decimal holds (1e245) there is still this; empty when the item is no number at all.
std::optional<double> approximation_of(const Item& item);

// Decimal with its digits: 1.50 stays 1.50.
Item decimal_item(const fhir::Decimal& value, Arena& arena);

// Of an approximation; empty for infinities.
std::optional<Item> approximate_item(double value, Arena& arena);

// A date or date with time. An item of unknown type counts when its text reads so.
std::optional<fhir::DateTime> date_time_of(const Item& item);
std::optional<fhir::Time> time_of(const Item& item);

inline bool is_temporal(ValueKind kind) {
  return kind == ValueKind::Date || kind == ValueKind::DateTime || kind == ValueKind::Time;
}

// Empty: cannot be told apart (precision), or one has a zone and the other none and they lie within a day of each
// other.
std::optional<std::strong_ordering> compare_moments(const fhir::DateTime& a, const fhir::DateTime& b);

}  // namespace bhi::fhirpath
