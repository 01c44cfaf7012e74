// Does an entry of the team name what there is? Members and their roles, partners, and what of the patient it is about.
#pragma once

#include "base/issue.h"
#include "care/model.h"
#include "care/model_practice.h"

namespace bhi::flow {

// No member is asked for before the practice has entered its profile and a member; no partner before it has one.
Issues check_names(const care::Entity& entry, const care::Record& record, const care::PracticeRecord& practice);

}  // namespace bhi::flow
