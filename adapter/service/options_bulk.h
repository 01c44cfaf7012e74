// The rows of the table of options that are about Bulk Data (options.h).
#pragma once

#include "service/options.h"

#include <vector>

namespace bhi::service {

std::vector<Option> bulk_options();

}  // namespace bhi::service
