// The row of the table of options that is about Provenance of writes (options.h).
#pragma once

#include "service/options.h"

#include <vector>

namespace bhi::service {

std::vector<Option> provenance_options();

}  // namespace bhi::service
