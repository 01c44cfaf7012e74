// Does what stands in the database fit together? For `bhi store check`, while daemons run.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"

namespace bhi::store::postgres {

// Marks and what they stand for: lanes and turns, texts and their users, events and their numbers. Who calls it holds a
// transaction open, so that all is of one moment. Error Fault names the table and how many rows, never a value.
Result<void> verify_marks(Connection& connection);

}  // namespace bhi::store::postgres
