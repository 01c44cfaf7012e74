// What a map looked for and did not find: fetched by its reference, and whoever needed it is read again.
// Forms that responses wait for are fetch_form (poll.h).
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"

#include <compare>
#include <set>
#include <string>
#include <string_view>

namespace bhi::flow {

struct Missing {
  std::string reference;  // "Medication/7", of the source itself
  std::string wanted_by;  // "MedicationRequest/9"; empty: nobody has to be read again when it arrives (a Patient)
  auto operator<=>(const Missing&) const = default;
};

// People, places, medicines, problems and goals: what others refer to. Records of care come by themselves, or are not
// for us.
bool is_filled_in(std::string_view type);

enum class Filled {
  Now,     // it is at hand, and those who wanted it are pending again
  Absent,  // the EHR does not have it (404, 410), does not show it (403), or answered with something else
};

// The answer goes through the inbox like anything received. Asked for only when it is not at hand; in the base URL
// only, since a reference holds no address. Errors: those of the Ehr and of the Store; to be asked again later.
Result<Filled> fill_in(Store& store, Ehr& ehr, std::string_view source, std::string_view reference,
                       const std::set<std::string>& wanted_by, Instant now);

}  // namespace bhi::flow
