// The rows of the table of options that are about confidentiality (options.h), and what they come to for one EHR.
#pragma once

#include "service/options.h"

#include <vector>

namespace bhi::service {

std::vector<Option> privacy_options();

// When everything is read: for each source what the consent guard goes by there (SourceSettings::privacy).
void settle_privacy(Settings& settings);

}  // namespace bhi::service
