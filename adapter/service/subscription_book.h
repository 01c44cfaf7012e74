// What the notifications of each subscription have told so far: shared by those who take them in, many at a time, and
// the one thread that sees to the subscription. Everything that an answer 2xx promises is in the store; this is its
// picture in memory.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/hook.h"
#include "flow/notification.h"
#include "flow/numbering.h"
#include "flow/ports.h"
#include "service/settings.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

// Types of records that a subscription tells of.
std::vector<std::string> types_of(const SubscriptionSettings& settings);

class Subscribed {
 public:
  // Both are lent and outlive it.
  Subscribed(const SourceSettings& source, const SubscriptionSettings& settings);

  const SourceSettings& source() const { return source_; }
  const SubscriptionSettings& settings() const { return settings_; }
  const std::vector<std::string>& bases() const { return bases_; }
  const std::vector<std::string>& types() const { return types_; }
  flow::HookSettings hook(bool believed) const;

  // At the start: what the store knows.
  Result<void> remember(flow::Store& store);

  // Of several replicas one sees to the subscription, and all take notifications in. Those who do not: the picture is
  // made anew from the store; what is taken in only goes there.
  Result<void> watch(flow::Store& store);
  // The one who does, at first after watch(): records to be fetched that others were told of.
  Result<void> attend(flow::Store& store);

  // ---- those who take notifications in

  // Is it for us? Of the subscription's id, once it is known, and of the topic. Error Forbidden.
  Result<void> check(const flow::Notification& notification) const;

  struct Taken {
    std::size_t records = 0, stored = 0, unchanged = 0, to_fetch = 0;
    bool repeated = false;
    bool wants_work = false;  // the thread that sees to it should look
  };
  // Durable when it returns: records, names of records to be fetched, the numbers. `body` may be null.
  Result<Taken> take(flow::Store& store, const fhir::Node* body, const flow::Notification& notification, bool believed,
                     Instant now);

  // ---- the one who sees to it

  struct Look {  // everything at one moment
    flow::NumberState numbers;
    std::vector<flow::ToFetch> fetch;  // at most the number asked for
    std::size_t fetch_total = 0;
    bool hint = false;
    bool trouble = false;  // the EHR says that the subscription is in error or off
    bool greeted = false;  // a handshake has come
    std::optional<Instant> heard;
  };
  Look look(std::size_t most_to_fetch) const;
  // Changes the numbers and makes that durable. `change` may run several times.
  Result<void> renumber(flow::Store& store, const std::function<flow::NumberState(flow::NumberState)>& change);
  // Told again from now on when it is named again.
  void fetching(const flow::ToFetch& one);
  void fetched(const flow::ToFetch& one, const std::optional<flow::ToFetch>& again);
  bool take_hint();
  void forget_trouble();
  void hear(Instant now);

  void set_id(const std::string& id);
  std::string id() const;

 private:
  struct Waiting {
    flow::ToFetch what;
    bool under_way = false;
  };
  flow::Cursor numbers_cursor(const flow::NumberState& numbers) const;
  bool is_noted(const flow::ToFetch& one) const;

  const SourceSettings& source_;
  const SubscriptionSettings& settings_;
  const std::vector<std::string> types_;
  std::vector<std::string> bases_;
  mutable std::mutex mutex_;  // guards what follows
  std::string id_;
  flow::NumberState numbers_;
  std::map<std::string, Waiting> fetch_;  // by the name of the cursor
  std::multimap<flow::RecordName, std::string> by_record_;
  std::deque<std::string> recent_;  // keys of notifications, oldest first
  std::set<std::string, std::less<>> recent_set_;
  std::uint64_t serial_ = 0;
  std::optional<Instant> heard_;
  bool hint_ = false, trouble_ = false, greeted_ = false;
  bool attended_ = true;
};

class SubscriptionBook {
 public:
  explicit SubscriptionBook(const Settings& settings);  // lent
  Result<void> remember(flow::Store& store);
  Subscribed* find(std::string_view name) const;
  std::vector<Subscribed*> of(std::string_view source) const;

 private:
  std::vector<std::unique_ptr<Subscribed>> all_;
};

}  // namespace bhi::service
