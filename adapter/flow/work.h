// Second step: one lane's pending items become care entities, intents and outcomes, in one transaction.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/engine.h"
#include "flow/fill_in.h"
#include "flow/ports.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct WorkSummary {
  std::size_t done = 0;
  std::size_t left = 0;
  std::size_t quarantined = 0;
  std::vector<std::string> wanted;  // canonical urls of forms that items now wait for
  std::vector<Missing> missing;     // what maps looked for and did not find; fill_in() asks for it
  std::size_t released = 0;         // outbox items that waited for a consent of these patients
  bool urgent = false;              // a safety intent was queued
};

// Which source's intents go where, and whether anything may be written there at all.
struct Destinations {
  // Sources that take write-back; intents of a patient go to the source the patient came from, if it is here.
  std::vector<std::string> writable;
  bool allows(std::string_view source) const;
};

// Works off up to `limit` pending items of the lane. A bad item is quarantined with its issues; its neighbours go on.
// Conflict (somebody changed the record meanwhile) is retried inside, a few times.
Result<WorkSummary> work_lane(const Engine& engine, Store& store, const Destinations& destinations,
                              std::string_view lane, std::size_t limit, Instant now);

}  // namespace bhi::flow
