// What an EHR says when it calls by itself: that something has changed, which record, or the record. Read without
// believing any of it: who sent it is checked before, what it says of events is only a hint to fetch.
// R4: https://hl7.org/fhir/R4/subscription.html#2.46.7.1
// Backport: https://hl7.org/fhir/uv/subscriptions-backport/notifications.html
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/node.h"
#include "flow/numbering.h"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct RecordName {
  std::string type;
  std::string id;
  auto operator<=>(const RecordName&) const = default;
  std::string text() const { return type + "/" + id; }
};

struct Notification {
  enum class What {
    Hint,       // something has changed; nobody says what
    Resource,   // an R4 hook with a record as its body
    Handshake,  // is this address ours?
    Heartbeat,  // it still lives
    Events,
    Status,  // the answer to $status
  };
  What what = What::Hint;
  std::string subscription;       // reference as given: "Subscription/7"; empty when it names none
  std::string topic;              // canonical; empty when it names none
  std::string status;             // of the subscription: active, error, off, requested; empty when not said
  HeardNumbers numbers;           // counters in it
  std::vector<RecordName> named;  // records that it speaks of, each once
  std::vector<RecordName> gone;   // those of them that were deleted, as it says
  std::string key;                // the same for the same notification sent again; empty: cannot be told
  Issues issues;                  // what is odd but harmless
};

// A body: a notification Bundle (status first, as Parameters or SubscriptionStatus), or a single record. `bases`:
// addresses under which the EHR names its own records. Error Incorrect: says what was expected and where. A record of
// another server, or with an id that may not stand in an address, is such an error.
Result<Notification> read_notification(const fhir::Node& body, std::span<const std::string> bases);

// The answers to $status (a searchset with the status, or the status alone) and $events.
Result<Notification> read_status(const fhir::Node& answer, std::span<const std::string> bases);

// "Patient/7", or the same below one of the bases; empty for everything else.
std::optional<RecordName> record_name(std::string_view reference, std::span<const std::string> bases);

}  // namespace bhi::flow
