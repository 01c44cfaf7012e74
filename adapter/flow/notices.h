// The texts that travel with Part 2 data, on the resource they travel with: as extensions everywhere, and as a note
// where a person reads notes. https://www.ecfr.gov/current/title-42/part-2/section-2.32
#pragma once

#include "base/arena.h"
#include "fhir/node.h"
#include "flow/guard.h"

#include <string_view>

namespace bhi::flow {

inline constexpr std::string_view kRedisclosureNotice =
    "http://bhi-adapter.org/fhir/StructureDefinition/redisclosure-notice";
inline constexpr std::string_view kConsentScope = "http://bhi-adapter.org/fhir/StructureDefinition/consent-scope";

// As it was when there is nothing to be said.
fhir::Node with_notices(const fhir::Node& resource, const Notices& notices, Arena& arena);

}  // namespace bhi::flow
