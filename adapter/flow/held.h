// Looking at and preparing a resource as an EHR holds it: whose identifier, which version, what it kept of ours.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"
#include "flow/ports.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

std::string_view version_of(const fhir::Node& resource);  // meta.versionId, may be empty

bool carries_identifier(const fhir::Node& resource, std::string_view system, std::string_view value);

// With our identifier besides those it has. Where R4 allows one only (QuestionnaireResponse), a foreign one stays
// alone.
fhir::Node with_identifier(const fhir::Node& resource, std::string_view system, std::string_view value, Arena& arena);

// Without a narrative that was generated from content that has changed: stale words are worse than none, and a server
// may generate new ones. A narrative with a text of its own stays. https://hl7.org/fhir/R4/narrative.html
fhir::Node without_stale_narrative(const fhir::Node& resource, Arena& arena);

// Only those members of `resource` that `like` has too.
fhir::Node projection(const fhir::Node& resource, const fhir::Node& like, Arena& arena);

// Element paths of what we wrote that the EHR does not hold; equal numbers with other digits are the same.
std::vector<std::string> not_kept(const fhir::Node& written, const fhir::Node& held);

ResourceCopy copy_of(const fhir::Node& resource, std::string_view source);

}  // namespace bhi::flow
