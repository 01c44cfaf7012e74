// Names of elements, interned: equal names are one object, so a look-up compares pointers, not text.
// The table is filled with the names of R4 (and of our logical models and maps) and never shrinks; names that only a
// received document uses are kept by that document and never enter it, so nobody can fill our memory with made-up
// names.
#pragma once

#include <string_view>

namespace bhi::fhir {

struct Name {
  std::string_view text;
  const Name* companion = nullptr;  // of "birthDate": "_birthDate"; of "_birthDate": "birthDate"; else null
  bool interned = true;             // false: kept by one document, compare its text
};

// The interned name, made when it is new. For trusted sources only: the element table, profiles, maps, our own code.
// Safe from any thread. The reference stays good until the process ends.
const Name& intern(std::string_view text);

// The interned name, or null when nobody has interned it. Lock-free.
const Name* find_name(std::string_view text);

}  // namespace bhi::fhir
