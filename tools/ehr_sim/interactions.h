// The RESTful interactions on one resource, as functions over the versions. https://hl7.org/fhir/R4/http.html
// Each answers with a Response; what it refuses leaves everything as it was.
#pragma once

#include "ehr_sim/http_message.h"
#include "ehr_sim/profile.h"
#include "ehr_sim/versions.h"
#include "fhir/json.h"

#include <string>
#include <string_view>

namespace bhi::sim {

// The rules of one server; a profile of an EHR is a different set of these.
struct Rules {
  bool update_creates = true;  // PUT to an unknown id creates it
  Profile profile{};           // of one vendor's EHR; empty: an open server
};

enum class Return { Representation, Minimal, Outcome };

// What the request says besides the resource.
struct Asked {
  std::string_view base;
  Instant now{};
  Return preferred = Return::Representation;
  Manners manners{};
};

// "return=minimal" and the like (https://hl7.org/fhir/R4/http.html#ops).
Return preferred_return(std::string_view prefer_header);

Response read(const Versions& versions, std::string_view type, std::string_view id, std::string_view if_none_match);
Response read_version(const Versions& versions, std::string_view type, std::string_view id, std::string_view version);

// `if_none_exist` empty: always creates. `id` empty: the server gives one; a transaction gives the one it promised.
Response create(Versions& versions, std::string_view type, const fhir::Node& resource, std::string_view if_none_exist,
                const Asked& asked, std::string_view id = {});
Response update(Versions& versions, std::string_view type, std::string_view id, const fhir::Node& resource,
                std::string_view if_match, std::string_view if_none_match, const Rules& rules, const Asked& asked);
Response remove(Versions& versions, std::string_view type, std::string_view id, std::string_view if_match,
                const Asked& asked);

// The answer to a write that made, or a condition that found, this version.
Response written(const Version& version, int status, const Asked& asked);

// A resource of the expected type in a body; the error says what is wrong with it.
Result<fhir::DocumentPtr> read_resource(std::string body, std::string_view type);

}  // namespace bhi::sim
