// The ends of event feed and audit trail (table tail): what a transaction adds behind them. Numbers and the hash chain
// are made by the database, since only who holds the row knows where the ends are.
#pragma once

#include "store/postgres/job.h"
#include "store/postgres/pipeline.h"

#include <span>

namespace bhi::store::postgres {

// Takes the row of `tail` and adds the jobs' events and audit entries, in the jobs' order. To be the last before
// COMMIT: whoever has the row is the next to commit. Guarded: the row is there.
void add_to_tail(Pipeline& line, std::span<Job* const> jobs);

}  // namespace bhi::store::postgres
