// Last step: an outbox item goes to the EHR, at least once, with a repeat changing nothing there.
//
// Everything carries identifier (system of the engine, value "<artifact>/<care id>"). A create is conditional where the
// EHR can do that and is preceded by a search where its outcome may be unknown; an update states the version it saw and
// changes only what we changed (flow/merge.h). A concurrent edit of the same element is parked, never overwritten.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/json.h"
#include "flow/engine.h"
#include "flow/guard.h"
#include "flow/ports.h"
#include "flow/terms.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// A request as it would be sent. Several for one artifact: a screening of the BHI side is a QuestionnaireResponse and
// an Observation derived from it.
struct WriteRequest {
  std::string artifact;  // screening-result | questionnaire-response | care-plan | safety
  std::string rung;      // "Observation create", "CarePlan update", ...
  std::string method;    // POST | PUT
  std::string url;       // relative to the base: "Observation", "CarePlan/12"
  std::string if_none_exist;
  std::string if_match;
  std::string body;  // JSON
};

// What would be written for a care entity (its logical-model JSON), with nothing known of the EHR: used by `bhi map`
// and dry runs. `verdict`: of the consent guard on this entity; null: judged with no consent known, for a practice that
// has said nothing of itself. What it holds back gives no write. `lineages`, when given, gets one for each write, in
// their order.
Result<std::vector<WriteRequest>> plan_writes(const Engine& engine, std::string_view artifact, const fhir::Node& entity,
                                              const fhir::Node* patient, Instant now,
                                              std::vector<mapping::Lineage>* lineages = nullptr,
                                              const Verdict* verdict = nullptr);

std::chrono::milliseconds retry_delay(int attempts, std::string_view salt);

// Delivers one item and records what came of it. The item as settled.
Result<OutboxItem> deliver(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                           OutboxItem item, Instant now, const Terms& terms = {});

// How many elements the EHR did not keep as they were written, by the reason of a settled item.
std::size_t paths_not_kept(const OutboxItem& settled);

}  // namespace bhi::flow
