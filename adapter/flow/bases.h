// The bases of a three-way merge with a resource at an EHR (flow/merge.h).
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/result.h"
#include "care/model.h"
#include "fhir/node.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/write_plan.h"

namespace bhi::flow {

struct Bases {
  fhir::Node before;  // our rendering when both were last in step
  fhir::Node held;    // the EHR's resource then
};

// From the ledger. A plan that was only read so far has no rendering of ours: it is what our maps make of it, in and
// out. `theirs` stands in where the ledger kept nothing. Everything lies in `arena`. Errors: Incorrect (what the EHR
// held cannot be read), those of the store.
Result<Bases> bases_of(const Engine& engine, Store& store, const Artifact& artifact, const Ledger& ledger,
                       const WriteContext& context, const fhir::Node& ours, const fhir::Node& theirs, Instant now,
                       Arena& arena);

// A plan of the EHR as the maps read it, under its care id. Errors: Incorrect.
Result<care::CarePlan> plan_read(const Engine& engine, Store& store, const Ledger& ledger, const fhir::Node& held,
                                 Instant now, Arena& arena);

}  // namespace bhi::flow
