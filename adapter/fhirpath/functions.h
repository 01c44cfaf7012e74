// The functions of FHIRPath: one sorted table for each chapter of the specification, each chapter in its own file.
// https://hl7.org/fhirpath/#functions and https://hl7.org/fhir/R4/fhirpath.html#functions
#pragma once

#include "fhirpath/evaluator.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bhi::fhirpath {

// Runs one call. `input` is what stands before the dot; arguments are evaluated by the function itself.
using Run = bool (*)(Evaluator&, const Expr& call, Collection input, const Frame& frame, Items& out);

// What must stand before the dot; an empty collection always may.
enum class Takes : std::uint8_t { Any, Boolean, String, Number, NumberOrQuantity, Moment, Bounded };

// The static type of the result, as far as the table can say it.
enum class Gives : std::uint8_t {
  Unknown,
  Input,
  Argument,
  Type,
  Boolean,
  Integer,
  Long,
  Decimal,
  String,
  Date,
  DateTime,
  Time,
  Quantity,
  Extension,
};

struct Function {
  std::string_view name;
  Takes takes;
  std::uint8_t least;  // number of arguments
  std::uint8_t most;
  // How each argument is meant, one letter each; the last counts for those that follow:
  // v  a value, evaluated in the frame of the call ($this of the whole expression)
  // s  such a value that must be a String, w  a whole number, #  a number
  // e  an expression, evaluated for each item of the input; c  one that must be a Boolean
  // k  the same as a key to sort by: `-key` sorts downwards
  // i  an expression, evaluated with the whole input as its focus; b  one that must be a Boolean
  // t  the name of a type
  // n  the name of a new variable, a literal
  // r  a regular expression
  std::string_view arguments;
  Gives gives;
  Run run;
};

using Chapter = std::span<const Function>;

Chapter existence_functions();
Chapter filtering_functions();
Chapter subsetting_functions();
Chapter combining_functions();
Chapter conversion_functions();
Chapter string_functions();
Chapter math_functions();
Chapter tree_functions();
Chapter utility_functions();
Chapter type_functions();
Chapter boundary_functions();
Chapter date_functions();
Chapter fhir_functions();
Chapter knowledge_functions();

// Null when there is none of this name.
const Function* find_function(std::string_view name);
std::vector<std::string_view> function_names();

}  // namespace bhi::fhirpath
