// The first start: a store is made beside its place, with its tables, and comes there whole. So it takes two syncs
// (the file, its folder) and not one for each step, and a start that is cut short leaves no half store behind.
#pragma once

#include "base/result.h"

#include <chrono>
#include <string>

namespace bhi::store {

// Nothing when something of a store lies at `path` already. The caller holds its lock file. Errors: as of open_sqlite;
// nothing was made then, but perhaps a `path`.new that the next attempt replaces.
Result<void> make_new_store(const std::string& path, std::chrono::milliseconds busy_timeout);

}  // namespace bhi::store
