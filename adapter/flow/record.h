// A patient's record out of the store and back into it: the frame of every act that changes care.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "care/apply.h"
#include "flow/ports.h"
#include "flow/work.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace bhi::flow {

struct LoadedRecord {
  care::Record record;
  std::map<std::pair<std::string, std::string>, std::int64_t> versions;  // (kind, id) -> stored version

  std::int64_t version_of(std::string_view kind, std::string_view id) const;  // 0: not stored
};

Result<LoadedRecord> load_record(Store& store, std::string_view patient);

// Id and patient of any entity.
std::string_view id_of(const care::Entity& entity);
std::string_view patient_of(const care::Entity& entity);

// Puts what `applied` touched and wants into the transaction: entities with the versions they replace, outbox rows for
// the destinations that allow it. `fallback_source`: where the patient came from when the record has no Patient.
void add_applied(Worked& worked, const care::Applied& applied, const LoadedRecord& before,
                 const Destinations& destinations, std::string_view fallback_source, Instant now);

}  // namespace bhi::flow
