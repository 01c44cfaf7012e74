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

// The value of its identifier in this system; empty when it has none.
std::string value_in(const fhir::Node& resource, std::string_view system);

// With our identifier besides those it has. Where R4 allows one only (QuestionnaireResponse), a foreign one stays
// alone.
fhir::Node with_identifier(const fhir::Node& resource, std::string_view system, std::string_view value, Arena& arena);

// Without a narrative that was generated from content that has changed: stale words are worse than none, and a server
// may generate new ones. A narrative with a text of its own stays. https://hl7.org/fhir/R4/narrative.html
fhir::Node without_stale_narrative(const fhir::Node& resource, Arena& arena);

// With the meta of another resource, or with none: which version there a picture of ours belongs to.
fhir::Node with_meta_of(const fhir::Node& resource, const fhir::Node& other, Arena& arena);

// Is the copy from before `held` was there? By meta.lastUpdated; where that is the same or missing by version, if those
// are numbers. False when nothing tells. A copy may be taken in late: after we have read, merged and written a newer
// version.
bool is_older(const ResourceCopy& copy, const fhir::Node& held);

// What `resource` says of the elements that `like` has: their members and list elements, and no others.
fhir::Node projection(const fhir::Node& resource, const fhir::Node& like, Arena& arena);

// Element paths of what we wrote that the EHR does not hold; equal numbers with other digits are the same.
std::vector<std::string> not_kept(const fhir::Node& written, const fhir::Node& held);

ResourceCopy copy_of(const fhir::Node& resource, std::string_view source);

}  // namespace bhi::flow
