// The keys under which the store is sealed, from their files.
#pragma once

#include "base/result.h"
#include "store/seal.h"

#include <string>
#include <vector>

namespace bhi::service {

// In the order of the files: the first seals, all open. Error Incorrect or Unavailable names the file, never a key. A
// file that a service manager hands over ($CREDENTIALS_DIRECTORY) is one like any other.
Result<std::vector<store::SealKey>> read_store_keys(const std::vector<std::string>& files);

}  // namespace bhi::service
