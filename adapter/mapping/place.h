// Where a part of a map was written.
#pragma once

#include "fhirpath/lexer.h"

namespace bhi::mapping {

// Where a part of a map stands. It is no part of what the map says: places never make maps differ.
struct Place : fhirpath::Position {
  Place() = default;
  Place(const fhirpath::Position& at) : Position(at) {}
  bool operator==(const Place&) const { return true; }
};

}  // namespace bhi::mapping
