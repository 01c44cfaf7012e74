// A CapabilityStatement, as far as it decides what we ask of an EHR. https://hl7.org/fhir/R4/capabilitystatement.html
#pragma once

#include "base/result.h"
#include "fhir/node.h"
#include "flow/ports.h"

namespace bhi::ehr {

// Only what is declared counts; of several `rest` entries the one of mode "server" is read. Search parameters declared
// for all types stand in the list of every type. Errors: Incorrect (no CapabilityStatement; says what was found),
// Unsupported (a fhirVersion that is neither 4.0.x nor 4.3.x).
Result<flow::Capabilities> capabilities_from(const fhir::Node& statement);

}  // namespace bhi::ehr
