// Where a write came from, as a FHIR Provenance: at the EHR, where it takes one, and for whoever asks us.
//
// One for each version of a resource that we wrote, never more (a version that was overtaken before it was told of has
// none): which were told is kept (cursors of "provenance"), and
// a create whose answer was lost is looked up by its target before it is repeated. Whatever happens here changes
// nothing of the write.
#pragma once

#include "base/result.h"
#include "flow/engine.h"
#include "flow/ports.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bhi::flow {

// A version of a resource that an item of the outbox put there.
struct WrittenVersion {
  std::string artifact;
  std::string type;
  std::string id;
  std::string version;   // empty: the EHR gives none
  bool created = false;  // else changed

  std::string name() const { return type + "/" + id; }
  std::string reference() const { return name() + (version.empty() ? "" : "/_history/" + version); }
};

// What the ledger holds of a verified item; none when the EHR has moved on since, or it is not verified.
Result<std::vector<WrittenVersion>> versions_written(Store& store, const OutboxItem& item);

// JSON of the Provenance of one of them.
Result<std::string> provenance_of(const Engine& engine, Store& store, const OutboxItem& item,
                                  const WrittenVersion& written, Instant now);

// A collection Bundle of all of an item; without entries when nothing of it is known to be there.
Result<std::string> provenances_of(const Engine& engine, Store& store, const OutboxItem& item, Instant now);

// What became of the Provenances of one item.
struct ProvenanceOutcome {
  enum class What {
    Done,     // told, told before, not taken by this EHR, or nothing to tell
    Later,    // the EHR could not be asked; `reason`
    GivenUp,  // it refuses, or whether it has one cannot be found out; `reason`
  };
  What what = What::Done;
  std::size_t written = 0;
  std::string reason;
};

// Does the EHR take them at all?
bool takes_provenance(const Capabilities& capabilities);

// Errors: of the store, of a map.
Result<ProvenanceOutcome> write_provenance(const Engine& engine, Store& store, Ehr& ehr,
                                           const Capabilities& capabilities, const OutboxItem& item, Instant now);

}  // namespace bhi::flow
