// What both drivers decide alike: is a received resource news, and which lane does a delivery take. Pure.
#pragma once

#include "flow/ports.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

// What decides whether a received resource is news.
struct Held {
  std::string version;
  std::string updated;
  std::string hash;
  bool deleted = false;
  std::optional<std::int64_t> own_body;  // a text that only the copy uses; it goes when the copy is replaced
};

// Is `copy` from before what we hold? By meta.lastUpdated; false when either has none.
bool is_older(const flow::ResourceCopy& copy, const Held& held);
// Same content, or both deleted.
bool is_same(const flow::ResourceCopy& copy, const Held& held);

// What becomes of a received resource, given the copy at hand (none: nothing held).
enum class Take { Unchanged, Renew, Queue, QueueAndReplace };
//   same content as the copy at hand   Unchanged; a newer version of it still renews the copy
//   older than the copy at hand        queued, the copy stays
//   replay                             always queued; it is no news from the EHR, so a copy at hand stays
//   anything else                      queued, becomes the copy
// Older versions leave no copy to compare a repeat with; those of one batch are therefore remembered by its OlderOnes.
class OlderOnes {
 public:
  bool has(const flow::ResourceCopy& copy) const;
  void add(const flow::ResourceCopy& copy) { taken_.push_back(&copy); }  // lent

 private:
  std::vector<const flow::ResourceCopy*> taken_;
};
Take take_of(const flow::InboxItem& item, const std::optional<Held>& held, OlderOnes& older_ones);

// The lane of an item is (destination, patient). An urgent item has a lane of its own, shared only with earlier
// versions of the same entity: (destination, patient, artifact, care id).
std::string lane_of(const flow::OutboxItem& item);

// Of a ledger that was made from another row than stands there by now.
Error written_meanwhile(const flow::Ledger& entry);

Severity severity_from(std::string_view text);

// What the texts that tell of people are sealed as (seal.h).
inline constexpr std::string_view kBodyText = "body.text", kCareBody = "care.body", kLedgerHeld = "ledger.held",
                                  kLedgerRendered = "ledger.rendered", kOutboxSent = "outbox.sent";

}  // namespace bhi::store
