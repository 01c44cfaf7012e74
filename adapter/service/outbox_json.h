// An outbox item as the API shows it: ids and reasons, nothing of a patient's.
#pragma once

#include "flow/ports.h"
#include "service/json_text.h"

namespace bhi::service {

JsonObject outbox_row(const flow::OutboxItem& item);

}  // namespace bhi::service
