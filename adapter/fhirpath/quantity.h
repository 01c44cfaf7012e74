// Quantities: System.Quantity and FHIR's, one reading for both. https://hl7.org/fhirpath/#quantity
#pragma once

#include "fhirpath/equality.h"
#include "fhirpath/number.h"
#include "fhirpath/ucum.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhirpath {

struct Measure {
  fhir::Decimal value;
  std::string_view unit;  // UCUM code, calendar word, or whatever text stands there; "1" when none
  bool calendar = false;  // `4 days`
};

// Of a Quantity, or of a number (unit "1"). Empty: no quantity, no value, or a comparator ("<5") makes it inexact.
std::optional<Measure> measure_of(const Item& item);

Item measure_item(const Measure& measure, Arena& arena);
// "4 days", "10 'mg'"
std::string to_text(const Measure& measure);
// Of such a text. https://hl7.org/fhirpath/#toquantityunit--string--quantity
std::optional<Measure> parse_measure(std::string_view text);

// Do both have units of the same kind? Years and months of the calendar have no counterpart in UCUM.
bool comparable(const Measure& a, const Measure& b);
Order compare(const Measure& a, const Measure& b);
// As ~ has it: calendar years and months count as UCUM's.
bool equivalent(const Measure& a, const Measure& b);

std::optional<Measure> add(const Measure& a, const Measure& b);
// The text of the new unit lies in the arena.
std::optional<Measure> multiply(const Measure& a, const Measure& b, Arena& arena);
std::optional<Measure> divide(const Measure& a, const Measure& b, Arena& arena);

// `from` in the unit of `to`; empty when the units do not convert.
std::optional<fhir::Decimal> converted(const Measure& from, std::string_view unit, bool calendar);

}  // namespace bhi::fhirpath
