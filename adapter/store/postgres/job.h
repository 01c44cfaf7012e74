// One call of flow::Store that writes, cut into the steps in which it travels: what it must know first, what it writes,
// and whether that did what it should. Jobs of several callers take each step together, so that a transaction costs two
// or three round trips however many they are.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/lease_book.h"
#include "store/postgres/pipeline.h"

#include <cstdint>
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

  // The resources whose rows it reads before it decides. Of two jobs that share one, the later waits for the next
  // transaction: it would decide by what the earlier one is about to change.
  virtual std::vector<std::string> decides_by() const { return {}; }

  // Round trip 1 (left out when nobody has anything to ask). Rows it decides by are to be locked.
  virtual void ask(Pipeline&) {}
  // Round trip 2. An error undoes this job alone.
  virtual Result<void> write(Pipeline&) { return {}; }
  // After it. An error undoes this job alone.
  virtual Result<void> check(const Pipeline&) { return {}; }

  bool raced = false;   // set by check() with its error: others were faster, the same may succeed when run again
  Additions additions;  // filled by write(); round trip 3, together with COMMIT
  Touched touched;      // filled by the constructor
};

}  // namespace bhi::store::postgres
