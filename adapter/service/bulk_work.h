// Loads one EHR by Bulk Data export, instead of or before polling. One thread per source that asks for it.
//
// The rule: with `first-load` the types wait for one export, then polling goes on behind it; where the EHR will not
// export, polling loads as it always does. With `only` they are never polled. What the export does not bring (types
// beside it, forms that responses wait for) is polled in any case.
#pragma once

#include "flow/bulk.h"
#include "service/board.h"
#include "service/common.h"
#include "service/ehr_link.h"

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

namespace bhi::service {

class BulkWork {
 public:
  // `wake_lanes`: something new was stored.
  BulkWork(const Common& common, EhrLink& link, const LimitSettings& limits, std::function<void()> wake_lanes);

  void run(std::stop_token stop);  // body of its thread

  // Why a type is not polled at the moment; empty: it is.
  struct Held {
    std::string reason;
    std::optional<Instant> known_until{};  // nothing older is missing
  };
  std::optional<Held> held(std::string_view type) const;

  void report(Metrics& metrics) const;
  // The state of the export as a JSON object.
  std::string status() const;

 private:
  enum class Left { Ended, ToAnother };  // for good, or for now: another replica loads, or we are stopping
  Result<Left> work(std::stop_token stop);
  void look(const flow::BulkJob& job);
  bool ended(const flow::BulkNews& news, const flow::BulkJob& job);
  void release(const std::string& reason);

  const Common& common_;
  EhrLink& link_;
  const flow::BulkSettings settings_;
  const std::set<std::string, std::less<>> types_;
  std::function<void()> wake_lanes_;
  StateLine line_;
  Bell bell_;
  mutable std::mutex mutex_;  // guards what follows
  flow::BulkJob job_;
  std::string state_ = "starting";
  std::string problem_;
  bool released_ = false;
  std::uint64_t counted_seen_ = 0, counted_stored_ = 0;
};

}  // namespace bhi::service
