// What an entry of the practice must state, beyond its shape.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "care/model_practice.h"

#include <string_view>

namespace bhi::flow {

// `practice`: as it will be with the entry in it. Paths are "Kind/id.element" in the words of the logical model.
Issues check_entry(const care::Practice& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::TeamMember& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::TrainingRecord& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::CommunityPartner& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::CrisisProtocol& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::Baseline& entry, const care::PracticeRecord& practice, Instant now);
Issues check_entry(const care::Feedback& entry, const care::PracticeRecord& practice, Instant now);

// Letters, digits, '-', '.', '_', at most 64 (FHIR's id and '_'): what may stand in an address as it is.
bool is_entry_id(std::string_view id);

}  // namespace bhi::flow
