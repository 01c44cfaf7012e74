// What this server says of itself; printed from the tables that it works by, so it declares exactly what it does.
// https://hl7.org/fhir/R4/capabilitystatement.html
#pragma once

#include "base/instant.h"
#include "ehr_sim/interactions.h"

#include <string>
#include <string_view>

namespace bhi::sim {

std::string capability_statement(std::string_view base, const Rules& rules, Instant started);

}  // namespace bhi::sim
