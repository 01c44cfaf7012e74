// Figures for Prometheus, from one table; names are bhi_<what>_<unit>_total. Safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bhi::service {

enum class Metric : std::uint8_t {
  ReceivedResources,
  StoredResources,
  UnchangedResources,
  DoneItems,
  LeftItems,
  QuarantinedItems,
  DroppedFiles,
  DropWaiting,
  IdentityLinks,
  IdentityReviews,
  HttpRequests,
  HttpSeconds,
  Deliveries,
  PlanChanges,
  NoWay,
  DeliveryStopped,
  NotKept,
  Polls,
  PollLag,
  Staleness,
  Circuit,
  MinuteCalls,
  BulkExports,
  BulkPhase,
  CommitSeconds,
  InboxItems,
  InboxOldest,
  LanesPending,
  MapsLoaded,
  MapsReloaded,
  MapsRejected,
  OutboxItems,
  StoreBytes,
  PartitionsHeld,
  Replicas,
  OnCallNotices,
  OnCallEvents,
  StartTime,
  Notifications,
  SubscriptionActive,
  SubscriptionMissing,
  SubscriptionToFetch,
  SubscriptionRecoveries,
};

struct MetricInfo {
  enum class Form : std::uint8_t { Counter, Gauge, Histogram };
  Metric metric;
  Form form;
  std::string name;
  std::string help;
  std::vector<std::string> labels;
};

const std::vector<MetricInfo>& metric_table();

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // Labels in the order of the table. Values must be few and never of a patient.
  using Labels = std::vector<std::string>;
  void count(Metric metric, std::size_t by = 1, const Labels& labels = {});
  void set(Metric metric, double value, const Labels& labels = {});
  void observe(Metric metric, std::chrono::microseconds took, const Labels& labels = {});

  // Text exposition format 0.0.4.
  std::string text() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bhi::service
