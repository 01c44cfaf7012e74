// A notification as the Backport guide has it: a Bundle with the status first, as Parameters (R4) or SubscriptionStatus
// (R4B, R5). https://hl7.org/fhir/uv/subscriptions-backport/notifications.html
#pragma once

#include "base/instant.h"
#include "ehr_sim/versions.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bhi::sim {

struct SubscriptionEvent {
  std::int64_t number = 0;  // from the start of the subscription
  Instant at{};
  VersionPtr version;
};

enum class EventContent { Empty, IdOnly, Full };

struct NotificationWords {
  std::string base;          // of this server
  std::string subscription;  // id
  std::string topic, status;
  std::string type;  // handshake, heartbeat, event-notification, query-status, query-event
  std::int64_t count = 0;
  EventContent content = EventContent::IdOnly;
  bool status_form = false;       // SubscriptionStatus instead of Parameters
  bool per_notification = false;  // events are counted anew in each
  bool transaction = false;       // Bundle.type, as HAPI has been seen to send
};

std::string notification_bundle(const NotificationWords& words, std::span<const SubscriptionEvent> events, Instant now);

}  // namespace bhi::sim
