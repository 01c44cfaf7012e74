// Which of two versions is the later one, when the server's times say otherwise: the clocks of its nodes disagree, or
// its clock was set back. An edit must not be taken for an old version because of that.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <vector>

namespace bhi::flow {

// For answers of a search. An item that differs from the copy at hand and carries an earlier time is looked at: a
// higher version number is later; of other versions the EHR itself is asked, and what it shows now is later. Such an
// item gets the time of the copy and a millisecond, so that everybody behind takes it for the newer one; its body stays
// as it came. Errors: those of the Store, and of the Ehr but for a record that cannot be read (NotFound, Forbidden).
Result<void> settle_order(Store& store, Ehr& ehr, std::vector<InboxItem>& items);

}  // namespace bhi::flow
