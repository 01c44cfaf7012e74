// One subscription of a source: what we ask the EHR to tell us of by itself, and how we know that it is the EHR who
// tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bhi::service {

enum class SubscriptionKind : std::uint8_t {
  R4,        // https://hl7.org/fhir/R4/subscription.html: criteria are a search
  Backport,  // https://hl7.org/fhir/uv/subscriptions-backport: a topic, status bundles, numbered events
};

enum class PayloadWish : std::uint8_t { Empty, IdOnly, Full };

// Where a sender shows that it knows the secret.
enum class SecretPlace : std::uint8_t {
  Header,        // a header field that holds it; we say which in the Subscription
  HubSignature,  // X-Hub-Signature: sha256=HMAC of the body in hex (athenahealth)
  Signature,     // X-Signature: HMAC of the body in hex (Medplum)
};

enum class NumberingWish : std::uint8_t {
  Monotonic,        // events are counted from the start of the subscription: a gap is a loss
  PerNotification,  // the counter means nothing beyond its notification
};

struct SubscriptionSettings {
  std::string name;  // last segment of its address here
  SubscriptionKind kind = SubscriptionKind::R4;
  std::string criteria;            // r4: "QuestionnaireResponse?status=completed"; backport: the filter, may be empty
  std::string topic;               // backport: canonical
  std::vector<std::string> types;  // backport: what the topic tells of; r4: the type of the criteria
  PayloadWish payload = PayloadWish::IdOnly;
  std::string secret_file;
  SecretPlace secret_place = SecretPlace::Header;
  std::string header;  // of SecretPlace::Header
  NumberingWish numbering = NumberingWish::Monotonic;
  bool manage = true;        // made, renewed and repaired by us; else somebody else does
  std::string id;            // at the EHR, when somebody else made it
  int heartbeat_secs = 0;    // backport: how often the EHR is asked to say that it lives; 0: not at all
  int grace_secs = 0;        // how long something may be late before it counts as lost
  int lifetime_hours = 0;    // asked for at creation and renewal; 0: no end
  int calls_per_minute = 0;  // most requests to the EHR that notifications of this one may cause
};

}  // namespace bhi::service
