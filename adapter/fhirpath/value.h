// What kind of value an item is, and making items of computed values. https://hl7.org/fhirpath/#literals
// FHIR primitives count as the System value they convert to (https://hl7.org/fhir/R4/fhirpath.html#types).
#pragma once

#include "base/arena.h"
#include "fhirpath/expression.h"

#include <cstdint>
#include <string_view>

namespace bhi::fhirpath {

enum class ValueKind : std::uint8_t {
  Boolean,
  String,
  Integer,
  Long,
  Decimal,
  Date,
  DateTime,
  Time,
  Quantity,  // System.Quantity, FHIR.Quantity and what derives from it
  Complex,   // any other object
  Missing,   // a primitive of which only id or extensions exist
};

ValueKind value_kind(const Item& item);
// Of the instances of a type that have a value.
ValueKind value_kind(const fhir::TypeInfo& type);

inline bool is_number(ValueKind kind) {
  return kind == ValueKind::Integer || kind == ValueKind::Long || kind == ValueKind::Decimal;
}

bool is_system(const fhir::TypeInfo* type);

// The type of an item; where nothing is known of it, the System type that its JSON suggests (null for an object).
const fhir::TypeInfo* known_type(const Item& item);
// The System type of a kind of value; null for Complex and Missing.
const fhir::TypeInfo* system_type_of(ValueKind kind);

// Name for messages: "Integer", "String", "HumanName", "item of unknown type". Never the value itself.
std::string_view type_name(const Item& item);

Item boolean_item(bool value);
Item integer_item(std::int64_t value, Arena& arena);
// The text must outlive the item.
Item string_item(std::string_view text, Arena& arena);
Item text_item(const fhir::TypeInfo& type, std::string_view text, Arena& arena);      // String, Date, DateTime, Time
Item number_item(const fhir::TypeInfo& type, std::string_view digits, Arena& arena);  // Integer, Long, Decimal

// A quantity as an object {value, unit, system, code}; a calendar unit (`4 days`) has a unit only.
Item make_quantity(std::string_view digits, std::string_view ucum_unit, Arena& arena);
Item make_calendar_quantity(std::string_view digits, std::string_view unit, Arena& arena);

}  // namespace bhi::fhirpath
