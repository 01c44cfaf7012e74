// Psychotropic medicines as generated facts: ingredients with their class, RxNorm codes, names (medication_table.cpp).
// Confirmed and unconfirmed sources: README.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bhi::care {

struct Ingredient {
  std::string_view name;        // "sertraline"
  std::string_view drug_class;  // "SSRI"
  double max_daily_mg = 0;      // usual upper end for adults, a prompt to look and no stop; 0: none is known
  bool max_confirmed = false;   // false: needs clinical review, never used to warn
  std::string_view watch;  // rules of medication_rules.h and labels, each ended by a comma: "qtc-citalopram,weight,"
};

struct DrugCode {
  std::string_view rxcui;  // product or ingredient
  std::uint16_t ingredient = 0;
  bool weak = false;  // one source with known errors, or one without labels: used, but marked
};

struct DrugName {
  std::string_view name;  // lower case; one or two words
  std::uint16_t ingredient = 0;
};

std::span<const Ingredient> ingredients();  // sorted by name
std::span<const DrugCode> drug_codes();     // sorted by rxcui
std::span<const DrugName> drug_names();     // sorted by name

}  // namespace bhi::care
