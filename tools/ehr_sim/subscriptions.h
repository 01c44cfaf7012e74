// Subscriptions that really notify: R4's own (criteria) and topic-based ones of the Backport guide. What was written is
// matched, numbered and sent by one thread; what goes wrong on the way is said by switches.
//
//   POST /_sim/subscriptions   sets switches (only those that are named); GET shows them, and every subscription:
//     numbering        "monotonic" | "per-notification"
//     form             "Parameters" | "SubscriptionStatus": what stands first in a notification
//     bundle_type      "history" | "transaction"
//     batch            most events in a notification (1)
//     drop, double     share of notifications that are lost, or come twice: 0 to 1
//     shuffle          share that comes after others that were told later
//     late_ms          how long every notification waits
//     stay_requested   a subscription waits to be told that it is active (as Medplum's do)
//     wrong_signature  signatures and secrets are wrong
//     hub_secret       notifications are signed with it: X-Hub-Signature
//     cut_header       what stands behind the second colon of a header is lost (as at Medplum)
//     notices          "hapi" | "medplum": how R4 hooks tell of deletions
//     seed             of the shares' chances
//   and does at once:
//     restart          the counts of all subscriptions begin anew
//     error            all subscriptions are in error, and say so
//     forge            so many notifications without a secret to every endpoint
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/simulator.h"
#include "ehr_sim/subscription_bundle.h"
#include "ehr_sim/versions.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace bhi::sim {

// A notification on its way out.
struct Outgoing {
  std::string method = "POST";
  std::string url;
  Headers headers;
  std::string body;
};
// Status of the answer; 0: none.
using Send = std::function<int(const Outgoing&)>;

struct SubscriptionSwitches {
  bool per_notification = false, status_form = false, transaction = false;
  bool stay_requested = false, wrong_signature = false, cut_header = false, medplum_notices = false;
  std::string hub_secret;
  std::size_t batch = 1;
  double drop = 0, doubled = 0, shuffle = 0;
  std::int64_t late_ms = 0;
  unsigned seed = 1;
};

class Subscriptions {
 public:
  // The simulator is lent. `base`: of this server, as it names its own records.
  Subscriptions(Simulator& simulator, Send send) : simulator_(simulator), send_(std::move(send)) {}
  void set_base(std::string base);

  // New versions, from inside a write: only noted.
  void saw(std::span<const VersionPtr> versions);
  // Matches what was noted and sends what is due. One thread.
  void step(Instant now);

  // $status and $events of a Subscription; empty when the request is for something else.
  std::optional<Response> operation(const Request& request, Instant now);
  Response show() const;
  Response change(const Request& request, Instant now);
  void forget();  // a reset

 private:
  struct One {
    std::string id;
    bool by_topic = false, full = false, empty = false, signs = false;
    std::string endpoint, criteria, topic, status, key;
    Headers headers;
    std::int64_t heartbeat_ms = 0, count = 0;
    std::vector<SubscriptionEvent> events;
    std::vector<SubscriptionEvent> unsent;
    Instant spoke{};
    std::optional<Instant> end;
    std::size_t sent = 0, refused = 0, lost = 0;
  };
  struct Waiting {
    Instant due{};
    std::string id;
    Outgoing what;
    int tries = 0;
    bool is_handshake = false;
  };

  void take(const VersionPtr& version, Instant now);
  void read(const VersionPtr& version, Instant now);
  bool matches(const One& one, const VersionPtr& version, Instant now);
  void notify(One& one, Instant now);
  void queue(One& one, Outgoing what, Instant now, bool is_handshake = false);
  void set_status(const std::string& id, std::string_view status, Instant now);
  Outgoing hook(const One& one, const VersionPtr& version) const;
  Outgoing signed_for(const One& one, Outgoing what) const;
  std::string bundle(const One& one, std::string_view type, std::span<const SubscriptionEvent> events, bool full,
                     Instant now) const;
  bool chance(double share);

  Simulator& simulator_;
  const Send send_;
  mutable std::mutex mutex_;  // guards what follows; never held while sending or asking the simulator
  std::string base_;
  std::deque<VersionPtr> seen_;
  std::map<std::string, One> all_;
  std::vector<Waiting> waiting_;
  std::size_t in_hand_ = 0;  // of a step under way
  SubscriptionSwitches switches_;
  std::mt19937 random_{1};
};

}  // namespace bhi::sim
