// Where an EHR gives tokens, and what it says of how: its SMART configuration, else its CapabilityStatement.
// https://hl7.org/fhir/smart-app-launch/conformance.html
#pragma once

#include "base/result.h"
#include "ehr/http.h"
#include "fhir/json.h"

#include <string>
#include <vector>

namespace bhi::ehr {

struct SmartConfiguration {
  std::string token_endpoint;
  bool v1 = false, v2 = false;            // forms of scopes declared (permission-v1, permission-v2)
  std::vector<std::string> auth_methods;  // "private_key_jwt", ...; empty: not said
  std::vector<std::string> algorithms;    // "RS384", "ES384"; empty: not said
  std::string said_by;                    // the document that it stands in, for people
};

// Errors: Incorrect (not such a document, or no token endpoint in it).
Result<SmartConfiguration> smart_configuration_from(const fhir::Node& document);
Result<SmartConfiguration> oauth_uris_from(const fhir::Node& statement);

// Asks without any token. The CapabilityStatement is asked only when there is no usable SMART configuration.
// Errors: Unavailable (the EHR does not answer), Unsupported (neither names a token endpoint).
Result<SmartConfiguration> discover(Http& http, const fhir::ReadLimits& limits);

}  // namespace bhi::ehr
