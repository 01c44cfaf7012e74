// Whose records are of interest at one EHR.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// Ids at the EHR of all patients in the care model that came from it.
Result<std::vector<std::string>> known_patients(Store& store, std::string_view source);

// Members of a Group that are patients and not marked inactive. https://hl7.org/fhir/R4/group.html
// Errors: those of the read; Incorrect when the Group has no members listed.
Result<std::vector<std::string>> patients_of_group(Ehr& ehr, std::string_view group);

// The same, but only those with an episode in which they are on the caseload here (care/episode.h).
Result<std::vector<std::string>> enrolled_patients(Store& store, std::string_view source);

// "Patient?active=true": the patients found; "Condition?code=...": those whom the records found are about.
// Error Unavailable when not every page came: part of a cohort would be taken for the whole.
Result<std::vector<std::string>> patients_of_search(Ehr& ehr, std::string_view search, int page_size);

// The same patients, and those into whose record one of them was merged at the source: the list of a site knows the old
// id only. The old ones stay in it, so that a merge undone is seen.
Result<std::vector<std::string>> with_survivors(Store& store, std::string_view source,
                                                std::vector<std::string> patients);

// One id or "Patient/id" a line; blank lines and those that begin with '#' count for nothing. Error Incorrect: names
// the line, not its text.
Result<std::vector<std::string>> patients_of_list(std::string_view text);

}  // namespace bhi::flow
