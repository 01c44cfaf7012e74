// Splitting a received document into resources: a single resource, a Bundle of any type, or NDJSON.
// https://hl7.org/fhir/R4/bundle.html#references
#pragma once

#include "base/arena.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/json.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {

// A literal reference taken apart. https://hl7.org/fhir/R4/references.html#literal
struct Reference {
  std::string base;     // "https://ehr.example/fhir", empty when relative
  std::string type;     // "Patient"
  std::string id;
  std::string version;  // of ".../_history/3"
  std::string contained;  // "p1" of "#p1"
};

// Empty when the text is no literal reference in RESTful form (a urn, a conditional "Practitioner?identifier=..", a canonical).
std::optional<Reference> parse_reference(std::string_view text);

// Is it a FHIR id that may stand in a URL we build? [A-Za-z0-9\-.]{1,64}, and neither "." nor "..".
bool is_safe_id(std::string_view text);

struct Entry {
  Node resource;        // in the given arena; urn:uuid references to other entries are rewritten to Type/id
  std::string full_url; // may be empty
  std::string path;     // for issues: "Bundle.entry[3]"
  bool deleted = false; // request.method DELETE, or a history entry without resource
  bool outcome = false; // search.mode = outcome
};

struct Entries {
  std::vector<Entry> entries;
  Issues issues;  // entries that could not be taken, each with its path
};

// A resource without an id, in a Bundle, gets the uuid of its fullUrl ("urn:uuid:X") as its id. Nested Bundles are refused.
// Error kind Incorrect: no resourceType, unknown resourceType.
Result<Entries> split(const Node& document, Arena& arena);

// "Patient/123" of the patient that a resource is about (its compartment): Patient itself, subject, patient, beneficiary,
// individual, for. Empty when it names none that is a literal reference to a Patient.
std::string patient_reference(const Node& resource);

}  // namespace bhi::fhir
