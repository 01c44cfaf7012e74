// What no rung of the EHR takes: a file that a person files by hand, and the word that it was.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "flow/terms.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::flow {

// "<destination>-<artifact>-<hash of the care id>-v<version>.json": tells nobody's name.
std::string name_of(const OutboxFile& file);

// Artifact of the ledger under which it stands that one was filed: "care-plan-file".
std::string file_artifact(std::string_view artifact);

// A person says that the file of this item was filed: the item is Verified, and the ledger knows the version.
// Errors: NotFound (no such item), Conflict (it does not wait for that).
Result<OutboxItem> mark_filed(Store& store, std::int64_t seq, std::string_view by, Instant now);

}  // namespace bhi::flow
