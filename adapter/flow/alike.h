// Is a resource at an EHR the one that we wrote, told by what it says alone? For EHRs that cannot search by identifier,
// or do not keep ours. One table by type (alike.cpp): which search narrows the question, which elements answer it.
#pragma once

#include "fhir/node.h"
#include "flow/ports.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

enum class Likeness : std::uint8_t {
  Other,     // it says something else
  Alike,     // the same patient, code, time and value, as far as ours has them
  Doubtful,  // nothing speaks against it, and not enough for it: an element is missing, a time is coarser or a few
             // hours off, it was taken back
};

// Values are compared, not their texts: the same instant in another zone, 9 and 9.0, any coding in common. What ours
// does not say is not asked. Both are of the same type.
Likeness likeness(const fhir::Node& ours, const fhir::Node& theirs);

// Searches that would find it, the narrowest first, then the patient's resources of this type; as queries, encoded.
// Only declared parameters are used; empty: the type is not in the table, or not searchable by patient. `patient`:
// "Patient/1".
std::vector<std::string> searches_for(const fhir::Node& ours, std::string_view patient,
                                      const TypeCapability& capability);

}  // namespace bhi::flow
