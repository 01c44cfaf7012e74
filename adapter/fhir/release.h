// Releases of FHIR. R4 (4.0) and R4B (4.3) are read. R5 is told by what only R5 has, and refused: what it moved
// (MedicationRequest.medication, Encounter.actualPeriod) would be lost without a word if it were read as R4.
// https://hl7.org/fhir/R4B/diff.html, https://hl7.org/fhir/R5/diff.html
#pragma once

#include "base/issue.h"
#include "fhir/node.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhir {

// Resource types that R4B added: taken and kept, but no table of ours says what their elements are.
bool is_r4b_type(std::string_view name);

// Resource types that came with R5.
bool is_r5_type(std::string_view name);

// Of a fhirVersion, as media types and CapabilityStatements have it: "4.0", "4.3.0".
bool is_read_release(std::string_view version);

// The first thing in a resource or in what it contains that shows it to be R5: the place, code not-supported, and what
// gave it away. Nothing: it may well be R4. Marks are types that only R5 has, elements that R4 has under another name
// or as another type, a base profile of 5.0 and a fhirVersion. A profile's own version says nothing: the version of US
// Core that is called 5.0.1 is written for R4.
std::optional<Issue> r5_mark(const Node& resource, const std::string& path);

// The same of a document; of a Bundle the entries count, too.
std::optional<Issue> r5_mark(const Node& document);

// Has R5, and not R4, an element of this name directly inside the type? For readers that know no more than names.
bool is_r5_element(std::string_view type, std::string_view element);

}  // namespace bhi::fhir
