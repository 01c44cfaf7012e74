// The Subscription resource at the EHR: what we ask for, whether we got it, and what is to be done about it next.
// https://hl7.org/fhir/R4/subscription.html, https://hl7.org/fhir/uv/subscriptions-backport/components.html
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/node.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// What a notification shall hold of the records that changed.
enum class PayloadContent { Empty, IdOnly, Full };
std::string_view name(PayloadContent content);

struct SubscriptionWish {
  bool by_topic = false;  // Backport; else R4's own
  std::string criteria;   // R4: a search; by topic: a filter, may be empty
  std::string topic;      // canonical
  PayloadContent payload = PayloadContent::IdOnly;
  std::string endpoint;     // our address
  std::string header;       // "Name: value" that shall come with each notification; empty: none
  std::string signing_key;  // for servers that are told in the resource what to sign with; empty: none
  int heartbeat_secs = 0;   // 0: none asked for
  std::string reason;       // for people there
};

// The resource in JSON. `id` empty: to be created.
std::string subscription_body(const SubscriptionWish& wish, std::string_view status, std::optional<Instant> end,
                              std::string_view id);

// The same for the same wish: whether the EHR has heard our last words.
std::string wish_mark(const SubscriptionWish& wish);

// "url=<our address>", encoded.
std::string twin_query(const SubscriptionWish& wish);

struct SubscriptionAtEhr {
  std::string id;
  std::string version;
  std::string status;  // requested | active | error | off
  std::optional<Instant> end;
  bool says_error = false;                 // a text stands in its element `error`
  std::vector<std::string> differences{};  // elements that are other than asked for; not headers, which may be hidden
};

// Error Incorrect: no Subscription, no id.
Result<SubscriptionAtEhr> subscription_from(const fhir::Node& resource, const SubscriptionWish& wish);

// Is it for the same endpoint and the same criteria or topic?
bool is_twin(const fhir::Node& resource, const SubscriptionWish& wish);

// The end to ask for next, when the present one comes closer than a third of the life asked for; empty: not yet.
// `life` zero: no end is asked for.
std::optional<Instant> renewal(std::optional<Instant> end, std::chrono::hours life, Instant now);

}  // namespace bhi::flow
