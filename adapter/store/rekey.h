// A store under another key, a first key, or none: every sealed text is written anew.
#pragma once

#include "base/result.h"
#include "store/seal.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <string>
#include <vector>

namespace bhi::store {

struct RekeyReport {
  std::size_t changed = 0;  // texts
  std::size_t fitting = 0;  // those that were as wished
};

// `keys`: the first seals, all open what is there; `plain`: all open, none seals. Nobody may have the store open. It
// may be stopped at any moment and run again. What was there before is overwritten in the file and its log, but not in
// older backups. Errors: Unavailable (in use, disk full), Incorrect (a key is missing), NotFound, Fault.
Result<RekeyReport> rekey_sqlite(const std::string& path, const std::vector<SealKey>& keys, bool plain);

// Can these keys read this store? Looks at the newest of each kind. Error Incorrect names the key that is missing.
Result<void> check_keys(Connection& connection, const Keyring& keys);

}  // namespace bhi::store
