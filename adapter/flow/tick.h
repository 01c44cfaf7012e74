// Time passes: what the rules ask for because a day has come, though nobody sent anything (week 8 without improvement,
// a scale that is due again). The same act as a change, with no change in it.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/work.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace bhi::flow {

// One patient, one transaction; nothing is written when nothing changed. True when something did. Conflict (somebody
// changed the record meanwhile) is retried inside, a few times.
Result<bool> tick_patient(const Engine& engine, Store& store, const Destinations& destinations,
                          std::string_view patient, Instant now);

struct TickPage {
  std::size_t patients = 0;
  std::size_t changed = 0;
  std::size_t failed = 0;    // left for the next round; the others went on
  std::string first_reason;  // of the first that failed, without patient data
  std::string next;          // care id to continue after; empty at the end
};

// The next `limit` patients behind the care id `after` ("": from the beginning). Error: they could not be listed.
Result<TickPage> tick_page(const Engine& engine, Store& store, const Destinations& destinations, std::string_view after,
                           std::size_t limit, Instant now);

}  // namespace bhi::flow
