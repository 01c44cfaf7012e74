// A store under another key, a first key, or none (../rekey.h), on PostgreSQL.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/rekey.h"
#include "store/seal.h"

namespace bhi::store::postgres {

// Can these keys read this store? Looks at one text of each kind. Error Incorrect names the key that is missing.
Result<void> check_keys(Connection& connection, const Keyring& keys);

// Every sealed text is written anew, a page in a transaction. Daemons may go on working when they know all keys, the
// new one first; it may be stopped at any moment and run again. The server keeps what was there before in its log and
// in free pages for a while.
Result<RekeyReport> rekey(Connection& connection, const Keyring& opens, const Keyring& seals);

}  // namespace bhi::store::postgres
