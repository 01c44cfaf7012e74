// A dry run: what delivering an item would put on the wire, request by request, with nothing sent and nothing kept.
//
// It is the delivery itself (deliver.h) over a store that forgets what it is told and an EHR that is really read, but
// whose writes are noted and answered as if all went well; a file for the outbox folder is a request `FILE`. Ids that
// the EHR would give read "new-1", "new-2".
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/deliver.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/terms.h"

#include <string>
#include <vector>

namespace bhi::flow {

struct Preview {
  OutboxItem item;                     // as it would be settled, were every request accepted
  std::vector<WriteRequest> requests;  // in their order
  std::vector<AuditEntry> reads;       // of the EHR, which did happen: whoever previews records them
};

Result<Preview> preview(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                        const OutboxItem& item, Instant now, const Terms& terms = {});

inline constexpr std::string_view kDryRun = "dry-run";  // OutboxItem::trouble

// Delivers as a dry run: with something to send the item is parked, trouble `dry-run`, "dry run: POST Observation, PUT
// CarePlan/12"; else it is settled as deliver() would, but never as verified. The item as settled.
Result<OutboxItem> rehearse(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                            const OutboxItem& item, Instant now, const Terms& terms = {});

// "POST Observation, PUT CarePlan/12"; empty for none.
std::string requests_line(const std::vector<WriteRequest>& requests);

}  // namespace bhi::flow
