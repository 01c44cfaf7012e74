// Units of the Unified Code for Units of Measure, as far as clinical quantities need them. https://ucum.org/ucum
// A unit is read into a factor and powers of base units; units of the same powers convert into each other exactly.
// Units that only compare with themselves (arbitrary units as [iU]) are base units of their own. Temperatures in Cel
// and [degF] have an offset to K and stand alone, never in a product. Units with a logarithm ([pH], B) equal themselves
// only.
#pragma once

#include "fhir/decimal.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bhi::fhirpath {

struct Unit {
  // m s g K cd C rad mol, then iU, other counts: see ucum.cpp. Calendar months (year, month) are a base of their own.
  static constexpr std::size_t kBases = 11;

  fhir::Decimal numerator{1};  // the factor as a fraction, so that 1/60 stays exact
  fhir::Decimal denominator{1};
  std::array<std::int8_t, kBases> powers{};
  fhir::Decimal offset{0};  // a value in base units is (value + offset) * numerator / denominator

  bool converts_to(const Unit& other) const { return powers == other.powers; }
};

// "mg/dL", "10*3/uL", "{score}", "1". Empty: not a unit we know.
std::optional<Unit> parse_ucum(std::string_view text);
// "year", "days", ...: weeks and shorter are definite durations, years and months count calendar months.
std::optional<Unit> calendar_unit(std::string_view word);

}  // namespace bhi::fhirpath
