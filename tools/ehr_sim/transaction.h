// Transaction and batch Bundles. https://hl7.org/fhir/R4/http.html#transaction
// A transaction happens whole or not at all; its entries may point at each other by fullUrl ("urn:uuid:...") and at
// what the server already holds by condition ("Practitioner?identifier=system|value"; kept as written when nothing
// matches).
#pragma once

#include "ehr_sim/http_message.h"
#include "ehr_sim/interactions.h"
#include "ehr_sim/versions.h"
#include "fhir/node.h"

#include <functional>

namespace bhi::sim {

enum class Resources { LeftOut, Included };  // in the answering Bundle; searches and reads are always included

using Handle = std::function<Response(const Request&)>;

// `get` answers the reads and searches of the Bundle from the versions as the transaction leaves them.
Response run_transaction(Versions& versions, const fhir::Node& bundle, const Rules& rules, const Asked& asked,
                         Resources resources, const Handle& get);

// Each entry on its own, as if it had come alone.
Response run_batch(const fhir::Node& bundle, std::string_view base, Resources resources, const Manners& manners,
                   const Handle& handle);

}  // namespace bhi::sim
