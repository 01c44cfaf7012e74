// What a site agreed on for writing to one EHR: the ways it wishes, and what confidentiality asks.
#pragma once

#include "flow/ladder.h"
#include "flow/privacy.h"

namespace bhi::flow {

struct Terms {
  WritingWishes writing{};
  Privacy privacy{};
};

}  // namespace bhi::flow
