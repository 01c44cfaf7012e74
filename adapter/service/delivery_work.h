// Outbox to one EHR: one thread looks what is due, two send, each several items at once (base/fibers.h), one item per
// patient at a time, urgent ones first. Every destination has its own threads, so that one that does not answer holds
// up no other.
#pragma once

#include "flow/outbox_acts.h"
#include "flow/preview.h"
#include "flow/terms.h"
#include "service/board.h"
#include "service/clock_step.h"
#include "service/common.h"
#include "service/delays.h"
#include "service/ehr_link.h"
#include "service/lane_watch.h"
#include "service/provenance_work.h"
#include "service/write_plan_watch.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

namespace bhi::service {

// What the site agreed on for writing to this source.
flow::Terms terms_of(const SourceSettings& source);

class DeliveryWork {
 public:
  // `stuck`: an urgent item was parked or is dead; its care id.
  // `provenance`: is told of each item before it is delivered; null: nobody.
  DeliveryWork(const Common& common, EhrLink& link, std::function<void(std::string_view)> stuck = {},
               ProvenanceWork* provenance = nullptr)
      : common_(common), link_(link), stuck_(std::move(stuck)), provenance_(provenance) {}

  void wake() { bell_.ring(); }
  void dispatch(std::stop_token stop);
  void work(std::stop_token stop, std::size_t at_once);

  const std::string& destination() const { return link_.settings().name; }
  std::string plan_status() const { return plans_.status(); }
  // The plan is made anew soon, by what the EHR says now.
  void plan_anew();
  // What delivering it would send. Errors: Busy while the EHR is left alone, those of the EHR and the store.
  Result<flow::Preview> preview(const flow::OutboxItem& item);
  // A person decides between two edits. Errors: those of flow::resolve_conflict.
  Result<flow::OutboxItem> resolve(const flow::OutboxItem& item, flow::Keep keep, std::string_view by);

 private:
  void look();
  void take_up_stranded();
  void recheck();
  bool paused_now() const;
  Result<flow::OutboxItem> deliver(flow::Ehr& ehr, const flow::Capabilities& capabilities, const flow::OutboxItem& item,
                                   Instant now, const flow::Terms& terms);
  void send(const std::string& key, const flow::OutboxItem& item);

  const Common& common_;
  EhrLink& link_;
  const flow::Terms terms_ = terms_of(link_.settings());
  WritePlanWatch plans_{common_, link_};
  std::function<void(std::string_view)> stuck_;
  ProvenanceWork* provenance_;
  Board<flow::OutboxItem> board_;
  Bell bell_;
  Delays delays_{std::chrono::seconds(5), std::chrono::seconds(300)};
  StateLine line_;
  Delays::Clock::time_point next_recheck_{};
  Delays::Clock::time_point next_plan_{};
  std::mutex mutex_;
  std::set<std::int64_t> stranded_;  // guarded by mutex_
  ClockStep step_;                   // of the dispatching thread
  LaneWatch watch_{common_, link_.settings().name};
};

// Says in the log what a dry run has left parked at destinations that are written to in earnest now: it goes out only
// when a person releases it. Number of items.
Result<std::size_t> tell_of_rehearsed(const Common& common, const Settings& settings);

// Items for destinations that may not be written to (any more) are parked: at start, before anything is sent.
Result<std::size_t> park_strays(const Common& common);

}  // namespace bhi::service
