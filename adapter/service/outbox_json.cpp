#include "service/outbox_json.h"

namespace bhi::service {

JsonObject outbox_row(const flow::OutboxItem& item) {
  JsonObject row;
  row.number("seq", item.seq)
      .text("destination", item.destination)
      .text("patient", item.patient)
      .text("artifact", item.artifact)
      .text("care_id", item.care_id)
      .number("care_version", item.care_version)
      .flag("urgent", item.urgent)
      .text("state", flow::name(item.state))
      .number("attempts", item.attempts)
      .text("created", to_text(item.created))
      .text_if("rung", item.rung)
      .text_if("trouble", item.trouble)
      .text_if("reason", item.reason);
  const bool waits = item.state == flow::OutboxState::RetryAt || item.state == flow::OutboxState::Unknown;
  if (waits && item.not_before != Instant{}) row.text("not_before", to_text(item.not_before));
  if (!item.emergency.empty()) row.flag("emergency", true);
  return row;
}

}  // namespace bhi::service
