// What an EHR holds of an entity, by whatever rung it came there: rows of the ledger, and what they say in words.
#pragma once

#include "base/result.h"
#include "flow/ladder.h"
#include "flow/ports.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// Of one artifact; of one that is a resource for each part of a plan, those of all parts. Only what has an id there.
Result<std::vector<Ledger>> ledgers_of(Store& store, std::string_view destination, const Artifact& artifact,
                                       std::string_view care_id);

// Of all artifacts of an outbox artifact's ladder, itself first.
Result<std::vector<Ledger>> ledgers_of(Store& store, std::string_view destination, std::string_view artifact,
                                       std::string_view care_id);

// Every text in what we wrote there, and in its readable pages. Empty for notices: they were told, and do not stand.
Result<std::vector<std::string>> texts_of(const Ledger& ledger);

}  // namespace bhi::flow
