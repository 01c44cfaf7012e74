// References among the resources of an export: by fullUrl where the other is there, else by identifier, never into the
// void. Inside of `flow` only; see fhir_export.h.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace bhi::flow {

// Value of our identifier ("contact/c1") -> fullUrl.
using Links = std::map<std::string, std::string, std::less<>>;

// "urn:uuid:..." (version 8, RFC 9562) made of a digest of the parts: always the same for the same parts.
std::string urn_of(std::initializer_list<std::string_view> parts);

// A copy of the resource in which
//   a Reference by our identifier (`own_system`) to a resource of `links` also has its fullUrl as `reference`;
//   a literal reference to anything else ("Goal/1") is an identifier in the system "urn:bhi-adapter:source:<source>".
// Contained ("#a") and urn references stay. https://hl7.org/fhir/R4/references.html#logical
fhir::Node link(const fhir::Node& resource, const Links& links, std::string_view source, std::string_view own_system,
                Arena& arena);

}  // namespace bhi::flow
