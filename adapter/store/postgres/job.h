// One call of flow::Store that writes, cut into the steps in which it travels. Jobs of several callers take each step
// together. What a job demands of the rows it writes stands in its SQL as guards (pipeline.h), so that everything, with
// COMMIT, goes out in one round trip; a second one comes before it when somebody must read before it decides.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/lease_book.h"
#include "store/postgres/pipeline.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bhi::store::postgres {

// What is added behind the end of the event feed and of the audit trail, once everything else is written.
struct Additions {
  std::vector<flow::Event> events;  // seq is given then
  std::vector<flow::AuditEntry> audit;
};

// What a job touches, for whoever asks whether it may (fence.h).
enum class Act { Accept, Commit, MarkSent, Settle, Other };
struct Touched {
  Act act = Act::Other;
  std::vector<std::string> lanes;         // of the inbox (accept) or of the outbox (commit)
  std::vector<std::int64_t> inbox_rows;   // whose outcome it notes
  std::vector<std::int64_t> outbox_rows;  // that it marks or settles
  std::vector<LeaseMark> leases{};        // under which the calling thread works (Fence::sign)
};

// May be run again from the start when the transaction could not be kept; nothing of the former run counts then.
class Job {
 public:
  virtual ~Job() = default;

  // What it reads before it decides, or changes by a statement shared with others. Of two jobs that share one, the
  // later waits for the next transaction: it would decide by what the earlier one is about to change.
  virtual std::vector<std::string> decides_by() const { return {}; }

  // A round trip of its own, left out when nobody has anything to ask. Rows it decides by are to be locked.
  virtual void ask(Pipeline&) {}
  // The round trip that ends with COMMIT. A guard that fails undoes the transaction.
  virtual void write(Pipeline&) {}
  // The same for several jobs of one Act, this one the first of them: what can be said once for all is.
  virtual void write_all(Pipeline& line, std::span<Job* const> alike);
  // It was kept: what the answers tell.
  virtual void hear(const Pipeline&) {}

  // A guard failed and the transaction is undone: reads what may have been the reason.
  virtual void look(Pipeline&) {}
  // None: nothing (any more) speaks against it; others were faster, and the same may succeed when run again.
  virtual std::optional<Error> verdict(const Pipeline&) const { return {}; }

  Additions additions;  // filled by write(); go into the same round trip
  Touched touched;      // filled by the constructor
};

inline void Job::write_all(Pipeline& line, std::span<Job* const> alike) {
  for (Job* job : alike) job->write(line);
}

}  // namespace bhi::store::postgres
