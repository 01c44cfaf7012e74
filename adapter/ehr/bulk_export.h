// Bulk Data over HTTP: kick-off, status, manifest, files, deletion (flow/bulk_port.h).
// https://hl7.org/fhir/uv/bulkdata/export.html
//
// A token goes to the EHR's own origin only, and only when the manifest asks for it. Files of other origins are fetched
// when the configuration names them, without a token; a redirect is followed without one. Files are unpacked on the
// way, whether they say so in Content-Encoding or are simply gzip.
#pragma once

#include "ehr/http.h"
#include "fhir/json.h"
#include "flow/bulk_port.h"

#include <functional>
#include <memory>

namespace bhi::ehr {

// Sends with budget, pauses and token as every other request of this EHR.
using SendRequest = std::function<Result<Response>(Request& request)>;

// `http` is lent and outlives it.
std::unique_ptr<flow::BulkExport> make_bulk_export(const Http& http, const fhir::ReadLimits& limits, SendRequest send);

}  // namespace bhi::ehr
