// Does an entry of the team name what there is? Members and their roles, partners, and what of the patient it is about.
#pragma once

#include "base/issue.h"
#include "care/model.h"
#include "care/model_practice.h"

namespace bhi::flow {

// Nothing of the practice is asked for before it has entered members (of partners: a partner).
Issues check_names(const care::Entity& entry, const care::Record& record, const care::PracticeRecord& practice);

}  // namespace bhi::flow
