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
  std::string base;  // "https://ehr.example/fhir", empty when relative
  std::string type;  // "Patient"
  std::string id;
  std::string version;    // of ".../_history/3"
  std::string contained;  // "p1" of "#p1"
};

// Empty when the text is no literal reference in RESTful form (a urn, a conditional "Practitioner?identifier=..", a
// canonical).
std::optional<Reference> parse_reference(std::string_view text);

// Is it a FHIR id that may stand in a URL we build? [A-Za-z0-9\-.]{1,64}, and neither "." nor "..".
bool is_safe_id(std::string_view text);

struct Entry {
  Node resource;  // shares what did not change with the document, the rest lies in the given arena; null when deleted
  std::string full_url;  // may be empty; of a deleted entry without one its request.url
  std::string path;      // for issues: "Bundle.entry[3]"
  bool deleted = false;  // request.method DELETE, or a history entry with neither resource nor another method
  bool outcome = false;  // search.mode = outcome
};

struct Entries {
  std::vector<Entry> entries;
  Issues issues;  // entries that could not be taken, each with its path
};

// A resource without an id, in a Bundle, gets the id that its fullUrl says: X of "urn:uuid:X" or "urn:oid:X", the last
// segment of a URL. `reference`s of the form urn:uuid:X or urn:oid:X to another entry become Type/id, wherever they
// stand. An entry that cannot be taken is an issue and leaves the others alone: no resource, unknown resourceType, a
// resource of R5 (release.h), an id that is not safe, a Bundle in the Bundle, a fullUrl that another entry has, a
// resource that a transaction has twice. At most 1000 are listed. Error kind Incorrect: the document itself has no
// resourceType, or an unknown one; Unsupported: it is a resource of R5.
//
// `left_out`: what the reader of the document had to leave out (xml.h); told in the place of what is wrong with the
// empty object that it left.
Result<Entries> split(const Node& document, Arena& arena, const Issues& left_out = {});

struct Lines {
  std::vector<DocumentPtr> documents;
  Issues issues;  // lines that could not be read; the path is "line 3"
};

// NDJSON: one document a line; empty lines are nothing. A broken line leaves the others alone.
Lines read_ndjson(std::string_view text, const ReadLimits& limits = {});

// "Patient/123" of the patient that a resource is about (its compartment): Patient itself, subject, patient,
// beneficiary, individual, for, and of an Appointment the participant. Empty when it names none, or several, by literal
// references to a Patient. An absolute reference counts when it is into `own_base`, or, when that is empty, whatever
// its server: give it wherever a resource may speak of a patient of another server.
std::string patient_reference(const Node& resource, std::string_view own_base = {});

}  // namespace bhi::fhir
